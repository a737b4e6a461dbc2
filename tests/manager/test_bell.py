"""Listeners are told what has changed, on a thread that is there only for that."""

from __future__ import annotations

import logging
import threading

import pytest

from nbapimgr.manager._bell import Bell


@pytest.fixture
def bell():
    return Bell()


class Heard:
    """Keeps what it is told, and says when that was."""

    def __init__(self):
        self.news = []
        self.threads = set()
        self._told = threading.Condition()

    def __call__(self, names):
        with self._told:
            self.news.append(names)
            self.threads.add(threading.current_thread().name)
            self._told.notify_all()

    def wait(self, count=1):
        with self._told:
            assert self._told.wait_for(lambda: len(self.news) >= count, 20)
        return self.news


def quiet(bell):
    thread = bell._thread
    if thread is not None:
        thread.join(20)
    assert bell._thread is None


def test_a_listener_is_told_on_a_thread_of_its_own(bell):
    heard = Heard()
    bell.listen(heard)
    bell.ring("one", "two")
    assert heard.wait() == [frozenset({"one", "two"})]
    assert heard.threads == {"nbapimgr-bell"}
    quiet(bell)


def test_where_nobody_listens_there_is_no_thread(bell):
    bell.ring("one")
    assert bell._thread is None
    heard = Heard()
    stop = bell.listen(heard)
    stop()
    stop()  # again is harmless
    bell.ring("one")
    assert bell._thread is None
    assert heard.news == []


def test_what_happens_meanwhile_is_told_together(bell):
    begun, go_on = threading.Event(), threading.Event()
    heard = Heard()

    def slow(names):
        begun.set()
        assert go_on.wait(20)
        heard(names)

    bell.listen(slow)
    bell.ring("one")
    assert begun.wait(20)
    thread = bell._thread
    for number in range(50):
        bell.ring(str(number))
    assert bell._thread is thread
    go_on.set()
    assert heard.wait(2) == [frozenset({"one"}), frozenset(map(str, range(50)))]
    quiet(bell)


def test_what_a_listener_raises_troubles_nobody(bell, caplog):
    heard = Heard()

    def broken(_):
        raise ValueError("a widget that is gone")

    bell.listen(broken)
    bell.listen(heard)
    with caplog.at_level(logging.ERROR):
        bell.ring("one")
        heard.wait()
        quiet(bell)
    bell.ring("two")
    assert len(heard.wait(2)) == 2
    assert "a listener failed" in caplog.text
    quiet(bell)


def test_in_a_forked_child_it_begins_anew(bell):
    heard = Heard()
    bell.listen(heard)
    bell._thread = threading.Thread(target=int)  # of the parent, as a child sees it
    bell._lock.acquire()
    bell.renew()
    bell.ring("one")
    assert bell._thread is None
    bell.listen(heard)
    bell.ring("two")
    assert heard.wait() == [frozenset({"two"})]
    quiet(bell)


def test_where_no_thread_can_begin_nothing_is_raised(bell, monkeypatch):
    def start(_):
        raise RuntimeError("can't create new thread at interpreter shutdown")

    heard = Heard()
    bell.listen(heard)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", start)
        bell.ring("one")
    bell.ring("two")
    assert heard.wait() == [frozenset({"one", "two"})]
    quiet(bell)
