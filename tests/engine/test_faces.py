"""The two faces: the same events, in the caller's thread or in the caller's loop."""

from __future__ import annotations

import asyncio
import contextvars
import queue
import threading
import types
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing

import pytest
from conftest import others
from faultserver import error, hang, streamed

from nbapimgr.engine import _faces as faces
from nbapimgr.engine._courier import Courier, courier_to
from nbapimgr.engine._flight import End, Flight
from nbapimgr.errors import AllProvidersFailed
from nbapimgr.models import Delta, Plan, Planned

WHO = contextvars.ContextVar("WHO", default="nobody")


async def gather(one):
    async with aclosing(one.engine.astream(one.plan, one.request, account=one.account)) as events:
        one.events += [event async for event in events]
    return one.events[-1].reply


async def test_both_faces_give_the_same_events(engine, server, ask, at):
    server.script(error(404), streamed("a", "b"), error(404), streamed("a", "b"))
    one, two = (ask(engine, at(server, "x"), at(server, "y", 2)) for _ in range(2))
    await gather(one)
    engine.breakers.reset()
    await asyncio.to_thread(two.reply)
    assert one.kinds == two.kinds
    assert one.events[-1].reply.text == two.events[-1].reply.text == "ab"


async def test_the_asynchronous_face_raises_too(engine, server, ask, at):
    server.script(error(404))
    one = ask(engine, at(server))
    with pytest.raises(AllProvidersFailed) as caught:
        await gather(one)
    assert caught.value.__context__ is None


async def test_many_at_once_on_one_loop(engine, server, ask, at):
    server.script(streamed("x"))
    asked = [ask(engine, at(server)) for _ in range(200)]
    replies = await asyncio.gather(*(gather(one) for one in asked))
    assert [reply.text for reply in replies] == ["x"] * 200
    assert all(one.categories == ["ok"] for one in asked)
    assert server.most_open <= 32


def test_many_threads_at_once(engine, server, ask, at):
    server.script(streamed("x"))
    with ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(lambda _: ask(engine, at(server)).reply(), range(60)))
    assert len(replies) == 60


def test_a_second_loop_after_the_first(engine, server, ask, at):
    server.script(streamed("x"))
    for _ in range(2):
        assert asyncio.run(gather(ask(engine, at(server)))).text == "x"


def test_on_the_engines_own_loop_too(engine, server, ask, at):
    server.script(streamed("x"))
    loop = engine._loop.running().loop
    reply = asyncio.run_coroutine_threadsafe(gather(ask(engine, at(server))), loop).result(20)
    assert reply.text == "x"


def test_on_the_engines_own_thread_it_would_wait_for_itself(engine, server, ask, at):
    server.script(streamed("x"))
    one = ask(engine, at(server))
    told = []

    def account(attempt):
        try:
            next(one.stream())
        except RuntimeError as refused:
            told.append(str(refused))
        return attempt

    list(engine.stream(one.plan, one.request, account=account))
    assert "astream" in told[0]


def test_the_callers_context_goes_along(engine, server, ask, at):
    server.script(streamed("x"))
    one = ask(engine, at(server))
    seen = []

    def account(attempt):
        seen.append((WHO.get(), threading.current_thread().name))
        return attempt

    token = WHO.set("me")
    list(engine.stream(one.plan, one.request, account=account))
    WHO.reset(token)
    assert seen == [("me", "nbapimgr-engine")]


def test_what_accounting_returns_is_what_is_told(engine, server, ask, at):
    import msgspec

    from nbapimgr.models import Cost

    priced = Cost(amount=0.25, source="local")
    server.script(error(404), streamed("x"))
    one = ask(engine, at(server, "a"), at(server, "b", 2))
    events = list(
        engine.stream(
            one.plan,
            one.request,
            account=lambda attempt: msgspec.structs.replace(attempt, cost=priced),
        )
    )
    assert events[2].attempt.cost == priced
    assert events[-1].reply.cost == priced
    assert [attempt.cost for attempt in events[-1].reply.attempts] == [priced, priced]


@pytest.mark.parametrize("answer", [streamed("x"), error(404)])
def test_an_error_in_accounting_is_raised_and_nothing_stays_open(engine, server, ask, at, answer):
    server.script(answer)
    one = ask(engine, at(server))
    calls = []

    def account(attempt):
        calls.append(attempt)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(engine.stream(one.plan, one.request, account=account))
    assert len(calls) == 1
    server.script(streamed("still alive"))
    assert ask(engine, at(server)).reply().text == "still alive"


def test_where_waits_cannot_be_interrupted_they_are_short(engine, server, ask, at, monkeypatch):
    monkeypatch.setattr(faces, "_POLL", 0.001)
    server.script(streamed("a", "b", pause_at=1))
    waits = []
    real = queue.SimpleQueue

    class Counting:
        def __init__(self):
            self.inner = real()
            self.put = self.inner.put

        def get(self, timeout):
            waits.append(timeout)
            if len(waits) > 5:
                server.open("pause")
            return self.inner.get(timeout=timeout)

    stand_in = types.SimpleNamespace(SimpleQueue=Counting, Empty=queue.Empty)
    monkeypatch.setattr(faces, "queue", stand_in)
    assert ask(engine, at(server)).reply().text == "ab"
    assert set(waits) == {0.001}


