"""What a check says, and when the next one is due."""

from __future__ import annotations

import pytest

from nbapimgr.health import Checked, Schedule, verdict_on
from nbapimgr.wire.failures import CATEGORIES
from tests.health.health_attempts import failure_of


@pytest.mark.parametrize(
    ("category", "verdict"),
    [
        ("auth.invalid_key", "rejected"),
        ("auth.permission", "limited"),
        ("auth.region", "limited"),
        ("quota.exhausted", "limited"),
        ("rate_limit.daily", "limited"),
        ("rate_limit.short", "unknown"),  # some count before they look at the key
        ("service.error", "unknown"),
        ("network.dns", "unknown"),
        ("model.not_found", "unknown"),
        ("request.bad", "unknown"),
    ],
)
def test_what_a_failed_check_says_of_the_key(category, verdict):
    assert verdict_on(failure_of(category)) == verdict


def test_only_one_category_rejects_a_key():
    rejected = [name for name in CATEGORIES if verdict_on(failure_of(name)) == "rejected"]
    assert rejected == ["auth.invalid_key"]


@pytest.mark.parametrize(
    ("category", "answered"),
    [("", True), ("auth.invalid_key", True), ("service.error", False), ("network.dns", False)],
)
def test_who_says_no_is_there(category, answered):
    failure = failure_of(category) if category else None
    checked = Checked(provider="one", verdict="unknown", failure=failure)
    assert checked.answered is answered


@pytest.fixture
def schedule(clock):
    return Schedule(clock=clock, chance=lambda: 0.5)


def test_what_was_never_checked_is_due(schedule):
    assert schedule.due(["one", "two"]) == ["one", "two"]
    assert schedule.pause(["one"]) == 0


def test_a_provider_that_answers_is_checked_once_a_minute(schedule, clock):
    schedule.note("one", answered=True)
    assert schedule.due(["one", "two"]) == ["two"]
    assert schedule.pause(["one"]) == pytest.approx(66)  # a minute, and half of a fifth of it
    clock.now += 66.1
    assert schedule.due(["one"]) == ["one"]
    assert schedule.pause(["one"]) == 0


def test_one_that_does_not_is_checked_less_and_less_often(schedule, clock):
    pauses = []
    for _ in range(30):
        schedule.note("one", answered=False)
        pauses.append(schedule.pause(["one"]))
    assert pauses[:4] == pytest.approx([132, 264, 528, 990])
    assert set(pauses[4:]) == {pauses[3]}
    schedule.note("one", answered=True)
    assert schedule.pause(["one"]) == pytest.approx(66)


def test_the_longest_overdue_comes_first(schedule, clock):
    schedule.note("late", answered=True)
    clock.now += 10
    schedule.note("later", answered=True)
    clock.now += 1000
    assert schedule.due(["later", "late", "new"]) == ["new", "late", "later"]


def test_many_kernels_do_not_come_at_once(clock):
    draws = iter([0.0, 0.999])
    schedule = Schedule(clock=clock, chance=lambda: next(draws))
    schedule.note("one", answered=True)
    schedule.note("two", answered=True)
    assert schedule.pause(["one"]) < schedule.pause(["two"]) < 72


def test_where_there_is_nobody_there_is_a_pause(schedule):
    assert schedule.due([]) == []
    assert schedule.pause([]) == 60


def test_what_was_changed_is_due_again(schedule):
    schedule.note("one", answered=False)
    schedule.forget("one")
    schedule.forget("never heard of")
    assert schedule.due(["one"]) == ["one"]
    schedule.note("one", answered=False)
    assert schedule.pause(["one"]) == pytest.approx(132)  # its failures are forgotten too
