"""What is done about each class of failure."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbapimgr.engine._recovery import ACTIONS, decide, offline
from nbapimgr.models import Attempt, Candidate, Provider, Request, user
from nbapimgr.wire.failures import CATEGORIES, network

NOW = 1_000_000.0
REQUEST = Request(messages=(user("hi"),))


def candidate(name="a", model="m", credential="main", url=None):
    provider = Provider(
        name=name, dialect="openai-chat", base_url=url or f"http://{name}.example/v1"
    )
    return Candidate(provider=provider, model=model, credential=credential)


A, B = candidate("a"), candidate("b")


def failure(category, **fields):
    return msgspec.structs.replace(network(category, "x"), **fields)


def tried(who, what=None, times=1):
    return [
        Attempt(
            number=n + 1,
            candidate=who,
            started_at=NOW,
            duration=1,
            outcome="error",
            failure=what or failure("service.error"),
        )
        for n in range(times)
    ]


def after(what, *, who=A, remaining=(B,), times=1, request=REQUEST, **more):
    return decide(what, tried(who, what, times), request, remaining, NOW, **more)


# --- the table ------------------------------------------------------------------------------------


def test_each_category_has_an_action():
    assert ACTIONS.keys() == CATEGORIES.keys()


@pytest.mark.parametrize("category", CATEGORIES)
def test_the_first_failure_of_each_category(category):
    decision = after(failure(category))
    expected = {"again": A, "wait": B, "next": B, "away": B, "stop": None}[ACTIONS[category]]
    assert (decision.queue[0] if decision.queue else None) == expected
    assert (decision.wait > 0) == (ACTIONS[category] == "again")


@pytest.mark.parametrize("category", CATEGORIES)
def test_after_the_second_failure_it_is_never_the_same(category):
    assert A not in after(failure(category), times=2).queue


@pytest.mark.parametrize("category", CATEGORIES)
def test_alone_the_same_is_tried_again_exactly_where_it_may_be(category):
    decision = after(failure(category), remaining=())
    assert decision.queue == ((A,) if CATEGORIES[category].retryable else ())


@pytest.mark.parametrize("category", CATEGORIES)
def test_alone_nobody_is_tried_for_ever(category):
    assert not after(failure(category), remaining=(), times=3).queue


@pytest.mark.parametrize("category", [c for c in ACTIONS if ACTIONS[c] == "away"])
def test_a_silent_route_is_not_tried_again_even_when_it_says_so(category):
    assert after(failure(category, retryable=True), remaining=()).queue == ()


@pytest.mark.parametrize("category", [c for c in ACTIONS if CATEGORIES[c].retryable])
def test_what_may_not_be_sent_again_is_not(category):
    assert A not in after(failure(category, retryable=False)).queue
    assert after(failure(category, retryable=False), remaining=()).queue == ()


@pytest.mark.parametrize("category", ["auth.invalid_key", "request.bad", "rate_limit.too_large"])
def test_a_server_that_asks_for_a_second_try_gets_it_once(category):
    what = failure(category, retryable=True)
    assert after(what).queue == (A, B)
    assert A not in after(what, times=2).queue


# --- hints and pauses -----------------------------------------------------------------------------


def test_a_near_hint_is_waited_for():
    decision = after(failure("rate_limit.short", retry_after=2.0), chance=0.0)
    assert (decision.queue, decision.wait) == ((A, B), 2.0)


def test_a_crowd_does_not_come_back_at_once():
    what = failure("rate_limit.short", retry_after=2.0)
    assert after(what, chance=0.999).wait == pytest.approx(2.5, abs=0.01)


def test_a_moment_is_a_hint_too():
    decision = after(failure("rate_limit.short", retry_at=NOW + 1.5), chance=0.0)
    assert (decision.queue[0], decision.wait) == (A, 1.5)


def test_a_moment_that_has_passed_is_no_wait():
    decision = after(failure("rate_limit.short", retry_at=NOW - 5), chance=0.5)
    assert (decision.queue[0], decision.wait) == (A, 0.0)


def test_a_far_hint_is_not_waited_for():
    assert after(failure("rate_limit.short", retry_after=2.1)).queue == (B,)
    assert after(failure("service.overloaded", retry_after=30)).queue == (B,)


def test_alone_a_minute_is_waited_for_and_not_more():
    what = failure("rate_limit.short", retry_after=60)
    assert after(what, remaining=(), chance=0.0).wait == 60
    assert not after(failure("rate_limit.short", retry_after=61), remaining=()).queue


def test_alone_without_a_hint_the_pause_doubles():
    what = failure("rate_limit.short")
    pauses = [after(what, remaining=(), times=n, chance=0.8).wait for n in (1, 2)]
    assert pauses == [pytest.approx(0.4), pytest.approx(0.8)]


def test_the_pause_before_the_same_again_is_fully_jittered():
    what = failure("service.overloaded")
    assert after(what, chance=0.0).wait == 0.0
    assert after(what, chance=0.99).wait == pytest.approx(0.495)


# --- deadline and wishes --------------------------------------------------------------------------


def test_after_the_deadline_nobody_is_tried():
    assert not after(failure("auth.invalid_key"), left=0.0).queue


def test_there_is_no_pause_past_the_deadline():
    what = failure("rate_limit.short", retry_after=1.0)
    assert after(what, left=0.9, chance=0).queue == (B,)
    assert after(what, left=1.1, chance=0).queue == (A, B)
    assert not after(what, left=0.9, remaining=()).queue


def test_a_refusal_goes_on_only_by_the_users_wish():
    what = failure("request.content_policy")
    other_model = candidate("a", "other")
    wish = msgspec.structs.replace(REQUEST, cross_refusal=True)
    assert not after(what).queue
    assert after(what, request=wish, remaining=(other_model, B)).queue == (B,)


def test_told_to_raise_shown_text_is_the_end():
    request = msgspec.structs.replace(REQUEST, on_restart="raise")
    assert not after(failure("service.stream_broken"), request=request, shown=True).queue
    assert after(failure("service.stream_broken"), request=request).queue == (B,)


def test_an_overload_after_text_goes_to_the_next():
    what = failure("service.overloaded")
    assert after(what, shown=True).queue == (B,)
    assert after(what, shown=True, remaining=()).queue == (A,)


def test_what_one_candidate_cannot_take_does_not_stop_the_others():
    assert after(failure("request.bad", scope="model")).queue == (B,)


# --- whom a failure drops -------------------------------------------------------------------------

SPARE = candidate("a", "m", "spare")
LARGE = candidate("a", "large", "main")
LARGE_SPARE = candidate("a", "large", "spare")
SAME_MODEL = candidate("b", "m")
NEIGHBOUR = candidate("n", "x", url="http://a.example/other")
OTHER_PORT = candidate("p", "x", url="http://a.example:8080/v1")
EVERYONE = (SPARE, LARGE, LARGE_SPARE, SAME_MODEL, NEIGHBOUR, OTHER_PORT)


@pytest.mark.parametrize(
    ("category", "dropped"),
    [
        ("auth.invalid_key", [LARGE]),
        ("quota.exhausted", [LARGE]),
        ("model.not_found", [SPARE]),
        ("model.context_length", [SPARE]),
        ("rate_limit.too_large", [SPARE]),
        ("request.too_large", [SPARE, LARGE, LARGE_SPARE]),
        ("auth.region", [SPARE, LARGE, LARGE_SPARE]),
        ("network.first_token_timeout", [SPARE, LARGE, LARGE_SPARE]),
        ("network.refused", [SPARE, LARGE, LARGE_SPARE, NEIGHBOUR]),
        ("network.proxy", []),
    ],
)
def test_who_shares_the_cause_is_dropped(category, dropped):
    decision = after(failure(category), remaining=EVERYONE)
    assert [c for c in EVERYONE if c not in decision.queue] == dropped
    assert [skip.candidate for skip in decision.dropped] == [str(c) for c in dropped]
    assert all(category in skip.reason for skip in decision.dropped)


def test_another_model_of_a_provider_in_trouble_is_the_last_resort():
    what = failure("service.overloaded")
    assert after(what, times=2, remaining=(SPARE, LARGE, B)).queue == (B,)
    assert after(what, times=2, remaining=(SPARE, LARGE)).queue == (LARGE,)
    assert not after(failure("auth.region"), remaining=(SPARE, LARGE)).queue


# --- offline --------------------------------------------------------------------------------------


def unreachable(*hosts, category="network.dns"):
    return [
        attempt
        for host in hosts
        for attempt in tried(candidate(url=f"https://{host}/v1"), failure(category))
    ]


def test_offline_is_when_no_host_could_be_reached():
    assert offline(unreachable("one.example", "two.example"))
    assert offline(unreachable("one.example", "two.example", category="network.connect_timeout"))


def test_one_host_or_this_machine_says_nothing():
    assert not offline(unreachable("one.example", "one.example"))
    assert not offline(unreachable("one.example", "127.0.0.1", "localhost", "[::1]"))
    assert not offline([])


def test_one_answer_of_any_kind_means_online():
    attempts = unreachable("one.example", "two.example")
    assert not offline([*attempts, *tried(B, failure("service.error"))])
    ok = msgspec.structs.replace(attempts[0], failure=None, outcome="ok")
    assert not offline([*attempts, ok])


# --- properties -----------------------------------------------------------------------------------


@given(
    category=st.sampled_from(sorted(CATEGORIES)),
    scope=st.sampled_from(
        ["request", "model", "credential", "account", "provider", "host", "local"]
    ),
    retryable=st.booleans(),
    hint=st.none() | st.floats(0, 1e6),
    remaining=st.lists(st.sampled_from(EVERYONE), unique_by=id),
    times=st.integers(1, 4),
    left=st.none() | st.floats(-1, 100),
    shown=st.booleans(),
    chance=st.floats(0, 1, exclude_max=True),
)
def test_a_decision_never_invents_and_never_loses_anyone(  # noqa: PLR0917
    category, scope, retryable, hint, remaining, times, left, shown, chance
):
    what = failure(category, scope=scope, retryable=retryable, retry_after=hint)
    decision = after(
        what, remaining=tuple(remaining), times=times, left=left, shown=shown, chance=chance
    )
    rest = [c for c in decision.queue if c != A]
    assert rest == [c for c in remaining if c in rest]  # in the order of the plan
    assert decision.wait >= 0
    assert left is None or decision.wait == 0 or decision.wait < left
    if decision.queue:
        names = sorted(str(c) for c in remaining)
        assert sorted([*(str(c) for c in rest), *(s.candidate for s in decision.dropped)]) == names
    else:
        assert decision.wait == 0


@pytest.mark.parametrize("status", [408, 504])
def test_a_timeout_of_the_servers_own_is_tried_again_when_nobody_else_is_left(status):
    said = failure("network.total_timeout", status=status, retry_after=3.0)
    assert after(said, remaining=(), chance=0.0).queue == (A,)
    assert after(said, remaining=(), chance=0.0).wait == 3.0
    assert after(said).queue == (B,)
    assert not after(said, remaining=(), times=3).queue


def test_a_timeout_of_ours_is_never_tried_again():
    for category in ("network.total_timeout", "network.stall", "network.first_token_timeout"):
        assert not after(failure(category), remaining=()).queue
