"""Files: on the disk when a function returns, never half there, never in place of another."""

from __future__ import annotations

import errno
import os
import stat
from types import SimpleNamespace

import pytest

from nbapimgr.errors import VaultError
from nbapimgr.vault import _disk


class Calls:
    """`os`, with each call noted, and some that fail."""

    def __init__(self, **wrong):
        self.made = []
        self._wrong = wrong

    def __getattr__(self, name):
        found = getattr(os, name)
        if name not in {"open", "write", "fsync", "replace", "link", "mkdir", "unlink", "read"}:
            return found

        def call(*args, **kwargs):
            self.made.append(name)
            wrong = self._wrong.get(name)
            if wrong is not None:
                return wrong(*args, **kwargs)
            return found(*args, **kwargs)

        return call


@pytest.fixture
def calls(monkeypatch):
    def with_these(**wrong):
        made = Calls(**wrong)
        monkeypatch.setattr(_disk, "os", made)
        return made

    return with_these


def failing(*errors):
    """A call that fails with these, one after the other; None lets it through."""
    left = list(errors)

    def call(*args, **kwargs):
        number = left.pop(0) if left else None
        if number is not None:
            raise OSError(number, os.strerror(number))
        return os.fsync(*args, **kwargs)

    return call


def refusing(number):
    def call(*_args, **_kwargs):
        raise OSError(number, os.strerror(number))

    return call


def test_a_new_file_is_its_owners_and_synced_before_it_is_read_back(tmp_path, calls):
    made = calls()
    before = os.umask(0o777)
    try:
        _disk.write_new(tmp_path / "f", b"data")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "f").stat().st_mode) == 0o600
    assert [c for c in made.made if c != "read"] == ["open", "write", "fsync", "open"]
    assert _disk.read(tmp_path / "f") == b"data"
    with pytest.raises(FileExistsError):
        _disk.write_new(tmp_path / "f", b"other")
    assert _disk.read(tmp_path / "f") == b"data"


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / "f").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        _disk.write_new(tmp_path / "f", b"data")
    assert not (tmp_path / "elsewhere").exists()


def test_what_is_written_piece_by_piece_arrives(tmp_path, calls):
    calls(write=lambda fd, data: os.write(fd, data[:3]))
    _disk.write_new(tmp_path / "f", b"0123456789")
    assert (tmp_path / "f").read_bytes() == b"0123456789"


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_part_of_a_file_never_stays(tmp_path, calls, call):
    calls(**{call: refusing(errno.ENOSPC)})
    with pytest.raises(OSError, match="No space"):
        _disk.draft_on_disk(tmp_path / "f", b"data")
    assert list(tmp_path.iterdir()) == []


def test_what_is_read_back_must_be_what_was_written(tmp_path, calls):
    calls(read=lambda fd, size: os.read(fd, size)[:-1])
    with pytest.raises(OSError, match="not what is read back"):
        _disk.draft_on_disk(tmp_path / "f", b"data")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_read_back_as_another_is_written_anew_once(tmp_path, calls):
    wrong = [b"other"]
    made = calls(read=lambda fd, size: wrong.pop() if wrong else os.read(fd, size))
    _disk.draft_on_disk(tmp_path / "f", b"data")
    assert made.made.count("write") == 2
    assert (tmp_path / "f").read_bytes() == b"data"


def test_a_file_that_could_not_be_synced_is_written_anew_once(tmp_path, calls):
    made = calls(fsync=failing(errno.EIO))
    _disk.draft_on_disk(tmp_path / "f", b"data")
    assert made.made.count("fsync") == 2
    assert made.made.count("unlink") == 1
    assert (tmp_path / "f").read_bytes() == b"data"
    calls(fsync=failing(errno.EIO, errno.EIO))
    with pytest.raises(OSError, match="Input/output"):
        _disk.draft_on_disk(tmp_path / "g", b"data")


def test_no_file_is_larger_than_a_vault(tmp_path, monkeypatch):
    monkeypatch.setattr(_disk, "_LARGEST", 10)
    (tmp_path / "f").write_bytes(b"0123456789")
    assert _disk.read(tmp_path / "f") == b"0123456789"
    (tmp_path / "f").write_bytes(b"0123456789x")
    with pytest.raises(VaultError, match="larger than a vault"):
        _disk.read(tmp_path / "f")


def test_a_name_is_taken_once(tmp_path):
    _disk.write_new(tmp_path / "one", b"one")
    _disk.write_new(tmp_path / "two", b"two")
    assert _disk.publish(tmp_path / "one", tmp_path / "name", b"one")
    assert not _disk.publish(tmp_path / "two", tmp_path / "name", b"two")
    assert (tmp_path / "name").read_bytes() == b"one"


