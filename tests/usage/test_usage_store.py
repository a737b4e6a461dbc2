"""The store: rows survive, in trouble too, across days, threads and forks."""

from __future__ import annotations

import errno
import gc
import logging
import os
import signal
import subprocess
import sys
import threading
import weakref
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import pytest

from nbapimgr.models import Candidate, Provider
from nbapimgr.usage import UsageStore, _journal, _store, new_call_id
from nbapimgr.usage._journal import Folder, Segment, decode
from nbapimgr.usage._seal import seal

FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def home(folder):
    return Folder(folder)


@pytest.fixture
def put(request_, attempt):
    """Records a row and returns its id."""

    def make(store, **changes):
        call_id = new_call_id(1.0)
        store.record(call_id, request_, attempt(**changes))
        return call_id

    return make


@pytest.fixture
def disk(monkeypatch):
    """A disk that can be full: no write to a segment succeeds."""

    class Disk:
        full = False

    original = Segment.append

    def append(self, line):
        if Disk.full:
            raise FULL
        original(self, line)

    monkeypatch.setattr(Segment, "append", append)
    return Disk


def in_journal(home):
    return [
        row.event_id
        for name in home.segments()
        for row in decode(home.segment(name).read_bytes())[0]
    ]


def ids(store, since=None):
    return list(store.frame(since, ["event_id"])["event_id"])


# --- rows and frames ---


def test_a_recorded_row_is_in_the_journal_at_once(store, home, put):
    first, second = put(store), put(store)
    assert in_journal(home) == [first, second]
    assert store.trouble is None


def test_a_frame_has_ten_columns_of_the_last_thirty_days(store, clock, put):
    put(store)
    clock.days(31)
    put(store, outcome="error", usage=None)
    frame = store.frame()
    assert frame.shape == (1, 10)
    assert list(frame["outcome"]) == ["error"]
    assert store.frame("all").shape == (2, 10)
    assert len(store.frame(datetime(2026, 1, 1, tzinfo=UTC), "outcome")) == 2


def test_a_frame_without_any_row_is_empty(store, folder):
    assert len(store.frame()) == 0
    assert not folder.exists()


def test_rows_of_other_processes_are_seen(open_store, put):
    one, other = open_store(), open_store()
    written = {put(one), put(other)}
    assert set(ids(one)) == set(ids(other)) == written


def test_recorded_at_is_the_moment_of_writing(store, clock, put):
    put(store, started_at=clock.now - 100)
    row = store.frame(None, ["started_at", "recorded_at"]).iloc[0]
    assert row["recorded_at"].timestamp() == clock.now
    assert row["started_at"].timestamp() == clock.now - 100


def test_the_credential_is_named_by_account_and_alias(store, put, provider):
    put(store)
    put(store, candidate=Candidate(provider=provider, model="m"))
    assert list(store.frame(None, ["credential_id"])["credential_id"]) == ["work:spare", "work"]


def test_the_credential_may_be_named_otherwise(open_store, put):
    store = open_store(credential_id=lambda candidate: f"hmac-of-{candidate.credential}")
    put(store)
    assert store.frame(None, ["credential_id"]).iloc[0, 0] == "hmac-of-spare"


def test_fallback_from_is_recorded(store, request_, attempt):
    store.record(new_call_id(1.0), request_, attempt(number=2), fallback_from="work:other")
    assert store.frame(None, ["fallback_from"]).iloc[0, 0] == "work:other"


# --- segments ---


def test_a_new_day_is_a_new_segment(store, home, clock, put):
    put(store)
    clock.days(1)
    put(store)
    store.close()
    dates = {name.date for name in (*home.segments(), *home.parquets(""))}
    assert dates == {"2026-09-22", "2026-09-23"}
    assert len(ids(store)) == 2


def test_a_full_segment_is_sealed_behind_ones_back(store, home, put, monkeypatch):
    monkeypatch.setattr(_journal, "_ROWS_A_SEGMENT", 2)
    written = [put(store) for _ in range(5)]
    store.close()  # waits for the sealer
    assert len(home.parquets("")) >= 1
    assert sorted(ids(store)) == sorted(written)


