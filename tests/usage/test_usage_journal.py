"""Lines and segments: what is written is read, what was not promised is left out."""

from __future__ import annotations

import errno
import os
import resource

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbapimgr.usage import _journal
from nbapimgr.usage._arrow import to_frame, to_table
from nbapimgr.usage._journal import Folder, Name, Segment, date_of, day_of, decode, encode
from nbapimgr.usage._row import Row

WORDS = st.none() | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
IDS = st.binary(min_size=16, max_size=16)
KINDS = {
    "_Id": IDS,
    "_Id | None": st.none() | IDS,
    "_Int8": st.integers(0, 127),
    "_Int16 | None": st.none() | st.integers(0, 2**15 - 1),
    "_Int32 | None": st.none() | st.integers(0, 2**31 - 1),
    "_Int64 | None": st.none() | st.integers(0, 2**63 - 1),
    "_Moment": st.integers(0, 253_402_300_799_000_000),
    "_Moment | None": st.none() | st.integers(0, 253_402_300_799_000_000),
    "bool": st.booleans(),
    "str": st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    "str | None": WORDS,
    "float | None": st.none() | st.floats(0, 1e12),
}
ROWS = st.builds(Row, **{name: KINDS[kind] for name, kind in Row.__annotations__.items()})


@settings(max_examples=50, deadline=None)
@given(st.lists(ROWS, max_size=4))
def test_rows_come_back_as_they_were(rows):
    assert decode(b"".join(map(encode, rows))) == (rows, 0)


@settings(max_examples=50, deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=3), st.data())
def test_a_cut_leaves_the_rows_before_it(rows, data):
    lines = [encode(row) for row in rows]
    whole = b"".join(lines)
    cut = data.draw(st.integers(0, len(whole)))
    kept = sum(len(b"".join(lines[: n + 1])) <= cut for n in range(len(lines)))
    assert decode(whole[:cut]) == (rows[:kept], 0)


@settings(max_examples=50, deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=3), st.data())
def test_a_flipped_bit_costs_the_lines_it_is_in_and_no_other(rows, data):
    lines = [encode(row) for row in rows]
    whole = bytearray(b"".join(lines))
    place = data.draw(st.integers(0, len(whole) - 1))
    hit = next(n for n in range(len(lines)) if place < len(b"".join(lines[: n + 1])))
    whole[place] ^= 1 << data.draw(st.integers(0, 7))
    found, _damaged = decode(bytes(whole))
    feed = lines[hit].endswith(b"\n") and place == len(b"".join(lines[: hit + 1])) - 1
    lost = {hit, hit + 1} if feed else {hit}
    assert found == [row for n, row in enumerate(rows) if n not in lost]


def test_a_line_without_its_line_feed_was_not_promised():
    assert decode(encode(Row(event_id=b"x" * 16))[:-1]) == ([], 0)


KEY = b'"event_id":"eHh4eHh4eHh4eHh4eHh4eA=="'


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[1]",
        b'{"event_id":5}',
        b'{"event_id":"eA=="}',
        b"\xff",
        b"{" + KEY + b',"attempt":128}',
        b"{" + KEY + b',"http_status":-1}',
        b"{" + KEY + b',"input_tokens":9223372036854775808}',
        b"{" + KEY + b',"recorded_at":1e300}',
    ],
)
def test_a_line_that_is_no_row_is_damage_even_with_the_right_checksum(body):
    line = b"%08x %b\n" % (_journal.zlib.crc32(body), body)
    assert decode(line) == ([], 1)


def test_a_column_of_a_later_version_is_no_damage():
    body = msgspec.json.encode({"event_id": b"x" * 16, "new": 1})
    assert decode(b"%08x %b\n" % (_journal.zlib.crc32(body), body))[0] == [Row(event_id=b"x" * 16)]


@settings(max_examples=30, deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=4))
def test_every_row_of_a_journal_has_a_place_in_parquet(rows):
    table = to_table(rows)
    assert table["event_id"].to_pylist() == [row.event_id for row in rows]
    assert table["input_tokens"].to_pylist() == [row.input_tokens for row in rows]
    assert table["tags"].to_pylist() == [row.tags for row in rows]
    assert len(to_frame(table)) == len(rows)


def test_days_are_days_in_utc():
    assert date_of(day_of(1_790_078_400.0)) == "2026-09-22"
    assert date_of(day_of(-1.0)) == "1969-12-31"


