"""Nothing is left behind: no task, thread, socket, slot."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, suppress

import psutil
import pytest
from conftest import on_loop, others
from faultserver import cut, error, hang, reset, streamed, whole

from nbapimgr.engine import Engine
from nbapimgr.errors import NbApiMgrError
from nbapimgr.secret import Secret

MIXED = (streamed("a"), error(401), reset, streamed("half", after=cut), whole("b"), error(500))


def sockets():
    return {c.fd for c in psutil.Process().net_connections("tcp")}


@pytest.fixture
def no_pause(monkeypatch):
    monkeypatch.setattr("random.random", lambda: 0.0)


def try_it(one):
    with suppress(NbApiMgrError):
        one.reply()


def test_after_close_there_is_nothing(client, server, other, ask, at, no_pause):
    threads, before = set(threading.enumerate()), sockets()
    engine = Engine(key_for=lambda _: Secret("k"))
    server.script(*MIXED * 5, hang)
    other.script(*MIXED * 5, streamed("x"))
    with ThreadPoolExecutor(8) as pool:
        for _ in range(40):
            pool.submit(try_it, ask(engine, at(server, "a"), at(other, "b", 2), timeout=1))
    engine.close()
    gc.collect()
    left = [t for t in threading.enumerate() if t not in threads and "asyncio" not in t.name]
    assert left == []
    for thread in set(threading.enumerate()) - threads:  # name look-ups that are ending
        thread.join(10)
        assert not thread.is_alive()
    ours = {c.fd for c in psutil.Process().net_connections("tcp") if c.raddr and c.fd not in before}
    served = {server.port, other.port}
    mine = [
        c
        for c in psutil.Process().net_connections("tcp")
        if c.fd in ours and c.raddr.port in served
    ]
    assert mine == []


async def test_after_200_calls_in_a_dying_provider_all_slots_are_free(
    engine, server, other, ask, at, no_pause
):
    server.script(*MIXED * 8, error(500))
    other.script(streamed("rescued"))
    asked = [ask(engine, at(server, "a"), at(other, "b", 2)) for _ in range(200)]

    async def run(one):
        async with aclosing(engine.astream(one.plan, one.request, account=one.account)) as events:
            return [event async for event in events][-1].reply.text

    texts = await asyncio.gather(*(run(one) for one in asked))
    assert set(texts) <= {"a", "b", "rescued"}
    await asyncio.to_thread(on_loop, engine, others())
    origins = engine._loop.running().resource._origins.values()
    assert [origin.slots._value for origin in origins] == [32, 32]
    assert not any(origin._fresh for origin in origins)


async def test_calls_cancelled_at_any_moment_leave_nothing(engine, server, ask, at):
    server.script(streamed("a", "b", "c"))
    before = asyncio.all_tasks()
    for turns in range(60):
        one = ask(engine, at(server))
        task = asyncio.create_task(leave(engine, one))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert len(one.accounted) <= 1
    await asyncio.to_thread(on_loop, engine, others())
    assert asyncio.all_tasks() == before
    for origin in engine._loop.running().resource._origins.values():
        assert origin.slots._value == 32


async def leave(engine, one):
    async with aclosing(engine.astream(one.plan, one.request, account=one.account)) as events:
        async for _ in events:
            pass


def test_an_answer_makes_no_garbage_cycles(engine, server, ask, at):
    server.script(streamed("a"))
    ask(engine, at(server)).reply()
    on_loop(engine, others())
    gc.collect()
    for _ in range(20):
        ask(engine, at(server)).reply()
    on_loop(engine, others())
    assert gc.collect() < 20


def test_memory_does_not_grow(engine, server, ask, at):
    server.script(whole("x" * 1000))
    process = psutil.Process(os.getpid())
    for _ in range(100):
        ask(engine, at(server), stream=False).reply()
    gc.collect()
    before = process.memory_info().rss
    for _ in range(400):
        ask(engine, at(server), stream=False).reply()
    gc.collect()
    server.seen.clear()
    assert process.memory_info().rss - before < 4 * 2**20
