"""Each attempt is accounted for exactly once, whatever happens: the loop against a tiny model."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import pytest
from faultserver import FaultServer, cut, error, streamed, whole
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from nbapimgr.engine import Engine, Limits, make_plan
from nbapimgr.engine._budget import RetryBudget
from nbapimgr.errors import AllProvidersFailed
from nbapimgr.models import (
    Delta,
    Failed,
    Finished,
    Planned,
    Provider,
    Request,
    Restarted,
    Started,
    user,
)


@dataclass(frozen=True)
class Outcome:
    """What a provider does, and what the loop has to make of it."""

    name: str
    again: bool = False  # the same may be tried once more
    stops: bool = False
    good: bool = False
    shows: bool = False


OUTCOMES = {
    Outcome("ok", good=True, shows=True): streamed("fine"),
    Outcome("whole", good=True, shows=True): whole("fine"),
    Outcome("auth"): error(401),
    Outcome("model"): error(404),
    Outcome("service", again=True): error(500),
    Outcome("reset", again=True): cut,
    Outcome("bad", stops=True): error(400, "unknown parameter"),
    Outcome("broken", shows=True): streamed("half", after=cut),
}
COUNTER = itertools.count()
SCRIPTS = st.lists(st.sampled_from(sorted(OUTCOMES, key=str)), min_size=1, max_size=4)


def expected(script, providers):
    """The outcomes that are met, by the rules in one page."""
    met, rest = [], list(script)

    def take():
        outcome = rest.pop(0) if len(rest) > 1 else rest[0]
        met.append(outcome)
        return outcome

    for number in range(providers):
        alone = number == providers - 1
        for _ in range(3 if alone else 2):
            outcome = take()
            if outcome.good or outcome.stops:
                return met
            if not (outcome.again or (alone and outcome.name == "broken")):
                break
    return met


@pytest.fixture(scope="module")
def world():
    with FaultServer() as server:
        engine = Engine(key_for=lambda _: None, limits=Limits(first_token=5, stall=5))
        yield server, engine
        engine.close()


def ask(world, script, providers, consume=None, **options):
    server, engine = world
    engine.breakers.reset()
    engine._retries = RetryBudget()
    server.script(*(OUTCOMES[outcome] for outcome in script))
    mark = f"/{next(COUNTER)}/"  # a request of the call before may be read by the server only now
    made = [
        Provider(
            name=f"p{number}",
            dialect="openai-chat",
            base_url=f"{server.origin}{mark}{number}",
            models=(f"m{number}",),
            keyless=True,
        )
        for number in range(providers)
    ]
    request = Request(messages=(user("hi"),), **options)
    plan = make_plan(request, made, credentials=lambda _: ())
    accounted, events, failed = [], [], None
    stream = engine.stream(plan, request, account=lambda a: (accounted.append(a), a)[1])
    try:
        for event in stream:
            events.append(event)
            if consume is not None and len(events) > consume:
                break
    except AllProvidersFailed as caught:
        failed = caught
    stream.close()
    seen = [request for request in list(server.seen) if request.target.startswith(mark)]
    return accounted, events, failed, seen


SETTINGS = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setattr("random.random", lambda: 0.0)


@SETTINGS
@given(script=SCRIPTS, providers=st.integers(1, 3))
def test_the_loop_does_what_the_rules_say(world, script, providers):
    # A closed connection drops all of its host, and the rules below know providers alone.
    assume(all(outcome.name != "reset" for outcome in script))
    accounted, events, failed, seen = ask(world, script, providers)
    met = expected(script, providers)
    assert len(seen) == len(met)
    assert [a.outcome for a in accounted] == ["ok" if o.good else "error" for o in met]
    assert [a.number for a in accounted] == list(range(1, len(met) + 1))
    if met[-1].good:
        assert events[-1].reply.attempts == tuple(accounted)
        assert events[-1].reply.text == "fine"
    else:
        assert failed.attempts == tuple(accounted)


@SETTINGS
@given(script=SCRIPTS, providers=st.integers(1, 3))
def test_events_come_in_order_and_carry_what_was_accounted(world, script, providers):
    accounted, events, failed, _ = ask(world, script, providers)
    assert isinstance(events[0], Planned)
    attempts, shown, open_attempt = iter(accounted), "", False
    for event in events[1:]:
        match event:
            case Restarted(kept_text=kept):
                assert not open_attempt
                assert kept == shown != ""
                shown = ""
            case Started():
                assert not open_attempt
                assert shown == ""
                open_attempt = True
            case Delta(text=text):
                assert open_attempt
                shown += text
            case Failed(attempt=attempt):
                assert attempt is next(attempts)
                open_attempt = False
            case Finished(reply=reply):
                assert reply.text == shown
                assert reply.attempts[-1] is next(attempts)
                open_attempt = False
    assert next(attempts, None) is None
    assert isinstance(events[-1], Finished) == (failed is None)


@SETTINGS
@given(script=SCRIPTS, providers=st.integers(1, 3), consume=st.integers(0, 6))
def test_leaving_early_leaves_no_attempt_unaccounted(world, script, providers, consume):
    accounted, events, _, seen = ask(world, script, providers, consume)
    numbers = [attempt.number for attempt in accounted]
    assert numbers == list(range(1, len(numbers) + 1))
    begun = sum(isinstance(event, Started) for event in events)
    assert len(accounted) >= begun
    sent_twice = sum(outcome.name == "reset" for outcome in script)  # on a kept connection
    assert len(accounted) >= len(seen) - sent_twice
    assert all(attempt.outcome != "cancelled" for attempt in accounted[:-1])


def test_each_attempt_is_observed_once_as_it_was_accounted_for(server, client, ask, at):
    seen = []
    engine = Engine(key_for=lambda _: None, observe=seen.append)
    server.script(error(500), error(500), error(401), streamed("fine"))
    asked = ask(engine, at(server, keyless=True), at(server, name="two", keyless=True, priority=2))
    with pytest.raises(AllProvidersFailed):
        asked.reply()
    asked = ask(engine, at(server, keyless=True))
    asked.reply()
    engine.close()
    assert [attempt.outcome for attempt in seen] == ["error", "error", "error", "ok"]
    assert seen[-1] is asked.accounted[0]