def test_idle_is_called_while_nothing_comes(engine, server, ask, at):
    server.script(streamed("a", "b", pause_at=1))
    one = ask(engine, at(server))
    threads = []

    def idle():
        threads.append(threading.current_thread())
        server.open("pause")

    [*_, last] = engine.stream(one.plan, one.request, idle=idle)
    assert last.reply.text == "ab"
    assert set(threads) == {threading.current_thread()}


async def test_a_call_whose_consumer_is_gone_is_cancelled():
    ended = asyncio.get_running_loop().create_future()

    async def source():
        try:
            yield Planned(plan=Plan(candidates=()))
            await asyncio.Event().wait()
        except BaseException as error:
            ended.set_result(type(error))
            raise

    def deliver(batch):
        raise RuntimeError("Event loop is closed")

    Flight(asyncio.get_running_loop(), source, deliver).start()
    assert await asyncio.wait_for(ended, 20) is asyncio.CancelledError


async def test_events_that_come_together_travel_together():
    batches = asyncio.Queue()

    async def source():
        for number in range(100):
            yield Delta(text=str(number))
        await asyncio.sleep(0.01)
        yield Delta(text="late")

    Flight(asyncio.get_running_loop(), source, batches.put_nowait).start()
    assert len(await batches.get()) == 100
    rest = await batches.get()
    while rest[-1] != End(None):
        rest += await batches.get()
    assert rest == [Delta(text="late"), End(None)]


def test_who_leaves_is_waited_for_until_its_row_is_written(engine, server, ask, at):
    server.script(streamed(*"abc", after=hang))
    one = ask(engine, at(server))
    events = one.stream()
    while not isinstance(next(events), Delta):
        pass
    server.reached("hang")
    events.close()
    assert [attempt.outcome for attempt in one.accounted] == ["cancelled"]


async def test_batches_on_their_way_are_passed_over_when_leaving(monkeypatch):
    async def source():
        try:
            yield Delta(text="first")
            await asyncio.Event().wait()
        finally:
            yield Delta(text="last words")

    monkeypatch.setattr("nbapimgr.engine._flight._PACE", 0)
    events = faces.aevents(asyncio.get_running_loop(), source)
    assert (await anext(events)).text == "first"
    await events.aclose()
    await others()


async def test_a_first_token_is_not_kept_waiting(monkeypatch):
    """However long events are gathered, whoever asked sees at once that the answer begins."""
    more = asyncio.Event()

    async def source():
        yield Planned(plan=Plan(candidates=()))
        yield Delta(text="first")
        yield Delta(text=" and second")
        await more.wait()
        yield Delta(text=" and third")

    monkeypatch.setattr("nbapimgr.engine._flight._PACE", 3600)
    async with aclosing(faces.aevents(asyncio.get_running_loop(), source)) as events:
        assert [(await anext(events)), (await anext(events)).text, (await anext(events)).text] == [
            Planned(plan=Plan(candidates=())),
            "first",
            " and second",
        ]
        more.set()
        assert [event.text async for event in events] == [" and third"]


def test_a_flight_on_a_closed_loop_can_be_cancelled():
    loop = asyncio.new_event_loop()
    flight = Flight(loop, None, print)
    loop.close()
    flight.cancel()
    with pytest.raises(RuntimeError):
        flight.start()


# --- the courier ----------------------------------------------------------------------------------


async def test_a_courier_keeps_the_order_and_wakes_once(monkeypatch):
    loop = asyncio.get_running_loop()
    wakes = []
    real = loop.call_soon_threadsafe
    monkeypatch.setattr(
        loop, "call_soon_threadsafe", lambda f: (wakes.append(f), real(f)), raising=False
    )
    courier, got = Courier(loop), []
    for number in range(10):
        courier.post(got.append, number)
    await asyncio.sleep(0)
    assert got == list(range(10))
    assert len(wakes) == 1
    courier.post(got.append, 10)
    await asyncio.sleep(0)
    assert (got[-1], len(wakes)) == (10, 2)


async def test_an_interrupt_while_waking_does_not_put_a_courier_to_sleep(monkeypatch):
    loop = asyncio.get_running_loop()
    courier, got = Courier(loop), []

    def interrupted(_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(loop, "call_soon_threadsafe", interrupted, raising=False)
        with pytest.raises(KeyboardInterrupt):
            courier.post(got.append, 1)
    courier.post(got.append, 2)
    await asyncio.sleep(0)
    assert got == [1, 2]


def test_a_courier_to_a_closed_loop_says_so():
    loop = asyncio.new_event_loop()
    courier = courier_to(loop)
    assert courier_to(loop) is courier
    loop.close()
    with pytest.raises(RuntimeError):
        courier.post(print, None)
    del loop
    with pytest.raises(RuntimeError):
        courier.post(print, None)