def test_one_sealer_at_a_time(store, put, monkeypatch):
    monkeypatch.setattr(_journal, "_ROWS_A_SEGMENT", 1)
    go = threading.Event()
    running = []
    original = UsageStore._seal_finished

    def slowly(self):
        running.append(threading.current_thread())
        go.wait(60)
        original(self)

    monkeypatch.setattr(UsageStore, "_seal_finished", slowly)
    written = [put(store) for _ in range(4)]
    go.set()
    store.close()
    assert len(running) == 1
    assert not running[0].daemon  # the interpreter waits: Arrow must not be cut off at exit
    assert sorted(ids(store)) == sorted(written)


def test_an_interpreter_that_goes_down_starts_no_sealer(store, put, monkeypatch):
    def fail(_):
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(_journal, "_ROWS_A_SEGMENT", 1)
    monkeypatch.setattr(threading.Thread, "start", fail)
    written = [put(store) for _ in range(3)]
    store.close()
    assert sorted(ids(store)) == sorted(written)


def test_sealing_leaves_only_parquet(store, home, clock, put):
    written = [put(store)]
    clock.days(1)
    written.append(put(store))
    store.seal()
    assert home.segments() == []
    assert sorted(ids(store)) == sorted(written)
    written.append(put(store))
    assert sorted(ids(store)) == sorted(written)


def test_only_orphans_of_two_days_are_sealed_for_others(open_store, home, clock, put):
    dead, alive = open_store(), open_store()
    put(dead)
    clock.days(1)
    alive.seal()
    assert len(home.segments()) == 1
    clock.days(1)
    alive.seal()
    assert home.segments() == []


def test_looking_seals_what_dead_processes_left(open_store, home, clock, put, monkeypatch):
    monkeypatch.setattr(_store, "_ORPHANS_A_LOOK", 2)
    for _ in range(3):
        put(open_store())
    clock.days(2)
    store = open_store()
    assert len(ids(store)) == 3
    assert len(home.segments()) == 1
    assert len(ids(store)) == 3
    assert home.segments() == []


def test_a_segment_that_cannot_be_sealed_stays_readable(store, home, put, monkeypatch, caplog):
    def fail(*_):
        raise FULL

    caplog.set_level(logging.INFO)
    put(store)
    with monkeypatch.context() as patch:
        patch.setattr(_store, "seal", fail)
        store.seal()
    assert "is not sealed yet" in caplog.text
    assert len(home.segments()) == 1
    assert len(ids(store)) == 1
    assert store.trouble is None


def test_closing_twice_is_quiet_and_recording_opens_again(store, home, put):
    put(store)
    store.close()
    store.close()
    put(store)
    assert len(in_journal(home)) == 2


def test_power_safe_rows_are_pressed_to_the_disk(open_store, put, monkeypatch):
    pressed = []
    monkeypatch.setattr(Segment, "to_disk", lambda self: pressed.append(self.name))
    put(open_store())
    assert pressed == []
    put(open_store(durability="power"))
    assert len(pressed) == 1


# --- late writers ---


@pytest.fixture
def stopped_before_writing(monkeypatch, clock):
    """The process stops for days between a look at the clock and the write."""

    def stop(days, *, meanwhile=lambda: None):
        original = Segment.append

        def append(self, line):
            monkeypatch.setattr(Segment, "append", original)
            clock.days(days)
            meanwhile()
            original(self, line)

        monkeypatch.setattr(Segment, "append", append)

    return stop


def test_a_late_row_that_arrived_is_not_written_again(store, home, put, stopped_before_writing):
    put(store)
    stopped_before_writing(3)
    late = put(store)
    assert ids(store).count(late) == 1
    assert [name.date for name in home.parquets("")] == ["2026-09-22"]
    assert home.segments() == []


def test_a_late_row_whose_segment_was_sealed_without_it_is_written_again(
    store, home, put, stopped_before_writing
):
    first = put(store)
    stopped_before_writing(3, meanwhile=lambda: seal(home, home.segments()[0]))
    late = put(store)
    assert sorted(ids(store)) == sorted([first, late])
    assert home.segments()[0].date == "2026-09-25"


def test_without_the_fence_it_would_be_lost(store, home, put, stopped_before_writing, monkeypatch):
    """The negative control of the two tests above."""
    first = put(store)
    monkeypatch.setattr(Segment, "is_ours", lambda *_: True)
    stopped_before_writing(3, meanwhile=lambda: seal(home, home.segments()[0]))
    put(store)
    assert ids(store) == [first]


def test_one_day_late_is_in_time(store, home, put, stopped_before_writing):
    put(store)
    stopped_before_writing(1)
    late = put(store)
    assert in_journal(home)[-1] == late
    assert home.parquets("") == []