def test_a_name_is_taken_once_without_hard_links_too(tmp_path, calls):
    calls(link=refusing(errno.EPERM))
    assert _disk.publish(tmp_path / "one", tmp_path / "name", b"one")
    assert not _disk.publish(tmp_path / "two", tmp_path / "name", b"two")
    assert (tmp_path / "name").read_bytes() == b"one"
    calls(link=refusing(errno.EIO))
    with pytest.raises(OSError, match="Input/output"):
        _disk.publish(tmp_path / "one", tmp_path / "other", b"one")


def test_a_rename_is_on_the_disk(tmp_path, calls):
    _disk.write_new(tmp_path / "one", b"one")
    made = calls()
    _disk.replace(tmp_path / "one", tmp_path / "two")
    assert made.made == ["replace", "open", "fsync"]


def test_windows_is_asked_again_while_somebody_reads(tmp_path, calls, monkeypatch):
    refusals = [True, True]
    slept = []
    monkeypatch.setattr(_disk, "time", SimpleNamespace(sleep=slept.append))

    def replace(one, two):
        if refusals:
            refusals.pop()
            raise PermissionError(errno.EACCES, "in use")
        return one.replace(two)

    _disk.write_new(tmp_path / "one", b"one")
    made = calls(replace=replace)
    with pytest.raises(PermissionError):
        _disk.replace(tmp_path / "one", tmp_path / "two")
    made.name = "nt"
    _disk.replace(tmp_path / "one", tmp_path / "two")
    assert len(slept) == 1
    refusals[:] = [True] * 9
    with pytest.raises(PermissionError):
        _disk.replace(tmp_path / "two", tmp_path / "three")
    assert slept[1:] == [0.02, 0.04, 0.08, 0.16]


def test_windows_does_not_open_folders(tmp_path, calls):
    made = calls(open=refusing(errno.EACCES))
    with pytest.raises(PermissionError):
        _disk.sync_folder(tmp_path)
    made.name = "nt"
    _disk.sync_folder(tmp_path)


def test_macos_is_asked_for_more_than_fsync(tmp_path, monkeypatch):
    asked = []
    system = SimpleNamespace(F_FULLFSYNC=51, fcntl=lambda _fd, what: asked.append(what))
    monkeypatch.setattr(_disk, "fcntl", system)
    _disk.write_new(tmp_path / "f", b"data")
    assert asked == [51]


def test_a_folder_is_its_owners(tmp_path):
    before = os.umask(0o777)
    try:
        _disk.make_folder(tmp_path / "a")
        _disk.make_folder(tmp_path / "a" / "b")
    finally:
        os.umask(before)
    _disk.make_folder(tmp_path / "a" / "b")
    for folder in (tmp_path / "a", tmp_path / "a" / "b"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_that_comes_at_the_same_time_is_as_good(tmp_path, calls):
    def mkdir(path, mode):
        path.mkdir(mode)
        raise FileExistsError

    calls(mkdir=mkdir)
    _disk.make_folder(tmp_path / "a")
    assert (tmp_path / "a").is_dir()


def test_what_cannot_be_used_is_set_aside_and_stays(tmp_path):
    for text in (b"one", b"two"):
        (tmp_path / "f").write_bytes(text)
        _disk.set_aside(tmp_path / "f")
    assert not (tmp_path / "f").exists()
    assert {p.read_bytes() for p in tmp_path.iterdir()} == {b"one", b"two"}


def test_a_system_without_fchmod_has_other_rights(tmp_path, monkeypatch):
    names = {name: getattr(os, name) for name in dir(os) if name != "fchmod"}
    monkeypatch.setattr(_disk, "os", SimpleNamespace(**names))
    _disk.make_folder(tmp_path / "a")
    _disk.write_new(tmp_path / "a" / "f", b"data")
    assert _disk.read(tmp_path / "a" / "f") == b"data"


def test_names_and_signatures(tmp_path):
    assert _disk.listed(tmp_path / "none") == []
    assert _disk.signature(tmp_path / "none") is None
    (tmp_path / "b").write_bytes(b"1")
    (tmp_path / "a").write_bytes(b"1")
    assert _disk.listed(tmp_path) == ["a", "b"]
    before = _disk.signature(tmp_path / "a")
    (tmp_path / "b").replace(tmp_path / "a")
    assert _disk.signature(tmp_path / "a") != before
    _disk.remove(tmp_path / "a")
    _disk.remove(tmp_path / "a")
    assert not _disk.exists(tmp_path / "a")
