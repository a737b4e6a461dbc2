"""After a prompt did not fit, a candidate with a larger window is asked."""

from __future__ import annotations

import pytest
from faultserver import error, streamed

from nbapimgr.engine import Engine
from nbapimgr.engine._larger import larger_first
from nbapimgr.errors import AllProvidersFailed
from nbapimgr.models import Candidate, Failed, Failure, Provider
from nbapimgr.secret import Secret

SAID = "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens."


def candidate(name):
    return Candidate(
        provider=Provider(name=name, dialect="openai-chat", base_url="http://h"), model="m"
    )


def after(message, windows, names="bcd"):
    failure = Failure(
        category="model.context_length", scope="request", retryable=False, message=message
    )
    known = {f"{name}:m": window for name, window in windows.items()}
    queue, dropped = larger_first(failure, candidate("a"), map(candidate, names), known)
    return "".join(c.provider.name for c in queue), {str(s.candidate): s.reason for s in dropped}


def test_known_larger_ones_first_then_unknown_and_no_smaller_ones():
    queue, dropped = after(SAID, {"c": 4096, "d": 128_000})
    assert queue == "db"
    assert dropped == {"c:m": "its window, 4,096 tokens, is no larger than that of a:m"}


def test_the_order_among_equals_stays():
    assert after(SAID, {"b": 10_000, "c": 99_000, "d": 10_000})[0] == "bcd"


def test_one_that_is_just_as_large_is_dropped():
    assert after(SAID, {"b": 8192})[0] == "cd"


def test_one_that_is_larger_but_not_large_enough_is_dropped():
    assert after(SAID, {"b": 8999, "c": 9000}) == (
        "cd",
        {"b:m": "the prompt has 9,000 tokens, its window is 8,999"},
    )


def test_what_is_known_counts_where_the_failure_states_nothing():
    assert after("too long", {"a": 8192, "b": 4096, "d": 9000})[0] == "dc"


def test_without_a_measure_the_order_stays():
    assert after("too long", {"b": 4096, "d": 9000}) == ("bcd", {})


# --- in a call ------------------------------------------------------------------------------------


@pytest.fixture
def informed():
    """An engine that knows windows."""
    windows = {"one:m": 8192, "two:m": 4096, "four:m": 128_000}
    asked = []
    engine = Engine(
        key_for=lambda _: Secret("sk-canary"),
        windows=lambda candidates: asked.append([str(c) for c in candidates]) or windows,
    )
    engine.asked = asked
    yield engine
    engine.close()


def test_the_call_goes_on_with_the_larger_one(informed, server, ask, at):
    server.script(error(400, SAID, code="context_length_exceeded"), streamed("ok"))
    names = ["one", "two", "three", "four"]
    one = ask(informed, *(at(server, name, priority=n) for n, name in enumerate(names)))
    assert one.reply().provider == "four"
    assert one.categories == ["model.context_length", "ok"]
    assert [str(e.next) for e in one.events if isinstance(e, Failed)] == ["four:m"]
    assert informed.asked == [["one:m", "two:m", "three:m", "four:m"]]


def test_who_was_dropped_is_said_when_nobody_answers(informed, server, ask, at):
    server.script(error(400, SAID, code="context_length_exceeded"))
    one = ask(informed, at(server, "one", 1), at(server, "two", 2))
    with pytest.raises(AllProvidersFailed) as caught:
        one.reply()
    assert caught.value.skipped == (
        "two:m: its window, 4,096 tokens, is no larger than that of one:m",
    )


def test_windows_are_not_asked_for_otherwise(informed, server, ask, at):
    server.script(error(503), streamed("ok"))
    assert ask(informed, at(server, "one", 1), at(server, "two", 2)).reply().text
    assert informed.asked == []


def test_an_engine_that_knows_nothing_goes_on_in_order(engine, server, ask, at):
    server.script(error(400, SAID, code="context_length_exceeded"), streamed("ok"))
    assert ask(engine, at(server, "one", 1), at(server, "two", 2)).reply().provider == "two"
