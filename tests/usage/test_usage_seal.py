"""Sealing: put-if-absent, whoever comes second; damage is found, told and kept aside."""

from __future__ import annotations

import errno
import logging
import os
from pathlib import Path

import pytest

from nbapimgr.usage import _seal
from nbapimgr.usage._arrow import COLUMNS
from nbapimgr.usage._journal import Folder, Name, Segment, encode
from nbapimgr.usage._row import Row
from nbapimgr.usage._seal import publish, read, remove_leftovers, seal

ROWS = [Row(event_id=bytes([n]) * 16, outcome="ok", input_tokens=n) for n in range(3)]


@pytest.fixture
def home(folder):
    return Folder(folder)


@pytest.fixture
def name(home):
    """A finished segment with three rows."""
    segment = Segment(home, 20_000, "w", 1)
    for row in ROWS:
        segment.append(encode(row))
    segment.close()
    return segment.name


def ids(home, name):
    table = read(home, name, ["event_id"])
    return None if table is None else table["event_id"].to_pylist()


def no_links(*_):
    raise OSError(errno.EPERM, "no hard links here")


def test_a_sealed_segment_is_parquet_under_its_own_name(home, name):
    seal(home, name)
    assert home.segments() == []
    assert home.parquet(name) == home.path / "v1" / "date=2024-10-04" / f"{name}.parquet"
    assert read(home, name, list(COLUMNS)).column_names == list(COLUMNS)
    assert ids(home, name) == [row.event_id for row in ROWS]
    assert list(home.sealed.glob(".*")) == []


def test_the_file_is_private_and_its_pages_have_checksums(home, name):
    from pyarrow import parquet as pq

    seal(home, name)
    path = home.parquet(name)
    assert path.stat().st_mode & 0o077 == 0
    with pq.ParquetFile(path) as file:
        column = file.metadata.row_group(0).column(COLUMNS.index("outcome"))
        assert column.compression == "ZSTD"
        assert "RLE_DICTIONARY" in column.encodings


def test_sealing_again_does_nothing(home, name):
    seal(home, name)
    before = home.parquet(name).read_bytes()
    seal(home, name)
    assert home.parquet(name).read_bytes() == before


def test_the_memory_of_a_sealed_table_is_given_back(home, name):
    given_back = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pyarrow.default_memory_pool", lambda: Pool(given_back))
        seal(home, name)
        seal(home, name)
    assert given_back == ["all that is unused"]


class Pool:
    """A memory pool that notes what it is told."""

    def __init__(self, told):
        self._told = told

    def release_unused(self):
        self._told.append("all that is unused")


def test_a_segment_without_rows_is_sealed_too(home):
    """Were it only removed, a late writer could not tell that its row is in no file."""
    segment = Segment(home, 20_000, "w", 1)
    segment.close()
    seal(home, segment.name)
    assert ids(home, segment.name) == []


def test_a_sealer_that_died_before_the_removal_is_finished_for(home, name):
    kept = home.segment(name).read_bytes()
    seal(home, name)
    home.segment(name).write_bytes(kept + encode(Row(event_id=b"z" * 16)))
    seal(home, name)
    assert home.segments() == []
    assert ids(home, name) == [row.event_id for row in ROWS]


@pytest.mark.parametrize("link", [os.link, no_links])
def test_what_is_published_is_never_replaced(home, name, monkeypatch, link):
    """The race of a stopped sealer: it read before the last row came, and publishes afterwards."""
    monkeypatch.setattr(os, "link", link)
    stale = home.path / "stale"
    seal(home, name)
    stale.write_bytes(b"read too early")
    publish(stale, home.parquet(name))
    assert ids(home, name) == [row.event_id for row in ROWS]


def test_a_rename_would_have_replaced_it(home, name, monkeypatch):
    """The negative control of the test above."""
    seal(home, name)
    stale = home.path / "stale"
    stale.write_bytes(b"read too early")
    stale.replace(home.parquet(name))
    assert ids(home, name) is None


def test_without_hard_links_a_folder_is_published(home, name, monkeypatch):
    monkeypatch.setattr(os, "link", no_links)
    seal(home, name)
    assert (home.parquet(name) / "rows.parquet").is_file()
    assert home.parquets("") == [name]
    assert ids(home, name) == [row.event_id for row in ROWS]
    assert list(home.sealed.glob(".*")) == []


def test_the_second_folder_is_not_published(home, name, monkeypatch):
    monkeypatch.setattr(os, "link", no_links)
    seal(home, name)
    for _ in range(2):
        draft = home.sealed / ".other.draft"
        draft.write_bytes(b"other")
        publish(draft, home.parquet(name))
    assert ids(home, name) == [row.event_id for row in ROWS]
    assert list(home.sealed.glob(".*")) == []


