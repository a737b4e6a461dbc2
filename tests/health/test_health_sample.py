"""What one attempt says of its candidate."""

from __future__ import annotations

import pytest

from nbapimgr.health import sample_of
from nbapimgr.wire.failures import CATEGORIES
from tests.health.health_attempts import BORN, attempt, who


def test_a_good_answer():
    sample = sample_of(attempt(duration=3.0, first_chunk=1.0, tokens=50, longest_gap=0.4))
    assert sample.ok
    assert (sample.wall, sample.duration, sample.first_token) == (BORN + 3, 3.0, 1.0)
    assert (sample.gap, sample.speed, sample.category, sample.credential) == (0.4, 25.0, "", None)


def test_an_answer_that_is_not_streamed_has_no_first_token_and_no_speed():
    sample = sample_of(attempt(stream=False, first_chunk=2.9, duration=3.0, tokens=50))
    assert (sample.first_token, sample.speed, sample.duration) == (None, None, 3.0)


def test_no_speed_is_taken_from_what_came_in_one_piece_or_uncounted():
    assert sample_of(attempt(duration=1.0, first_chunk=0.96, tokens=50)).speed is None
    assert sample_of(attempt(duration=1.0, first_chunk=0.1)).speed is None


@pytest.mark.parametrize(
    "category", [name for name, known in CATEGORIES.items() if known.scope in {"request", "local"}]
)
def test_what_is_not_the_providers_doing_blames_nobody(category):
    assert sample_of(attempt(category=category)) is None


@pytest.mark.parametrize("category", ["user.cancelled", "user.budget"])
def test_what_the_user_does_blames_nobody(category):
    assert sample_of(attempt(category=category)) is None


@pytest.mark.parametrize("outcome", ["cancelled", "refused", "cached"])
def test_what_is_no_try_says_nothing(outcome):
    assert sample_of(attempt(outcome=outcome)) is None


def test_a_quick_refusal_is_no_quick_answer():
    sample = sample_of(attempt(category="service.error", duration=0.01, tokens=3, first_chunk=0.1))
    assert (sample.ok, sample.duration, sample.speed) == (False, None, None)
    assert sample.category == "service.error"
    assert sample.first_token == 0.1  # it had begun to answer, and that is worth knowing


@pytest.mark.parametrize(
    ("category", "whose"),
    [("auth.invalid_key", "spare"), ("quota.exhausted", "spare"), ("service.error", None)],
)
def test_a_failure_of_one_key_is_that_keys(category, whose):
    assert sample_of(attempt(who(credential="spare"), category=category)).credential == whose


@pytest.mark.parametrize("waited", [3.0, 10.0])
def test_how_long_one_would_have_taken_that_was_given_up_nobody_knows(waited):
    late = sample_of(attempt(category="network.first_token_timeout", duration=waited))
    assert (late.ok, late.first_token, late.gap) == (False, None, None)
    stalled = sample_of(
        attempt(category="network.stall", duration=60, first_chunk=0.2, longest_gap=waited)
    )
    assert (stalled.ok, stalled.first_token, stalled.gap) == (False, 0.2, None)


def test_a_probe_that_was_ended_at_its_first_piece_says_when_that_came():
    probe = {"outcome": "cancelled", "probe": True, "duration": 9.0, "tokens": 1}
    sample = sample_of(attempt(**probe, first_chunk=8.0, queued=1.0, longest_gap=0.2))
    assert (sample.ok, sample.first_token) == (True, 7.0)
    assert (sample.duration, sample.gap, sample.speed) == (None, None, None)
    assert sample_of(attempt(**probe)) is None  # the user stopped it before
    whole = {**probe, "outcome": "ok", "first_chunk": 8.0}
    assert sample_of(attempt(**whole)).duration == 9.0


def test_what_was_waited_for_here_is_not_the_providers_slowness():
    sample = sample_of(attempt(duration=9.0, queued=6.0, first_chunk=7.5))
    assert (sample.first_token, sample.duration) == (1.5, 9.0)
