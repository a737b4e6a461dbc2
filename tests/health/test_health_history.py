"""What is remembered of a candidate, and how it fades."""

from __future__ import annotations

import sys
import threading

import pytest

from nbapimgr.health import STATES, History
from tests.health.health_attempts import BORN, attempt, who

MINUTE = 60.0


@pytest.fixture
def history(clock):
    return History(clock=clock, wall=clock.wall)


def known(history, **key):
    return history.snapshot(
        key.get("provider", "one"), key.get("model", "m"), key.get("credential")
    )


def times(history, count, **fields):
    for _ in range(count):
        assert history.observe(attempt(**fields))


def test_of_whom_nothing_is_known_nothing_is_said(history):
    snapshot = known(history)
    assert (snapshot.state, snapshot.attempts, snapshot.weight) == ("unknown", 0, 0)
    assert (snapshot.success_rate, snapshot.observed_rate) == (0.95, None)
    assert snapshot.duration_p50 is snapshot.first_token_p99 is snapshot.last_ok is None
    assert history.patience(who()) == (None, None)
    assert history.known() == ()


def test_quantiles_are_those_of_the_attempts(history):
    for number in range(1, 101):
        history.observe(attempt(duration=10.0, first_chunk=(number * 37 % 100) / 10, tokens=10))
    snapshot = known(history)
    assert 4 <= snapshot.first_token_p50 <= 6
    assert snapshot.first_token_p50 < snapshot.first_token_p95 <= snapshot.first_token_p99 <= 9.9
    assert snapshot.duration_p50 == snapshot.duration_p95 == 10
    assert snapshot.attempts == 100
    assert 27 < snapshot.weight < 30  # a half-life of twenty attempts adds up to 29


def test_the_newer_half_weighs_more(history):
    times(history, 40, duration=1.0)
    times(history, 20, duration=9.0)
    assert known(history).duration_p50 == 9.0


def test_memory_is_bounded(history, clock):
    times(history, 5000)
    one = history._tracks["one", "m"]
    assert len(one._samples) == 100
    assert known(history).attempts == 5000
    for number in range(300):
        history.observe(attempt(who("two", f"m{number}")))
    assert len(history._tracks) == 256
    assert ("one", "m") not in history.known()  # not heard of for the longest time


def test_what_goes_takes_its_limits_along(history):
    times(history, 20, first_chunk=0.5)
    assert history.patience(who())[0] == 1.0
    for number in range(300):
        history.observe(attempt(who("two", f"m{number}")))
    assert history.patience(who()) == (None, None)
    assert not history._kept


def test_one_call_a_minute_is_remembered(history, clock):
    for _ in range(30):
        history.observe(attempt(first_chunk=4.0, longest_gap=6.0))
        clock.now += MINUTE
    assert history.patience(who()) == (8.0, 12.0)
    assert known(history).state == "ok"
    assert known(history).weight > 10


def test_in_time_all_is_forgotten_and_the_rate_returns_to_the_belief(history, clock):
    times(history, 30, category="service.error")
    rates = [known(history).success_rate]
    assert known(history).state == "failing"
    for _ in range(30):
        clock.now += 10 * MINUTE
        rates.append(known(history).success_rate)
    assert rates[0] < 0.05
    assert known(history).observed_rate == 0
    assert rates == sorted(rates)
    assert rates[-1] == pytest.approx(0.95, abs=0.01)
    assert known(history).state == "unknown"
    assert known(history).attempts == 30
    assert known(history).last_category == "service.error"


def test_limits_are_forgotten_in_time_too(history, clock):
    times(history, 30, first_chunk=1.0, longest_gap=1.0)
    assert history.patience(who()) == (2.0, 2.0)
    clock.now += 3 * 60 * MINUTE
    assert history.patience(who()) == (None, None)


def test_few_attempts_are_too_few_for_a_limit(history, clock):
    times(history, 5, first_chunk=0.3, longest_gap=0.1)
    assert history.patience(who()) == (None, None)
    times(history, 1, first_chunk=0.3, stream=True)
    assert history.patience(who()) == (0.6, None)  # that one tells of no gap


def test_limits_are_kept_for_a_second(history, clock):
    times(history, 10, first_chunk=1.0)
    assert history.patience(who())[0] == 2.0
    times(history, 1, first_chunk=4.0)
    assert history.patience(who())[0] == 2.0
    clock.now += 1
    assert history.patience(who())[0] == 8.0
    clock.now -= 500  # and a clock that runs backwards does not keep them for longer
    times(history, 60, first_chunk=1.5)
    assert history.patience(who())[0] == 3.0


def test_that_there_is_no_limit_is_kept_too(history, clock):
    """Plain answers have no first token: a burst of them sorts nothing for each."""
    times(history, 11)
    assert history.patience(who()) == (None, None)
    times(history, 10, first_chunk=1.0)
    assert history.patience(who()) == (None, None)
    clock.now += 1
    assert history.patience(who())[0] == 2.0


def test_an_outage_drives_the_limits_neither_up_nor_down(history, clock):
    times(history, 30, first_chunk=4.0, longest_gap=6.0)
    for cut in (
        {"category": "network.first_token_timeout", "duration": 30.0},
        {"category": "network.stall", "duration": 9.0, "first_chunk": 4.0, "longest_gap": 5.0},
    ):
        times(history, 10, **cut)
        clock.now += 1
        assert history.patience(who()) == (8.0, 12.0)