def test_an_error_that_is_not_about_links_is_raised(home, name, monkeypatch):
    def fail(*_):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "link", fail)
    with pytest.raises(OSError, match="full"):
        seal(home, name)
    assert home.segments() == [name]
    assert list(home.sealed.glob(".*")) == []


def test_a_folder_that_cannot_be_published_is_an_error(home, name, monkeypatch):
    def fail(self, target):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "link", no_links)
    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OSError, match="full"):
        seal(home, name)
    assert home.segments() == [name]
    assert list(home.sealed.glob(".*")) == []


def test_a_file_system_that_opens_no_folders_is_no_obstacle(home, name, monkeypatch):
    opened = os.open

    def no_folders(path, flags, *args):
        if Path(path).is_dir():
            raise PermissionError(errno.EACCES, "a folder")
        return opened(path, flags, *args)

    monkeypatch.setattr(os, "open", no_folders)
    seal(home, name)
    assert ids(home, name) == [row.event_id for row in ROWS]


def test_damaged_lines_are_left_out_told_and_kept(home, name, caplog):
    path = home.segment(name)
    lines = path.read_bytes().split(b"\n")
    lines[1] = lines[1].replace(b"ok", b"ko")
    path.write_bytes(b"\n".join(lines))
    seal(home, name)
    assert ids(home, name) == [ROWS[0].event_id, ROWS[2].event_id]
    assert path.with_suffix(".damaged").read_bytes() == b"\n".join(lines)
    assert home.segments() == []
    assert "1 damaged lines" in caplog.text


def test_an_unfinished_last_line_is_no_damage(home, name, caplog):
    path = home.segment(name)
    path.write_bytes(path.read_bytes()[:-5])
    seal(home, name)
    assert ids(home, name) == [ROWS[0].event_id, ROWS[1].event_id]
    assert not caplog.records
    assert not path.with_suffix(".damaged").exists()


@pytest.mark.parametrize("place", [6, 200, -3, -500])
def test_a_damaged_file_is_set_aside_and_told_once(home, name, caplog, place):
    seal(home, name)
    path = home.parquet(name)
    content = bytearray(path.read_bytes())
    content[place] ^= 0xFF
    path.write_bytes(content)
    assert read(home, name, list(COLUMNS)) is None
    assert path.with_suffix(".corrupt").read_bytes() == content
    assert [r.levelno for r in caplog.records] == [logging.WARNING]
    assert read(home, name, list(COLUMNS)) is None
    assert len(caplog.records) == 1


def test_no_damaged_byte_gives_a_wrong_row(home, name):
    """Pages have checksums, the footer has none: what it says is held against the schema."""
    seal(home, name)
    path = home.parquet(name)
    content, truth = path.read_bytes(), read(home, name, list(COLUMNS))
    outcomes = set()
    for place in range(5, len(content), 83):
        broken = bytearray(content)
        broken[place] ^= 0xFF
        path.write_bytes(broken)
        table = read(home, name, list(COLUMNS))
        assert table is None or table.equals(truth)
        outcomes.add(table is None)
    assert outcomes == {True, False}


def test_a_cut_file_is_set_aside(home, name):
    seal(home, name)
    path = home.parquet(name)
    os.truncate(path, path.stat().st_size // 2)
    assert read(home, name, ["outcome"]) is None
    assert path.with_suffix(".corrupt").exists()


def test_a_failing_disk_is_not_taken_for_a_damaged_file(home, name, monkeypatch):
    from pyarrow import parquet as pq

    def fail(*_, **__):
        raise OSError(errno.EIO, "input/output error")

    seal(home, name)
    monkeypatch.setattr(pq, "ParquetFile", fail)
    with pytest.raises(OSError, match="input/output"):
        read(home, name, ["outcome"])
    assert home.parquet(name).exists()


def test_a_file_that_is_not_there_is_none(home):
    assert read(home, Name("2026-01-01", "w", 1), ["outcome"]) is None


def test_leftovers_of_yesterday_are_removed_those_of_now_are_not(home, monkeypatch):
    parcel = home.sealed / ".a.parcel"
    parcel.mkdir(parents=True)
    (parcel / "rows.parquet").touch()
    draft = home.sealed / ".b.draft"
    draft.touch()
    other = home.sealed / "date=2026-01-01"
    other.mkdir()
    remove_leftovers(home)
    assert draft.exists()
    assert parcel.exists()
    now = draft.stat().st_mtime
    monkeypatch.setattr(_seal.time, "time", lambda: now + 90_000)
    remove_leftovers(home)
    assert list(home.sealed.iterdir()) == [other]
