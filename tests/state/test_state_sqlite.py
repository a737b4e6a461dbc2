"""The file that kernels share: what one writes the other sees, and nothing stops a call."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from nbapimgr.state import MemoryStore, SqliteStore
from nbapimgr.state import _file as file
from nbapimgr.state import _sqlite as sqlite

sys.path.insert(0, str(Path(__file__).parent))

from state_process import breaker

NAME = file.NAME


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "state"


@pytest.fixture
def path(folder):
    return folder / NAME


@pytest.fixture
def open_store(folder):
    """Opens the store again, as another kernel does."""
    with contextlib.ExitStack() as stack:

        def make(where=folder):
            store = SqliteStore(where)
            stack.callback(store.close)
            return store

        yield make


@pytest.fixture
def store(open_store):
    return open_store()


class Kernel:
    """Another process with the same file."""

    def __init__(self, folder, **options):
        script = str(Path(__file__).parent / "state_process.py")
        self.process = subprocess.Popen(  # noqa: S603  # this Python, our own script
            [sys.executable, script, str(folder)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options,
        )  # fmt: skip

    def send(self, *command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()

    def do(self, *command):
        self.send(*command)
        return json.loads(self.process.stdout.readline())

    def end(self):
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def kernel(folder):
    """Starts kernels, and ends them."""
    kernels = []

    def start(**options):
        kernels.append(Kernel(folder, **options))
        return kernels[-1]

    yield start
    for one in kernels:
        one.end()


def keys(store):
    return sorted(one.key for one in store.breakers())


# --- one store, as the protocol says --------------------------------------------------------------


@pytest.fixture(params=["memory", "file"])
def either(request, open_store):
    return MemoryStore() if request.param == "memory" else open_store()


def test_what_is_put_is_known_at_once(either):
    one = breaker("a")
    either.put(one)
    either.put(breaker("b"))
    assert keys(either) == ["a", "b"]
    either.flush()
    later = breaker("a", strikes=3)
    either.put(later)
    assert later in either.breakers()
    assert one not in either.breakers()
    either.drop(later)
    assert keys(either) == ["b"]
    either.flush()
    assert keys(either) == ["b"]
    assert either.trouble == ""
    assert not either.unsaved
    either.close()


def test_scopes_have_keys_of_their_own(either):
    either.put(breaker("a"))
    either.put(breaker("a", scope="host"))
    either.flush()
    either.drop(breaker("a"))
    assert [one.scope for one in either.breakers()] == ["host"]


def test_a_change_is_another_version(either):
    before = either.version()
    assert either.version() == before
    either.put(breaker("a"))
    either.flush()
    between = either.version()
    assert between != before
    either.drop(breaker("a"))
    either.flush()
    assert either.version() != between


def test_who_holds_the_probe_may_take_it_again(either):
    assert either.lease(breaker("a"), 100.0, 30.0)
    assert either.lease(breaker("a"), 101.0, 30.0)


def test_salt_is_long_and_stays(either):
    assert len(either.salt) >= 16
    assert either.salt == either.salt


# --- several kernels ------------------------------------------------------------------------------


def test_nothing_is_made_before_it_is_needed(folder, open_store):
    open_store().close()
    assert not folder.exists()


def test_two_kernels_share_what_one_has_written(open_store):
    one, two = open_store(), open_store()
    before = two.version()
    assert one.salt == two.salt
    one.put(breaker("a"))
    assert two.version() == before
    one.flush()
    assert two.version() != before
    assert two.breakers() == one.breakers()


def test_the_next_kernel_starts_where_the_last_one_ended(open_store):
    one = open_store()
    known = breaker("a", message="busy", since=1.1, until=time.time() + 1 / 3)
    one.put(known)
    one.close()
    assert open_store().breakers() == (known,)


def test_closing_saves_what_is_left_and_is_not_the_end(open_store):
    one = open_store()
    one.put(breaker("a"))
    one.close()
    assert keys(open_store()) == ["a"]
    one.put(breaker("b"))
    one.flush()
    assert keys(one) == ["a", "b"]


def test_one_kernel_has_the_probe_until_its_time_is_up(open_store):
    one, two = open_store(), open_store()
    assert one.lease(breaker("a"), 100.0, 30.0)
    assert not two.lease(breaker("a"), 101.0, 30.0)
    assert two.lease(breaker("b"), 101.0, 30.0)
    assert two.lease(breaker("a"), 130.0, 30.0)


def test_a_clock_that_was_set_back_keeps_nobody_from_probing(open_store):
    one, two = open_store(), open_store()
    assert one.lease(breaker("a"), 10_000.0, 30.0)
    assert two.lease(breaker("a"), 6400.0, 30.0)


@pytest.mark.parametrize("change", ["put", "drop"])
def test_a_breaker_that_changes_has_a_new_probe(open_store, change):
    one, two = open_store(), open_store()
    assert one.lease(breaker("a"), 100.0, 30.0)
    getattr(one, change)(breaker("a"))
    one.flush()
    assert two.lease(breaker("a"), 101.0, 30.0)


def test_of_many_kernels_one_has_the_probe(folder, open_store):
    assert open_store().salt  # makes the file
    taken = []
    ready = threading.Barrier(8)

    def take():
        store = SqliteStore(folder)
        ready.wait()
        taken.append(store.lease(breaker("a"), 100.0, 30.0))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [False] * 7 + [True]


def test_what_nobody_asked_for_in_a_day_is_forgotten(open_store):
    one = open_store()
    late = time.time() - 86_400
    one.put(breaker("old", opened=late - 60, until=late - 1))
    one.put(breaker("new", opened=late, until=late + 60))
    one.flush()
    assert keys(open_store()) == ["new"]
    rows = sqlite3.connect(one._path).execute("SELECT key FROM breakers").fetchall()
    assert rows == [("new",)]


def test_processes_share_it_and_outlive_a_kill(kernel, store):
    one, two = kernel(), kernel()
    one.do("put", "a")
    assert two.do("keys") == ["a"]
    two.do("drop", "a")
    assert one.do("keys") == []
    one.do("put", "b")
    one.end()
    assert two.do("keys") == ["b"]
    assert keys(store) == ["b"]


def test_a_kernel_killed_while_it_writes_harms_nobody(kernel, store):
    for number in range(4):
        one = kernel()
        one.do("put", f"first-{number}")
        one.send("many", f"{number}-", 100_000)
        deadline = time.monotonic() + 20
        while f"{number}-{3 * number}" not in keys(store):
            assert time.monotonic() < deadline
        os.kill(one.process.pid, signal.SIGKILL)
        one.process.wait()
        assert f"first-{number}" in keys(store)
        store.put(breaker(f"after-{number}"))
        store.flush()
        assert store.trouble == ""
    assert f"after-{number}" in kernel().do("keys")
    checked = sqlite3.connect(store._path).execute("PRAGMA integrity_check").fetchone()
    assert checked == ("ok",)


def test_a_kernel_killed_with_the_probe_keeps_it_no_longer_than_its_time(kernel, store):
    one = kernel()
    assert one.do("lease", "a", 100.0)
    one.end()
    assert not store.lease(breaker("a"), 129.0, 30.0)
    assert store.lease(breaker("a"), 130.0, 30.0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks there")
def test_a_forked_child_has_its_own_connection(store, open_store):
    store.put(breaker("a"))
    store.flush()
    with store._lock, store._writing:  # another thread holds them at that moment
        child = os.fork()
        if not child:
            try:
                store.put(breaker("b"))
                store.flush()
                os._exit(0 if keys(store) == ["a", "b"] and store._db else 1)
            finally:
                os._exit(2)
    _, code = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(code) == 0
    assert keys(store) == ["a", "b"]


# --- a file that cannot be used -------------------------------------------------------------------


def untroubled(store):
    """It works in memory, whatever the file does."""
    store.put(breaker("mine"))
    store.flush()
    assert "mine" in keys(store)
    assert store.lease(breaker("mine"), time.time(), 30.0)
    assert len(store.salt) == 16


DAMAGE = {
    "no database": lambda path: path.write_bytes(b"this is no database, " * 100),
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:5000]),
    "pages of zeros": lambda path: path.write_bytes(path.read_bytes()[:4096] + bytes(8192)),
    "other tables": lambda path: rewritten(path, "CREATE TABLE breakers (a)"),
    "no salt": lambda path: rewritten(path, "CREATE TABLE facts (name PRIMARY KEY, value)"),
}


def rewritten(path, command):
    path.unlink()
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute(command)


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_set_aside_and_made_anew(open_store, path, damage):
    first = open_store()
    for number in range(50):
        first.put(breaker(f"before-{number}", message="x" * 150))
    first.close()
    DAMAGE[damage](path)
    store = open_store()
    untroubled(store)
    assert store.trouble == ""
    assert "mine" in keys(open_store())


@pytest.mark.parametrize("damage", ["no database", "pages of zeros"])
def test_what_was_set_aside_can_be_looked_at(open_store, path, damage):
    first = open_store()
    for number in range(50):
        first.put(breaker(f"before-{number}", message="x" * 150))
    first.close()
    DAMAGE[damage](path)
    damaged = path.read_bytes()
    untroubled(open_store())
    assert path.with_name(f"{NAME}.damaged").read_bytes() == damaged


def test_damage_while_it_is_open_loses_nothing_of_this_kernel(store, path, open_store):
    for number in range(50):
        store.put(breaker(f"mine-{number}", message="x" * 150))
    store.flush()
    before = keys(store)
    other = sqlite3.connect(path)
    other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    other.close()
    with path.open("r+b") as damaged:
        damaged.seek(4096)
        damaged.write(bytes(path.stat().st_size - 4096))
    store._let_go()  # its pages may be kept in memory
    assert keys(store) == before
    store.put(breaker("more"))
    store._later = float("-inf")
    store.flush()
    assert keys(store) == sorted([*before, "more"])
    store.version()
    assert store.trouble == ""


def test_a_file_that_is_removed_is_made_anew_with_what_is_known(store, folder, open_store):
    store.put(breaker("a"))
    store.flush()
    assert keys(store) == ["a"]
    before = store.version()
    for path in folder.iterdir():
        path.unlink()
    assert store.version() != before
    assert keys(store) == ["a"]
    store.flush()
    assert keys(open_store()) == ["a"]


def test_a_locked_file_costs_little_and_is_told(store, path, monkeypatch):
    monkeypatch.setattr(sqlite, "_WRITE_PATIENCE", 0.01)
    store.put(breaker("a"))
    store.flush()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    untroubled(store)
    assert "another process keeps it locked" in store.trouble
    assert str(path) in store.trouble
    assert not store.unsaved  # it would be in vain just now
    other.execute("COMMIT")
    other.close()
    store._later = float("-inf")
    assert store.unsaved
    store.flush()
    assert store.trouble == ""
    assert not store.unsaved


def test_a_file_locked_from_the_start_is_opened_later(open_store, path, monkeypatch):
    monkeypatch.setattr(sqlite, "_READ_PATIENCE", 0.01)
    first = open_store()
    assert first.salt
    first.close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA locking_mode=EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    store = open_store()
    before = store.version()
    assert "locked" in store.trouble
    assert store.version() == before
    other.execute("COMMIT")
    other.close()
    store._later = float("-inf")
    assert store.version() != before
    assert store.trouble == ""


def test_reading_does_not_wait_for_a_thread_that_writes(store):
    before = store.version()
    with store._lock:
        assert store.version() == before


def test_a_full_disk_is_told(store, monkeypatch):
    assert store.salt  # opens it

    def full(db, batch):
        db.execute("PRAGMA max_page_count = 1")
        for number in range(1000):
            db.execute("INSERT INTO breakers VALUES ('x', ?, 1e10, ?)", (str(number), b"x" * 4000))

    monkeypatch.setattr(sqlite, "_save", full)
    untroubled(store)
    assert "the disk is full" in store.trouble
    monkeypatch.undo()
    store.flush()
    assert store.trouble == ""
    assert keys(store) == ["mine"]


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
def test_a_disk_that_takes_nothing_more_is_told(kernel):
    def limited():
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    one = kernel(preexec_fn=limited)
    one.do("put", "a")
    assert one.do("keys") == ["a"]
    assert "the disk" in one.do("trouble")


def test_a_folder_that_cannot_be_made_is_told(tmp_path, open_store):
    (tmp_path / "file").write_text("in the way")
    store = open_store(tmp_path / "file" / "state")
    untroubled(store)
    assert "is known to this kernel only" in store.trouble
    assert "Not a directory" in store.trouble


def test_a_folder_in_place_of_the_file_is_told(path, open_store):
    path.mkdir(parents=True)
    store = open_store()
    untroubled(store)
    assert str(path) in store.trouble


def test_a_file_that_may_not_be_written_is_told(store, path, monkeypatch):
    assert store.salt  # opens it
    monkeypatch.setattr(sqlite, "prepare", read_only)
    untroubled(store)
    assert "it is read-only" in store.trouble


def read_only(path, patience):
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=patience)
    db.execute("CREATE TABLE more (a)")


def test_a_python_without_sqlite_is_told(open_store, monkeypatch):
    monkeypatch.setitem(sys.modules, "sqlite3", None)
    store = open_store()
    store.put(breaker("a"))
    store.flush()
    assert keys(store) == ["a"]
    assert "sqlite3" in store.trouble


def test_a_row_that_is_no_breaker_is_passed_over(store, path):
    store.put(breaker("a"))
    store.flush()
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("INSERT INTO breakers VALUES ('provider', 'b', 1e10, X'00')")
        db.execute("INSERT INTO breakers VALUES ('provider', 'c', 1e10, 'text')")
    assert keys(store) == ["a"]


def test_two_that_set_aside_at_once_set_aside_one(path, folder):
    folder.mkdir()
    path.write_bytes(b"no database " * 100)
    file.set_aside(path)
    file.prepare(path, 1.0).close()
    file.set_aside(path)
    assert path.exists()
    path.unlink()
    file.set_aside(path)
    assert path.with_name(f"{NAME}.damaged").exists()


def test_nobody_but_its_owner_reads_it(store, folder):
    store.put(breaker("a"))
    store.flush()
    assert keys(store) == ["a"]
    if sys.platform != "win32":
        assert {one.stat().st_mode & 0o077 for one in folder.iterdir()} == {0}
        assert len(list(folder.iterdir())) == 3


def test_importing_the_room_loads_no_sqlite():
    code = "import sys, nbapimgr.state; assert 'sqlite3' not in sys.modules, 'loaded'"
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603  # this Python


def test_what_changes_while_it_is_written_is_written_next(store, monkeypatch, open_store):
    save = sqlite._save

    def meanwhile(db, batch):
        save(db, batch)
        store.put(breaker("a", strikes=9))

    monkeypatch.setattr(sqlite, "_save", meanwhile)
    store.put(breaker("a"))
    store.flush()
    assert store.unsaved
    monkeypatch.undo()
    store.flush()
    assert not store.unsaved
    assert [one.strikes for one in open_store().breakers()] == [9]


def test_reading_that_fails_is_told_and_forgets_nothing(store, monkeypatch):
    store.put(breaker("a"))
    store.flush()
    assert keys(store) == ["a"]
    monkeypatch.setattr(sqlite, "_read", broken)
    assert keys(store) == ["a"]
    assert "malformed" in store.trouble
    monkeypatch.undo()
    store._later = float("-inf")
    assert keys(store) == ["a"]
    assert store.trouble == ""


def broken(_):
    error = sqlite3.DatabaseError("database disk image is malformed")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    raise error


def test_after_a_fork_nothing_of_the_parent_is_used(store):
    store.put(breaker("a"))
    store.flush()
    assert keys(store) == ["a"]
    parents = store._db
    with store._lock, store._writing:
        sqlite._after_fork_in_child()
        assert keys(store) == ["a"]
        assert store._db is not parents
    parents.close()


def test_a_store_that_is_dropped_closes_its_file(folder):
    one = SqliteStore(folder)
    assert one.salt
    db = one._db
    del one
    gc.collect()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        db.execute("SELECT 1")
