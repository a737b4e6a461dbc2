"""Stopping a call at any moment: at once, with the text kept, accounted for, nobody blamed."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from contextlib import aclosing, closing

import pytest
from faultserver import cut, error, event, hang, once_shown, sse, status, streamed

from nbapimgr.engine import Engine
from nbapimgr.errors import CallInterrupted
from nbapimgr.models import Delta, Failed
from nbapimgr.secret import Secret


def stopped(one, *, once=lambda _: True, then=lambda _: None):
    """The partial text when the user presses Ctrl-C while nothing comes, after this event."""
    seen = []

    def idle():
        if any(once(step) for step in seen):
            signal.raise_signal(signal.SIGINT)

    def consume():
        for step in one.engine.stream(one.plan, one.request, account=one.account, idle=idle):
            seen.append(step)
            then(step)

    with pytest.raises(CallInterrupted) as caught:
        consume()
    assert caught.value.__context__ is None
    return caught.value.partial


def is_delta(step):
    return isinstance(step, Delta)


# --- by the user, from a cell ---------------------------------------------------------------------


def test_interrupted_before_any_answer(engine, server, other, ask, at):
    server.script(hang)
    one = ask(engine, at(server, "a"), at(other, "b", 2))

    def press():
        server.reached("hang")
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press, daemon=True).start()
    with pytest.raises(CallInterrupted) as caught:
        one.reply()
    assert caught.value.partial == ""
    [attempt] = one.accounted
    assert (attempt.outcome, attempt.failure) == ("cancelled", None)
    assert (attempt.usage.source, attempt.usage.output_tokens) == ("estimated", 0)
    assert attempt.usage.input_tokens > 0
    assert not other.seen
    server.reached("gone")


def test_interrupted_while_text_is_coming_keeps_the_text(engine, server, ask, at):
    server.script(streamed("half ", "an answer", after=hang))
    one = ask(engine, at(server))
    assert stopped(one, once=is_delta) == "half an answer"
    [attempt] = one.accounted
    assert (attempt.outcome, attempt.text_length) == ("cancelled", 14)
    assert attempt.usage.output_tokens == 4
    assert attempt.response_model == "served-model"


def test_what_the_provider_had_said_of_the_cost_is_kept(engine, server, ask, at):
    async def usage_first(exchange):
        await exchange.head(content_type="text/event-stream", transfer_encoding="chunked")
        await exchange.chunk(sse({"choices": [], "usage": {"prompt_tokens": 123}}))
        await exchange.chunk(event({"content": "four and more"}))
        await hang(exchange)

    server.script(usage_first)
    one = ask(engine, at(server))
    stopped(one, once=is_delta)
    usage = one.accounted[0].usage
    assert (usage.input_tokens, usage.output_tokens, usage.source) == (123, 4, "estimated")


def test_text_that_was_on_its_way_is_kept_too(engine, server, ask, at):
    server.script(streamed("seen", " unseen", after=hang))
    one = ask(engine, at(server))
    events = engine.stream(one.plan, one.request)
    while not is_delta(next(events)):
        pass
    server.reached("hang")
    with pytest.raises(CallInterrupted) as caught:
        events.throw(KeyboardInterrupt)
    assert "seen unseen".startswith(caught.value.partial)
    assert caught.value.partial.startswith("seen")


def test_the_text_of_a_void_attempt_is_not_kept(engine, server, other, ask, at):
    server.script(streamed("void", after=once_shown(cut)))
    other.script(streamed("new", after=hang))
    one = ask(engine, at(server, "a"), at(other, "b", 2))
    partial = stopped(
        one,
        once=lambda step: is_delta(step) and step.text == "new",
        then=lambda step: is_delta(step) and server.open("shown"),
    )
    assert partial == "new"


def test_reasoning_is_no_text_of_the_answer(engine, server, ask, at):
    async def think(exchange):
        await exchange.head(content_type="text/event-stream", transfer_encoding="chunked")
        await exchange.chunk(event({"reasoning_content": "hmm"}))
        await hang(exchange)

    server.script(think)
    one = ask(engine, at(server))
    assert stopped(one, once=is_delta) == ""


def test_interrupted_in_the_pause_before_a_retry(engine, server, ask, at):
    server.script(status(429, {"error": {"message": "later"}}, retry_after="1.9"))
    one = ask(engine, at(server))
    stopped(one, once=lambda step: isinstance(step, Failed) and step.wait > 1)
    assert one.categories == ["rate_limit.short"]  # and no row for the attempt that never began


def test_interrupted_while_a_provider_is_being_started(client, ask, at):
    release = threading.Event()

    def start(provider):
        release.wait(10)
        return provider

    engine = Engine(key_for=lambda _: Secret("k"), start=start)
    one = ask(engine, at("", "local"))
    stopped(one)
    [attempt] = one.accounted
    assert (attempt.outcome, attempt.usage) == ("cancelled", None)  # nothing had been sent
    release.set()
    engine.close()


def test_interrupted_while_waiting_for_a_slot(engine, server, ask, at, monkeypatch):
    monkeypatch.setattr("nbapimgr.engine._transport._CONNECTIONS", 1)
    server.script(hang)
    first = ask(engine, at(server)).stream()
    next(first)
    server.reached("hang")
    one = ask(engine, at(server))
    stopped(one)
    assert one.accounted[0].usage is None
    first.close()
    server.script(streamed("free again"))
    assert ask(engine, at(server)).reply().text == "free again"


def test_the_next_call_after_an_interrupt_works(engine, server, ask, at):
    server.script(hang, streamed("fine"))
    stopped(ask(engine, at(server)))
    assert ask(engine, at(server)).reply().text == "fine"


def test_listing_models_can_be_interrupted(engine, server, ask, at):
    server.script(hang)
    [candidate] = ask(engine, at(server)).plan.candidates

    def press():
        server.reached("hang")
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press, daemon=True).start()
    with pytest.raises(CallInterrupted):
        engine.models(candidate)
    server.reached("gone")


# --- by the consumer ------------------------------------------------------------------------------


def test_closing_the_generator_stops_the_call(engine, server, ask, at):
    server.script(streamed("half", after=hang))
    one = ask(engine, at(server))
    with closing(one.stream()) as events:
        for event in events:
            if isinstance(event, Delta):
                break
    assert [attempt.outcome for attempt in one.accounted] == ["cancelled"]
    server.reached("gone")


def test_dropping_the_generator_stops_the_call(engine, server, ask, at):
    server.script(hang)
    one = ask(engine, at(server))
    events = one.stream()
    next(events)
    server.reached("hang")
    del events
    assert [attempt.outcome for attempt in one.accounted] == ["cancelled"]


def test_an_error_of_the_consumer_stops_the_call(engine, server, ask, at):
    server.script(streamed("half", after=hang))
    one = ask(engine, at(server))

    def consume():
        with closing(one.stream()) as events:
            for step in events:
                assert not isinstance(step, Delta), "no more"

    with pytest.raises(AssertionError, match="no more"):
        consume()
    assert [attempt.outcome for attempt in one.accounted] == ["cancelled"]


@pytest.mark.parametrize("leave", ["close", "interrupt"])
def test_a_loop_that_is_busy_does_not_hold_who_leaves(engine, server, ask, at, monkeypatch, leave):
    monkeypatch.setattr("nbapimgr.engine._faces._SETTLE", 0.01)
    server.script(streamed("half", after=hang))
    one = ask(engine, at(server))
    release = threading.Event()

    def account(attempt):
        release.wait(20)
        return one.account(attempt)

    events = engine.stream(one.plan, one.request, account=account)
    while not is_delta(next(events)):
        pass
    if leave == "close":
        events.close()
    else:
        with pytest.raises(CallInterrupted, match="stopped"):
            events.throw(KeyboardInterrupt)
    assert not one.accounted
    release.set()
    server.reached("gone")


def test_a_generator_that_was_never_begun_asks_nobody(engine, server, ask, at):
    one = ask(engine, at(server))
    one.stream().close()
    engine.stream(one.plan, one.request).close()
    assert not server.seen


def test_leaving_after_the_end_changes_nothing(engine, server, ask, at):
    server.script(streamed("x"))
    one = ask(engine, at(server))
    with closing(one.stream()) as events:
        for event in events:
            if type(event).__name__ == "Finished":
                break
    assert one.categories == ["ok"]


# --- by code that awaits --------------------------------------------------------------------------


async def collect(one, until=None):
    async with aclosing(one.engine.astream(one.plan, one.request, account=one.account)) as events:
        async for event in events:
            one.events.append(event)
            if until is not None and isinstance(event, until):
                break


async def test_a_cancelled_task_stops_the_call(engine, server, ask, at):
    server.script(hang)
    one = ask(engine, at(server))
    task = asyncio.create_task(collect(one))
    await asyncio.to_thread(server.reached, "hang")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [attempt.outcome for attempt in one.accounted] == ["cancelled"]
    await asyncio.to_thread(server.reached, "gone")


async def test_leaving_the_asynchronous_generator_stops_the_call(engine, server, ask, at):
    server.script(streamed("half", after=hang))
    one = ask(engine, at(server))
    await collect(one, until=Delta)
    assert [attempt.outcome for attempt in one.accounted] == ["cancelled"]


async def test_a_timeout_of_the_consumer_stops_the_call(engine, server, ask, at):
    server.script(hang)
    one = ask(engine, at(server))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await collect(one)
    assert [attempt.outcome for attempt in one.accounted] in (["cancelled"], [])


# --- by closing the engine ------------------------------------------------------------------------


def test_closing_the_engine_ends_what_runs(client, server, ask, at):
    from nbapimgr.errors import NbApiMgrError

    engine = Engine(key_for=lambda _: Secret("k"))
    server.script(hang)
    one = ask(engine, at(server))
    events = one.stream()
    next(events)
    server.reached("hang")
    engine.close()
    with pytest.raises(NbApiMgrError, match="stopped"):
        for _ in events:
            pass
    assert [attempt.outcome for attempt in one.accounted] == ["cancelled"]


def test_closing_the_engine_while_the_end_of_an_answer_is_awaited(
    client, server, ask, at, monkeypatch
):
    monkeypatch.setattr("nbapimgr.engine._trial._DRAIN", 60)
    engine = Engine(key_for=lambda _: Secret("k"))
    server.script(streamed("whole", without=["end"]))
    assert ask(engine, at(server)).reply().text == "whole"
    [origin] = engine._loop.running().resource._origins.values()
    engine.close()
    server.reached("gone")
    assert origin.slots._value == 32


def test_after_close_a_call_starts_anew(engine, server, ask, at):
    server.script(error(404), streamed("again"))
    engine.close()
    engine.close()
    assert ask(engine, at(server, "a"), at(server, "b", 2)).reply().text == "again"