def test_a_name_is_read_as_it_is_written():
    name = Name("2026-09-22", "3fx00aa", 12)
    assert Name.parse(f"{name}.jsonl", ".jsonl") == name


@pytest.mark.parametrize(
    "file", ["2026-09-22-w-1.damaged", "2026-09-22-w-1", "x.jsonl", ".2026-09-22-w-1.jsonl"]
)
def test_other_files_are_not_ours(file):
    assert Name.parse(file, ".jsonl") is None


def test_a_folder_that_is_not_there_is_empty(tmp_path):
    assert Folder(tmp_path / "none").segments() == []
    assert Folder(tmp_path / "none").parquets("") == []


def test_sealed_segments_are_listed_newest_day_first(tmp_path):
    folder = Folder(tmp_path)
    names = [Name(date, "w", 1) for date in ("2026-01-01", "2026-01-03", "2026-01-02")]
    for name in names:
        folder.parquet(name).parent.mkdir(parents=True)
        folder.parquet(name).touch()
    folder.parquet(names[0]).with_suffix(".corrupt").touch()
    (folder.sealed / "stray").touch()
    dates = [name.date for name in folder.parquets("2026-01-02")]
    assert dates == ["2026-01-03", "2026-01-02"]


def fail(*_):
    raise OSError(errno.EIO, "input/output error")


@pytest.fixture
def segment(folder):
    opened = Segment(Folder(folder), 20_000, "w", 1)
    yield opened
    opened.close()


def lines_in(folder, segment):
    return Folder(folder).segment(segment.name).read_bytes()


def test_a_segment_is_private_and_has_its_lines(folder, segment):
    segment.append(b"one\n")
    segment.append(b"two\n")
    assert lines_in(folder, segment) == b"one\ntwo\n"
    assert Folder(folder).segment(segment.name).stat().st_mode & 0o077 == 0
    assert folder.stat().st_mode & 0o077 == 0


def test_a_segment_is_never_opened_twice(folder, segment):
    with pytest.raises(FileExistsError):
        Segment(Folder(folder), 20_000, "w", 1)


def test_a_full_disk_leaves_no_piece_of_a_line(folder, segment):
    """A real short write: the kernel takes ten bytes and no more."""
    segment.append(b"kept\n")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (15, before[1]))
    try:
        with pytest.raises(OSError, match="No space"):
            segment.append(b"does not fit in\n")
        with pytest.raises(OSError, match="No space"):
            segment.append(b"nor does this one\n")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert lines_in(folder, segment) == b"kept\n"
    assert segment.takes_more(20_000)
    segment.append(b"more\n")
    assert lines_in(folder, segment) == b"kept\nmore\n"


def test_a_piece_that_cannot_be_cut_off_ends_the_segment(folder, segment, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[:3]))
    monkeypatch.setattr(os, "ftruncate", fail)
    with pytest.raises(OSError, match="input/output"):
        segment.append(b"whole line\n")
    assert not segment.takes_more(20_000)
    assert decode(lines_in(folder, segment)) == ([], 0)


def test_a_segment_takes_the_rows_of_one_day(segment):
    assert segment.takes_more(20_000)
    assert not segment.takes_more(20_001)


def test_a_segment_takes_so_many_rows(segment, monkeypatch):
    monkeypatch.setattr(_journal, "_ROWS_A_SEGMENT", 2)
    segment.append(b"1\n")
    assert segment.takes_more(20_000)
    segment.append(b"2\n")
    assert not segment.takes_more(20_000)


def test_the_fence_falls_on_the_second_day(segment):
    assert segment.is_ours(20_001)
    assert not segment.is_ours(20_002)


def test_a_segment_that_was_removed_is_not_ours(folder, segment):
    Folder(folder).segment(segment.name).unlink()
    assert not segment.is_ours(20_000)


def test_rows_can_be_pressed_to_the_disk(segment, monkeypatch):
    seen = []
    monkeypatch.setattr(_journal, "_to_disk", seen.append)
    segment.to_disk()
    assert seen == [segment._fd]


def test_a_complaint_on_closing_loses_nothing(folder, segment, monkeypatch):
    segment.append(b"line\n")
    with monkeypatch.context() as patch:
        patch.setattr(os, "close", fail)
        segment.close()
    assert lines_in(folder, segment) == b"line\n"
