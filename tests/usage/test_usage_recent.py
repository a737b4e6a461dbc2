"""The newest rows, read from the journal alone."""

from __future__ import annotations

import subprocess
import sys

import pytest

from nbapimgr.usage import UsageStore, new_call_id


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data"


def record(folder, attempt, request_, clock, count=1, **changes):
    store = UsageStore(folder, clock=clock)
    for _ in range(count):
        store.record(new_call_id(clock()), request_, attempt(**changes))
    store.close()


def models(store, seconds=3600.0):
    return [row.request_model for row in store.recent(seconds)]


def named(candidate, model):
    import msgspec

    return msgspec.structs.replace(candidate, model=model)


@pytest.fixture(autouse=True)
def today(clock, monkeypatch):
    """Files are as old as the rows in them."""
    import os

    import nbapimgr.usage._journal as journal

    def write(fd, data):
        written = os_write(fd, data)
        os.utime(fd, (clock(), clock()))
        return written

    os_write = os.write
    monkeypatch.setattr(journal.os, "write", write)


def test_those_of_other_kernels_in_their_order(folder, attempt, request_, clock):
    who = attempt().candidate
    record(folder, attempt, request_, clock, candidate=named(who, "a"))
    clock.now += 10
    record(folder, attempt, request_, clock, candidate=named(who, "b"))
    assert models(UsageStore(folder, clock=clock)) == ["a", "b"]


def test_only_as_far_back_as_was_asked(folder, attempt, request_, clock):
    who = attempt().candidate
    record(folder, attempt, request_, clock, candidate=named(who, "a"))
    clock.now += 1000
    store = UsageStore(folder, clock=clock)
    store.record(new_call_id(clock()), request_, attempt(candidate=named(who, "b")))
    assert models(store, 999) == ["b"]
    assert models(store, 1000) == ["a", "b"]
    clock.now += 5000
    assert models(store) == []
    store.close()


def test_of_a_long_journal_the_end_is_read(folder, attempt, request_, clock):
    record(folder, attempt, request_, clock, count=300)
    found = UsageStore(folder, clock=clock).recent(3600)
    assert 20 < len(found) < 100


def test_of_many_journals_the_newest_are_read(folder, attempt, request_, clock):
    who = attempt().candidate
    for number in range(12):
        clock.now += 1
        record(folder, attempt, request_, clock, candidate=named(who, str(number)))
    assert models(UsageStore(folder, clock=clock)) == [str(n) for n in range(4, 12)]


def test_where_there_is_nothing_there_is_nothing(folder, clock):
    assert UsageStore(folder, clock=clock).recent(3600) == []
    assert not folder.exists()


def test_what_cannot_be_read_is_left_out(folder, attempt, request_, clock, monkeypatch):
    record(folder, attempt, request_, clock)
    [segment] = (folder / "journal").iterdir()
    monkeypatch.setattr("nbapimgr.usage._recent._TAIL", -1)
    monkeypatch.setattr(type(segment), "open", lambda *_: (_ for _ in ()).throw(OSError()))
    assert UsageStore(folder, clock=clock).recent(3600) == []
    monkeypatch.setattr(type(segment), "stat", lambda *_, **__: (_ for _ in ()).throw(OSError()))
    assert UsageStore(folder, clock=clock).recent(3600) == []


def test_a_folder_that_may_not_be_read_stops_nothing(folder, attempt, request_, clock, monkeypatch):
    record(folder, attempt, request_, clock)
    store = UsageStore(folder, clock=clock)

    def iterdir(_):
        raise PermissionError

    monkeypatch.setattr(type(folder), "iterdir", iterdir)
    assert store.recent(3600) == []


def test_neither_pandas_nor_pyarrow_is_loaded_for_it(folder, attempt, request_, clock):
    record(folder, attempt, request_, clock)
    script = (
        "import sys; from pathlib import Path; from nbapimgr.usage import UsageStore\n"
        f"rows = UsageStore(Path({str(folder)!r})).recent(1e9)\n"
        "print(len(rows), *({'pandas', 'pyarrow'} & sys.modules.keys()))"
    )
    done = subprocess.run(  # noqa: S603  # our own
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["1"]
