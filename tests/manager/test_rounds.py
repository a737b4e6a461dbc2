"""A thread that is there only while there is something to do."""

from __future__ import annotations

import threading
import time

import pytest

from nbapimgr.health import Schedule
from nbapimgr.manager import _rounds
from nbapimgr.manager._rounds import Rounds


class World:
    """Who is wanted, who was visited, and the time, which stands still."""

    def __init__(self):
        self.wanted = []
        self.visits = []
        self.now = 100.0
        self.trouble = None
        self.schedule = Schedule(clock=lambda: self.now, chance=lambda: 0.0)
        self.rounds = Rounds(lambda: self.wanted, self.visit, self.schedule)
        self._changed = threading.Condition()

    def visit(self, names):
        with self._changed:
            self.visits.append(list(names))
            self._changed.notify_all()
        if self.trouble:
            raise self.trouble
        for name in names:
            self.schedule.note(name, answered=True)

    def wait(self, count):
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.visits) >= count, 20)
        return self.visits

    def ended(self):
        thread = self.rounds._thread
        if thread is not None:
            thread.join(20)
        return self.rounds._thread is None


@pytest.fixture
def world():
    one = World()
    yield one
    one.wanted = []
    one.rounds.close()
    one.rounds.join()
    assert one.ended()


def test_without_a_reason_there_is_no_thread(world):
    world.rounds.wake()
    assert world.rounds._thread is None
    assert world.visits == []


def test_who_is_due_is_visited_and_then_there_is_rest(world):
    world.wanted = ["one", "two"]
    world.rounds.wake()
    assert world.wait(1) == [["one", "two"]]
    thread = world.rounds._thread
    assert (thread.name, thread.daemon) == ("nbapimgr-health", True)
    world.rounds.wake()  # nobody is due
    world.wanted = ["one", "two", "three"]
    world.rounds.wake()
    assert world.wait(2)[1] == ["three"]
    world.now += 60
    world.rounds.wake()
    assert sorted(world.wait(3)[2]) == ["one", "three", "two"]
    assert world.rounds._thread is thread


def test_when_the_reason_is_gone_so_is_the_thread_and_it_comes_back(world):
    world.wanted = ["one"]
    world.rounds.wake()
    world.wait(1)
    world.wanted = []
    world.rounds.wake()
    assert world.ended()
    world.wanted = ["two"]
    world.rounds.wake()
    assert world.wait(2)[1] == ["two"]


def test_time_alone_is_enough(monkeypatch):
    monkeypatch.setattr(_rounds, "_LEAST", 0.001)
    world = World()
    world.schedule = Schedule(clock=time.monotonic, chance=lambda: 0.0, every=0.001)
    world.rounds = Rounds(lambda: world.wanted, world.visit, world.schedule)
    world.wanted = ["one"]
    world.rounds.wake()
    world.wait(3)
    world.rounds.close()
    world.rounds.join()
    assert world.rounds._thread is None


def test_a_visit_that_fails_ends_nothing_and_is_not_repeated_at_once(world):
    world.trouble = ValueError("the engine is closed")
    world.wanted = ["one"]
    world.rounds.wake()
    world.wait(1)
    world.trouble = None
    world.wanted = ["one", "two"]
    world.rounds.wake()
    assert world.wait(2)[1] == ["two"]
    assert world.schedule.pause(["one"]) > 60


def test_after_the_end_nothing_begins(world):
    world.wanted = ["one"]
    world.rounds.close()
    world.rounds.wake()
    assert world.rounds._thread is None
    world.rounds.join()
    assert world.visits == []


def test_who_is_wanted_while_it_ends_is_not_forgotten():
    """The last look at who is wanted and the end of the thread are one step for whoever wakes."""
    world = World()
    looks = []

    def wanted():
        looks.append(None)
        if len(looks) == 2:  # the thread's first look: nobody any more; and just then somebody
            world.rounds._changed.set()
            return []
        return [] if world.visits else ["one"]

    world.rounds = Rounds(wanted, world.visit, world.schedule)
    world.rounds.wake()
    world.wait(1)
    world.rounds.wake()
    assert world.ended()


def test_the_thread_may_end_it_all_itself(world):
    def visit(names):
        world.visits.append(list(names))
        world.rounds.close()
        world.rounds.join()  # does not wait for itself

    world.rounds = Rounds(lambda: world.wanted, visit, world.schedule)
    world.wanted = ["one"]
    world.rounds.wake()
    assert world.ended()
    assert world.visits == [["one"]]


def test_nobody_is_visited_before_it_is_due(world):
    world.schedule.note("one", answered=True)
    world.rounds._round(["one"])
    assert world.visits == []
    world.rounds._round(["one", "two"])
    assert world.visits == [["two"]]


def test_where_no_thread_can_begin_nothing_is_raised(world, monkeypatch):
    def start(_):
        raise RuntimeError("can't create new thread at interpreter shutdown")

    world.wanted = ["one"]
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", start)
        world.rounds.wake()
    assert world.rounds._thread is None
    world.rounds.wake()
    assert world.wait(1) == [["one"]]
