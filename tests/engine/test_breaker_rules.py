"""When a breaker opens and for how long, by class and scope: pure, without a clock."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbapimgr.engine._breaker_rules import (
    RULES,
    Identity,
    is_definite,
    is_open,
    outranks,
    rule_of,
    struck,
    tells_of_life,
)
from nbapimgr.engine._recovery import ACTIONS
from nbapimgr.models import Breaker, Failure
from nbapimgr.wire.failures import CATEGORIES

NOW = 1_800_000_000.0
WHO = Identity("provider", "p https://h", "p", "p")
PASSING = sorted(c for c, rule in RULES.items() if rule and not rule.definite)
DEFINITE = sorted(c for c, rule in RULES.items() if rule and rule.definite)
NEVER = sorted(c for c, rule in RULES.items() if rule is None)


def failure(category, *, scope=None, **fields):
    known = CATEGORIES[category]
    return Failure(
        category=category, scope=scope or known.scope, retryable=known.retryable, **fields
    )


def strike(before, category="service.overloaded", now=NOW, chance=0.0, **fields):
    return struck(before, failure(category, **fields), WHO, now, chance)


def test_every_class_has_its_rule():
    assert RULES.keys() == CATEGORIES.keys() == ACTIONS.keys()
    assert NEVER == [
        "model.context_length",
        "network.offline",
        "rate_limit.too_large",
        "request.bad",
        "request.content_policy",
        "request.too_large",
        "user.budget",
        "user.cancelled",
    ]
    assert DEFINITE == [
        "auth.invalid_key",
        "auth.permission",
        "auth.region",
        "model.not_found",
        "quota.exhausted",
        "rate_limit.daily",
    ]


@pytest.mark.parametrize("category", NEVER)
def test_some_classes_are_nobodys_fault(category):
    assert rule_of(failure(category, scope="provider")) is None


@pytest.mark.parametrize("scope", ["request", "local"])
def test_some_scopes_are_nobodys_fault(scope):
    assert rule_of(failure("service.error", scope=scope)) is None
    assert rule_of(failure("service.error", scope="model")) is not None


@pytest.mark.parametrize("category", PASSING)
def test_one_failure_is_an_accident_and_two_are_not(category):
    first = strike(None, category)
    assert not is_open(first)
    second = strike(first, category, now=NOW + 1)
    assert is_open(second)
    assert (second.strikes, second.since, second.until) == (2, NOW, NOW + 15)
    assert not is_definite(second)


@pytest.mark.parametrize("category", DEFINITE)
def test_one_failure_tells_what_has_to_be_mended(category):
    first = strike(None, category)
    assert is_open(first)
    assert is_definite(first)
    assert 1800 <= first.until - NOW <= 3600


def test_what_has_to_be_mended_is_tried_after_an_hour_at_the_latest():
    known = None
    waits = []
    for _ in range(40):
        known = strike(known, "model.not_found")
        waits.append(known.until - NOW)
    assert waits[:3] == [1800, 3600, 3600]
    assert set(waits[3:]) == {3600}


def test_tries_fall_due_by_the_age_of_the_trouble():
    known = strike(strike(None), now=NOW + 0.4)
    ages = []
    for _ in range(8):
        ages.append(known.until - NOW)
        known = strike(known, now=known.until)
    assert ages == [15, 30, 60, 120, 240, 540, 840, 1140]


def test_a_try_that_comes_late_is_followed_by_the_next_of_the_same_row():
    known = strike(strike(None), now=NOW + 1)
    assert strike(known, now=NOW + 100).until == NOW + 120
    assert strike(known, now=NOW + 1000).until == NOW + 1140


def test_an_old_accident_does_not_make_a_new_trouble_old():
    known = strike(strike(None), now=NOW + 5000)
    assert (known.strikes, known.since) == (2, NOW + 5000 - 15)
    assert known.until == NOW + 5000 + 15


@given(chance=st.floats(0, 1, exclude_max=True), late=st.floats(0, 1e9))
def test_chance_only_makes_it_later(chance, late):
    known = strike(strike(None), now=NOW + 1)
    plain, varied = strike(known, now=NOW + late), strike(known, now=NOW + late, chance=chance)
    wait = plain.until - plain.opened
    assert wait - 1e-3 <= varied.until - varied.opened <= wait * 1.1 + 1e-3
    assert 0 < wait <= 300


def test_a_clock_that_was_set_back_makes_no_trouble_younger_than_nothing():
    known = strike(strike(None), now=NOW + 1)
    again = strike(known, now=NOW - 3600)
    assert again.since == NOW - 3600
    assert again.until == NOW - 3600 + 15


@pytest.mark.parametrize(
    ("said", "wait"), [({"retry_after": 2.0}, 2), ({"retry_at": NOW + 40}, 40)]
)
def test_a_stated_moment_opens_at_once_until_then(said, wait):
    known = strike(None, "rate_limit.short", scope="credential", **said)
    assert is_open(known)
    assert known.stated
    assert known.until == NOW + wait
    again = strike(known, "rate_limit.short", now=NOW + wait, retry_after=1.0)
    assert again.until == NOW + wait + 1


@pytest.mark.parametrize("said", [{"retry_after": 0.0}, {"retry_at": NOW - 5}])
def test_a_moment_that_is_past_says_nothing(said):
    known = strike(None, "rate_limit.short", **said)
    assert not known.stated
    assert not is_open(known)


def test_no_stated_moment_is_further_than_a_month():
    assert strike(None, "quota.exhausted", retry_after=1e9).until == NOW + 32 * 86_400


def test_a_stated_reset_counts_more_than_the_rule():
    known = strike(None, "rate_limit.daily", retry_after=60.0)
    assert (known.until, known.stated) == (NOW + 60, True)


def test_who_is_overloaded_again_and_again_is_not_believed():
    known = strike(None, retry_after=1.0)
    assert (known.until, known.stated) == (NOW + 1, True)
    known = strike(known, now=NOW + 1.5, retry_after=1.0)
    assert (known.until, known.stated) == (NOW + 15, False)
    known = strike(known, now=NOW + 15, retry_after=100.0)
    assert (known.until, known.stated) == (NOW + 115, True)


def test_another_kind_of_trouble_begins_anew():
    known = strike(strike(None), now=NOW + 1)
    banned = strike(known, "auth.region", now=NOW + 20)
    assert (banned.strikes, banned.since, is_definite(banned)) == (1, NOW + 20, True)
    back = strike(banned, "service.error", now=NOW + 4000)
    assert (back.strikes, is_open(back)) == (1, False)


@pytest.mark.parametrize(
    ("category", "fields", "more"),
    [
        ("service.error", {}, False),
        ("service.error", {"retry_after": 5.0}, False),
        ("service.error", {"retry_after": 50.0}, True),
        ("auth.region", {}, True),
    ],
)
def test_what_counts_more_than_an_open_breaker(category, fields, more):
    known = strike(strike(None), now=NOW + 1)
    assert outranks(failure(category, **fields), known, NOW + 2) is more


def test_passing_trouble_does_not_open_what_has_to_be_mended():
    known = strike(None, "auth.region")
    assert not outranks(failure("service.error"), known, NOW + 1)
    assert not outranks(failure("service.error", retry_after=1e5), known, NOW + 1)


@pytest.mark.parametrize(
    ("category", "status", "alive"),
    [
        ("request.bad", 400, True),
        ("model.context_length", 400, True),
        ("rate_limit.too_large", 413, True),
        ("request.bad", None, False),
        ("network.proxy", 407, False),
        ("service.error", 500, False),
        ("user.budget", 402, False),
    ],
)
def test_who_reads_a_request_is_alive(category, status, alive):
    assert tells_of_life(failure(category, status=status)) is alive


def test_words_are_short_and_hold_no_key():
    known = strike(None, message="Incorrect key sk-proj-abcdefghijklmnopqrstuvw1\n" + "x" * 500)
    assert "sk-proj" not in known.message
    assert len(known.message) <= 160
    assert "\n" not in known.message
    assert strike(None, message="a", detail="b").message == "b"


def test_an_unknown_class_of_a_newer_version_passes():
    odd = Breaker(scope="provider", key="k", label="p", provider="p", category="service.new",
                  since=NOW, opened=NOW, until=NOW + 9, strikes=2)  # fmt: skip
    assert not is_definite(odd)
    assert is_open(odd)
    assert Identity.of(odd) == ("provider", "k", "p", "p")


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({}, "open: service.error twice, tried again in 14 s"),
        ({"strikes": 1}, "open: service.error once, tried again in 14 s"),
        ({"strikes": 7}, "open: service.error 7 times, tried again in 14 s"),
        ({"until": NOW}, "open: service.error twice, due for a try"),
        ({"until": NOW + 0.2}, "open: service.error twice, tried again in 1 s"),
        ({"until": NOW + 119}, "open: service.error twice, tried again in 119 s"),
        ({"until": NOW + 120}, "open: service.error twice, tried again in 2 min"),
        ({"until": NOW + 3 * 3600}, "open: service.error twice, tried again in 3 h"),
        ({"until": NOW + 20 * 86_400}, "open: service.error twice, tried again in 20 days"),
        (
            {"category": "auth.invalid_key", "until": NOW + 3600},
            "open: auth.invalid_key twice, tried again when the key changes, else in 60 min",
        ),
        (
            {"category": "auth.permission", "until": NOW},
            "open: auth.permission twice, due for a try",
        ),
    ],
)
def test_the_line_for_people(fields, line):
    one = {"scope": "provider", "key": "k", "label": "p", "provider": "p", "since": NOW,
           "category": "service.error", "opened": NOW, "until": NOW + 14, "strikes": 2}  # fmt: skip
    assert Breaker(**{**one, **fields}).line(NOW) == line