def test_a_clock_that_jumps_there_and_back_loses_nothing(store, home, clock, put):
    first = put(store)
    clock.days(5)
    UsageStore(home.path, clock=clock).seal()
    clock.days(-5)
    second = put(store)
    assert sorted(ids(store)) == sorted([first, second])


def test_a_journal_that_is_deleted_is_begun_anew(store, home, put):
    put(store)
    home.segment(home.segments()[0]).unlink()
    second = put(store)
    assert ids(store) == [second]


def test_a_journal_that_keeps_vanishing_is_trouble(store, home, put, monkeypatch):
    def vanish(segment, _):
        home.segment(segment.name).unlink()
        return False

    with monkeypatch.context() as patch:
        patch.setattr(Segment, "is_ours", vanish)
        row = put(store)
        assert "the journal keeps vanishing" in store.trouble
    assert ids(store) == [row]
    assert store.trouble is None


def test_an_interrupt_after_the_write_does_not_double_the_row(store, put, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Segment, "is_ours", interrupt)
        with pytest.raises(KeyboardInterrupt):
            put(store)
    second = put(store)
    assert ids(store).count(second) == 1
    assert len(ids(store)) == 2


def test_a_row_in_doubt_is_not_shown_twice(store, put, monkeypatch):
    def fail(*_):
        raise OSError(errno.ESTALE, "Stale file handle")

    put(store)
    with monkeypatch.context() as patch:
        patch.setattr(Segment, "is_ours", fail)
        put(store)
        patch.setattr(_store, "seal", fail)
        assert len(ids(store)) == 2
        assert "Stale" in store.trouble
    assert len(ids(store)) == 2
    assert store.trouble is None


# --- trouble ---


def test_a_full_disk_breaks_no_cell_and_loses_no_row(store, home, put, disk, caplog):
    put(store)
    disk.full = True
    waiting = [put(store), put(store)]
    assert store.trouble == (
        f"usage rows are not being saved: No space left on device ({home.path}); 2 wait in memory"
    )
    assert len(caplog.records) == 1  # said once
    assert len(in_journal(home)) == 1
    assert len(ids(store)) == 3  # the frame has them all the same
    disk.full = False
    put(store)
    assert store.trouble is None
    assert in_journal(home)[1:3] == waiting
    assert len(ids(store)) == 4
    assert [r.getMessage() for r in caplog.records][1] == "usage rows are being saved again"


@pytest.mark.parametrize("step", ["frame", "seal", "close"])
def test_waiting_rows_are_written_at_the_next_occasion(store, home, put, disk, step):
    disk.full = True
    row = put(store)
    disk.full = False
    getattr(store, step)()
    assert store.trouble is None
    assert ids(store) == [row]
    assert home.segments() or home.parquets("")


def test_memory_is_bounded_and_the_loss_is_told(store, put, disk, monkeypatch, caplog):
    monkeypatch.setattr(_store, "_ROWS_WAITING", 2)
    store._begin()
    disk.full = True
    rows = [put(store) for _ in range(5)]
    assert store.trouble.endswith("2 wait in memory, 3 are lost")
    disk.full = False
    assert ids(store) == rows[3:]
    assert caplog.records[-1].getMessage().endswith("being saved again; 3 rows were lost")
    disk.full = True
    put(store)
    assert store.trouble.endswith("1 wait in memory")


def test_a_folder_that_cannot_be_made_is_trouble(tmp_path, clock, put):
    (tmp_path / "file").touch()
    store = UsageStore(tmp_path / "file" / "usage", clock=clock)
    row = put(store)
    assert "Not a directory" in store.trouble
    assert ids(store) == [row]


def test_a_disk_that_loses_power_safety_leaves_the_row_in_doubt(open_store, put, monkeypatch):
    def fail(_):
        raise OSError(errno.EIO, "Input/output error")

    store = open_store(durability="power")
    with monkeypatch.context() as patch:
        patch.setattr(Segment, "to_disk", fail)
        row = put(store)
        assert "Input/output error" in store.trouble
    assert ids(store) == [row]
    assert store.trouble is None


# --- threads and forks ---


def test_many_threads_write_each_row_once(store, home, request_, attempt, monkeypatch):
    monkeypatch.setattr(_journal, "_ROWS_A_SEGMENT", 40)
    written = [[new_call_id(1.0) for _ in range(50)] for _ in range(4)]
    start = threading.Barrier(4)

    def work(mine):
        start.wait()
        for call_id in mine:
            store.record(call_id, request_, attempt())

    threads = [threading.Thread(target=work, args=(mine,)) for mine in written]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.close()
    assert sorted(ids(store)) == sorted(chain(*written))


