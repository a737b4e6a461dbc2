"""What learning is worth: fewer good answers given up, and sooner a silent provider left."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbapimgr.engine import Limits
from nbapimgr.health import History
from nbapimgr.models import Request
from tests.health.health_attempts import Clock, attempt, who

ASKED = Request(messages=())


def given_up(median, spread, *, learns, pause=60.0, calls=1500):
    """The share of good answers that come too late, and the mean limit, of log-normal delays."""
    draw = random.Random(7)  # noqa: S311  # no secret
    clock = Clock()
    history = History(clock=clock, wall=clock.wall)
    cut, limits = 0, 0.0
    for _ in range(calls):
        patience = history.patience(who()) if learns else (None, None)
        limit = Limits().silence(ASKED, who().provider, patience).first.seconds
        delay = draw.lognormvariate(math.log(median), spread)
        limits += limit
        if delay > limit:
            cut += 1
            history.observe(attempt(category="network.first_token_timeout", duration=limit))
        else:
            history.observe(attempt(first_chunk=delay, duration=delay + 1))
        clock.now += pause
    return cut / calls, limits / calls


@pytest.mark.parametrize("pause", [1.0, 60.0])
@pytest.mark.parametrize(("median", "spread"), [(2.0, 0.9), (4.0, 0.6), (8.0, 0.3)])
def test_a_slow_provider_is_not_given_up_for_being_slow(median, spread, pause):
    learned, _ = given_up(median, spread, learns=True, pause=pause)
    fixed, limit = given_up(median, spread, learns=False, pause=pause)
    assert limit == 10
    assert learned < fixed / 3


@pytest.mark.parametrize("pause", [1.0, 60.0])
def test_a_quick_provider_that_falls_silent_is_left_sooner(pause):
    cut, limit = given_up(0.5, 0.6, learns=True, pause=pause)
    assert cut < 0.001
    assert limit < 6


seconds = st.one_of(st.none(), st.floats(0, 1e4))
attempts = st.builds(
    lambda ok, first, gap, after: (
        attempt(
            category=None if ok else "service.error",
            first_chunk=first,
            longest_gap=gap,
            duration=(first or 0.0) + 1,
            tokens=10,
        ),
        after,
    ),
    st.booleans(), seconds, seconds, st.floats(-1e5, 1e5),
)  # fmt: skip


@given(st.lists(attempts, max_size=150))
def test_whatever_happens_the_figures_make_sense(script):
    clock = Clock()
    history = History(clock=clock, wall=clock.wall)
    for one, after in script:
        history.observe(one)
        clock.now += after  # in either direction
        known = history.snapshot("one", "m")
        assert 0 <= known.weight <= 30
        assert 0 < known.success_rate < 1
        assert known.observed_rate is None or 0 <= known.observed_rate <= 1
        quantiles = [known.first_token_p50, known.first_token_p95, known.first_token_p99]
        assert quantiles == [None] * 3 or quantiles == sorted(quantiles)
        assert known.duration_p50 is None or known.duration_p50 <= known.duration_p95
        assert known.tokens_per_second is None or known.tokens_per_second > 0
        for limit in history.patience(who()):
            assert limit is None or limit >= 0
    assert history.snapshot("one", "m").attempts == len(script)
    assert history.of_provider("one").attempts == len(script)