def test_who_was_only_cut_off_stays_unknown(history):
    times(history, 9, category="network.first_token_timeout", duration=10.0)
    assert history.patience(who()) == (None, None)
    assert known(history).first_token_p50 is None
    assert known(history).state == "failing"


def test_what_a_probe_measures_makes_the_limit_longer(history, clock):
    times(history, 30, first_chunk=0.3)
    times(history, 2, category="network.first_token_timeout", duration=5.0)
    assert history.patience(who())[0] == 0.6
    times(history, 1, outcome="cancelled", probe=True, first_chunk=12.0, duration=12.0)
    clock.now += 1
    assert history.patience(who())[0] == 24.0


def test_a_clock_that_is_set_back_makes_no_negative_ages(history, clock):
    times(history, 10, first_chunk=1.0)
    clock.now -= 3600
    snapshot = known(history)
    assert 0 < snapshot.weight <= 10
    assert history.patience(who()) == (2.0, None)


def test_a_failure_of_one_key_does_not_speak_against_another(history):
    times(history, 4, candidate=who(credential="bad"), category="auth.invalid_key")
    times(history, 4, candidate=who(credential="good"))
    assert known(history, credential="good").success_rate > 0.95
    assert known(history, credential="bad").success_rate < known(history).success_rate + 0.01
    assert known(history, credential="bad").weight == known(history).weight
    assert known(history, credential="good").credential == "good"


@pytest.mark.parametrize(
    ("attempts", "state"),
    [
        ([{"first_chunk": 0.2}], "ok"),
        ([{"first_chunk": 7.0}], "slow"),
        ([{"category": "auth.invalid_key"}], "failing"),
        ([{}, {"category": "service.error"}, {}, {}], "ok"),
        ([{}, {"category": "service.error"}, {"category": "service.error"}], "failing"),
        ([{"category": "service.error"}, {}, {}, {}], "ok"),
    ],
)
def test_the_word_for_it(history, attempts, state):
    for fields in attempts:
        history.observe(attempt(**fields))
    assert known(history).state == state
    assert state in STATES


def test_the_last_of_each_kind_and_how_often_in_a_row(history):
    times(history, 1, started_at=BORN + 5, duration=1.0)
    times(history, 1, started_at=BORN + 10, category="service.error")
    times(history, 1, started_at=BORN + 20, duration=2.0, category="network.reset")
    snapshot = known(history)
    assert (snapshot.last_ok, snapshot.last_failed) == (BORN + 6, BORN + 22)
    assert (snapshot.last_category, snapshot.failures_in_a_row) == ("network.reset", 2)
    times(history, 1)
    assert known(history).failures_in_a_row == 0


def test_who_is_not_to_blame_is_not_remembered(history):
    assert not history.observe(attempt(outcome="cancelled"))
    assert not history.observe(attempt(category="request.bad"))
    assert history.known() == ()


def test_what_happened_before_is_as_old_as_it_is(history, clock):
    def before(age):
        return attempt(started_at=clock.wall() - age, duration=0.0)

    history.seed([before(20 * MINUTE), attempt(outcome="cancelled")])
    half = known(history).weight
    assert half == pytest.approx(0.5)
    history.seed([before(-3600)])  # of a clock that was set back since
    assert known(history).weight == pytest.approx(1 + half * 0.5 ** (1 / 20))


def test_a_provider_that_moves_starts_anew(history):
    times(history, 10, first_chunk=1.0)
    times(history, 1, candidate=who("other"))
    moved = who(base_url="http://127.0.0.1:10/v1")
    assert history.patience(who()) == (2.0, None)
    assert history.patience(moved) == (None, None)
    times(history, 1, candidate=moved)
    assert history.known() == (("other", "m"), ("one", "m"))
    assert known(history).attempts == 1
    assert not history._kept
    times(history, 1, candidate=moved)
    assert known(history).attempts == 2


def test_a_provider_is_all_its_models(history, clock):
    times(history, 60, candidate=who(model="a"), duration=1.0)
    clock.now += 1
    times(history, 60, candidate=who(model="b"), duration=3.0, started_at=BORN + 9)
    times(history, 5, candidate=who("other"), category="service.error")
    all_of_it = history.of_provider("one")
    assert (all_of_it.provider, all_of_it.model, all_of_it.attempts) == ("one", "", 120)
    assert all_of_it.duration_p50 == 3.0  # the newest count most
    assert (all_of_it.state, all_of_it.last_ok) == ("ok", BORN + 12)
    assert history.of_provider("nobody").state == "unknown"


def test_threads_do_not_disturb_each_other(clock):
    """With switches as often as can be: a queue that changes while it is read would raise."""
    history = History(clock=clock, wall=clock.wall)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    trouble = []

    def work():
        try:
            for _ in range(200):
                history.observe(attempt(first_chunk=1.0))
                history.patience(who())
                known(history)
        except Exception as error:  # noqa: BLE001  # of another thread, which nobody would see
            trouble.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert not trouble
    assert known(history).attempts == 800