FORK = """
import os, sys
from pathlib import Path
from nbapimgr.models import Attempt, Candidate, Provider, Request
from nbapimgr.usage import UsageStore, new_call_id

provider = Provider(name="p", dialect="d", base_url="u", keyless=True)
one = Attempt(number=1, candidate=Candidate(provider=provider, model=sys.argv[2]), started_at=1.0,
              duration=1.0, outcome="ok")
store = UsageStore(Path(sys.argv[1]))
def put(model):
    candidate = Candidate(provider=provider, model=model)
    store.record(new_call_id(1.0), Request(messages=()), Attempt(number=1, candidate=candidate,
                 started_at=1.0, duration=1.0, outcome="ok"))
put("before")
append, full = type(store)._write_one, []
def fail(self, waiting):
    raise OSError(28, "full")
type(store)._write_one = fail
put("waiting in the parent")
store._lock.acquire()            # another thread is at work while this one forks
child = os.fork()
if not child:
    type(store)._write_one = append
    assert store.trouble is None
    put("child")
    os._exit(0)
store._lock.release()
assert os.waitpid(child, 0)[1] == 0
type(store)._write_one = append
put("parent")
store.close()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
def test_a_forked_child_has_a_segment_of_its_own_and_nothing_twice(store, home):
    script = [sys.executable, "-c", FORK, str(home.path), "m"]
    subprocess.run(script, check=True, timeout=60)  # noqa: S603  # our own script
    names = home.segments()
    assert len({name.writer for name in names}) == 2
    models = sorted(store.frame(None, ["request_model"])["request_model"])
    assert models == ["before", "child", "parent", "waiting in the parent"]


def test_a_child_begins_anew(store, put, disk):
    """What the fork handler does, in this process, where coverage sees it."""
    put(store)
    writer = store._writer
    disk.full = True
    put(store)
    _store._begin_anew()
    assert store._writer != writer
    assert store.trouble is None
    assert not store._waiting
    disk.full = False
    put(store)
    _store._begin_anew()


def test_a_store_that_is_dropped_is_gone(folder):
    store = UsageStore(folder)
    gone = weakref.ref(store)
    del store
    gc.collect()
    assert gone() is None


KILLED = """
import os, sys
from pathlib import Path
from nbapimgr.models import Attempt, Candidate, Provider, Request
from nbapimgr.usage import UsageStore, new_call_id

provider = Provider(name="p", dialect="d", base_url="u")
store = UsageStore(Path(sys.argv[1]))
for _ in range(10):
    store.record(new_call_id(1.0), Request(messages=()), Attempt(number=1,
                 candidate=Candidate(provider=provider, model="m"), started_at=1.0, duration=1.0,
                 outcome="ok"))
loaded = {"pandas", "pyarrow", "genai_prices"} & sys.modules.keys()
assert not loaded, loaded
os.kill(os.getpid(), 9)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this platform has no SIGKILL")
def test_what_a_killed_process_recorded_is_there_and_recording_loads_nothing_heavy(store, home):
    script = [sys.executable, "-c", KILLED, str(home.path)]
    died = subprocess.run(script, check=False, timeout=60)  # noqa: S603  # our own script
    assert died.returncode == -signal.SIGKILL
    assert len(ids(store)) == 10


CANARY = "sk-canary-Zq81"


def test_no_secret_is_in_any_file(store, home, put, request_):
    """Bytes of the journal, values and bytes of Parquet, and what pandas shows."""
    provider = Provider(
        name="p", dialect="d", base_url=f"https://{CANARY}@host", headers={"x": CANARY}
    )
    put(store, candidate=Candidate(provider=provider, model="m"), request_id=CANARY)
    journal = b"".join(path.read_bytes() for path in home.journal.iterdir())
    store.seal()
    files = b"".join(path.read_bytes() for path in home.path.rglob("*") if path.is_file())
    shown = store.frame(None, "all").to_csv()
    assert journal
    assert "ok" in shown
    assert CANARY.encode() not in journal + files + shown.encode()


def test_the_folder_may_be_given_as_a_string(tmp_path, clock, put):
    store = UsageStore(str(tmp_path / "u"), clock=clock)
    put(store)
    assert Path(tmp_path / "u" / "journal").is_dir()
