"""The loop's thread: lazy, stopped when it is dropped and at exit, made anew after a fork."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from nbapimgr.engine import _loop
from nbapimgr.engine._loop import LoopThread

HERE = Path(__file__).parent


class Thing:
    """Lives on the loop; knows whether it was closed, and where."""

    def __init__(self):
        self.closed_in = None

    async def close(self):
        self.closed_in = threading.current_thread().name


def test_nothing_runs_before_it_is_needed():
    before = threading.active_count()
    owner = LoopThread(Thing)
    assert threading.active_count() == before
    owner.close()


def test_one_thread_for_everybody_who_asks_at_once():
    owner = LoopThread(Thing)
    got, barrier = [], threading.Barrier(8)

    def ask():
        barrier.wait()
        got.append(owner.running())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(running) for running in got}) == 1
    assert got[0].thread.daemon
    owner.close()


@pytest.mark.parametrize("started", [True, False])
def test_an_interrupt_while_starting_leaves_no_dead_loop(monkeypatch, started):
    owner = LoopThread(Thing)
    begin, threads = threading.Thread.start, []

    def interrupted(thread):
        threads.append(thread)
        if started:
            begin(thread)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", interrupted)
        with pytest.raises(KeyboardInterrupt):
            owner.running()
    if started:
        threads[0].join(10)
        assert not threads[0].is_alive()
    else:
        threads[0]._args[0].close()  # nobody else would
    assert owner.running().thread.is_alive()
    owner.close()


def test_closing_cancels_tasks_closes_what_lives_there_and_ends_the_thread():
    owner = LoopThread(Thing)
    running = owner.running()
    ended = threading.Event()

    async def work():
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    asyncio.run_coroutine_threadsafe(work(), running.loop)
    owner.close()
    assert ended.is_set()
    assert running.resource.closed_in == "nbapimgr-engine"
    assert running.loop.is_closed()
    assert not running.thread.is_alive()
    owner.close()
    assert owner.running() is not running
    owner.close()


def test_a_task_that_will_not_end_does_not_hold_the_thread(monkeypatch):
    monkeypatch.setattr("nbapimgr.engine._loop._WIND_UP", 0.02)
    owner = LoopThread(Thing)
    running = owner.running()
    release = threading.Event()

    async def stubborn():
        while not release.is_set():
            try:
                await asyncio.sleep(30)
            except asyncio.CancelledError:
                continue

    asyncio.run_coroutine_threadsafe(stubborn(), running.loop)
    release_later = running.resource
    owner.close()
    running.thread.join(10)
    assert not running.thread.is_alive()
    assert release_later.closed_in
    release.set()


def test_dropping_the_owner_ends_the_thread():
    owner = LoopThread(Thing)
    thread = owner.running().thread
    del owner
    gc.collect()
    thread.join(10)
    assert not thread.is_alive()


def test_an_owner_dropped_on_its_own_thread_does_not_wait_for_itself():
    owner = LoopThread(Thing)
    running = owner.running()
    box = [owner]
    del owner

    async def drop():
        box.clear()
        gc.collect()

    asyncio.run_coroutine_threadsafe(drop(), running.loop)
    running.thread.join(10)
    assert not running.thread.is_alive()
    assert running.resource.closed_in == "nbapimgr-engine"


def run(script):
    env = {**os.environ, "PYTHONPATH": str(HERE)}
    done = subprocess.run(  # noqa: S603  # our own script
        [sys.executable, "-W", "always::ResourceWarning", "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=60,
        env=env,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout.split()


SET_UP = """
    import os, sys, threading, warnings
    warnings.filterwarnings("ignore", message=".*multi-threaded.*fork", category=DeprecationWarning)
    from faultserver import FaultServer, streamed
    from nbapimgr.engine import Engine, _trial, make_plan
    from nbapimgr.models import Provider, Request, user

    _trial._DRAIN = 20               # a busy machine may be slow to end an answer
    request = Request(messages=(user("hi"),))

    def ask(engine, server):
        provider = Provider(
            name="a", dialect="openai-chat", base_url=server.url, models=("m",), keyless=True
        )
        plan = make_plan(request, [provider], credentials=lambda _: ())
        return [*engine.stream(plan, request)][-1].reply.text
"""


def test_leaving_the_interpreter_ends_all_without_a_word():
    assert run(
        SET_UP
        + """
    server = FaultServer().__enter__()
    server.script(streamed("kept", pause_at=0))
    server.open("pause")
    engine = Engine(key_for=lambda _: None)
    print(ask(engine, server))
    server.shut("pause")
    plan = make_plan(request, [Provider(
        name="a", dialect="openai-chat", base_url=server.url, models=("m",), keyless=True
    )], credentials=lambda _: ())
    events = engine.stream(plan, request)
    next(events)                     # and a call is under way
    """
    ) == ["kept"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_after_a_fork_parent_and_child_both_go_on():
    assert run(
        SET_UP
        + """
    with FaultServer() as server:
        server.script(streamed("answer"))
        engine = Engine(key_for=lambda _: None)
        print(ask(engine, server))
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            try:
                assert threading.active_count() == 1
                print("child", ask(engine, server))
                engine.close()
                sys.stdout.flush()
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        print("parent", ask(engine, server))
        connections = [seen.connection for seen in server.seen]
        assert connections == [1, 2, 1], connections     # the parent's connection is still its own
        engine.close()
    """
    ) == ["answer", "child", "answer", "parent", "answer"]


def test_what_a_fork_brought_along_is_left_alone(monkeypatch):
    owner = LoopThread(Thing)
    of_the_parent = owner.running()
    kept = []
    monkeypatch.setattr(_loop, "_every", [owner])
    monkeypatch.setattr(_loop, "_of_the_parent", kept)
    _loop._after_fork_in_child()
    assert kept == [of_the_parent]
    assert of_the_parent.thread.is_alive()
    assert owner.running() is not of_the_parent
    owner.close()
    assert of_the_parent.thread.is_alive()
    _loop._after_fork_in_child()  # and nothing to leave alone
    _loop._stop(of_the_parent)
    assert of_the_parent.loop.is_closed()
    _loop._stop(of_the_parent)


def test_importing_the_engine_loads_no_client():
    assert (
        run(
            """
    import sys
    import nbapimgr.engine
    print(*sorted({"httpx", "httpx2", "aiohttp", "httpx_aiohttp"} & set(sys.modules)))
    """
        )
        == []
    )
