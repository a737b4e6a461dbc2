"""What tests of the engine share: a scripted server, providers that point to it, an engine."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # faultserver, for these tests and later ones

from faultserver import FaultServer

from nbapimgr.engine import Engine, Limits, make_plan
from nbapimgr.engine import _transport as transport
from nbapimgr.models import Delta, Finished, Provider, Request, user
from nbapimgr.secret import Secret

CANARY = "sk-canary-5f3a9c1e77"
SHORT = Limits(connect=2, first_token=0.4, stall=0.4, thinking=1, total=5, grace=0.2, check=0.3)


@pytest.fixture(params=["httpx", "httpx2"])
def client(request, monkeypatch):
    """The client library."""
    monkeypatch.setattr(transport, "CLIENT", request.param)
    return request.param


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    """On a busy machine a stopped call may take its time to write its row."""
    monkeypatch.setattr("nbapimgr.engine._faces._SETTLE", 20)


def key_of(candidate):
    """The key of a candidate: each alias has its own."""
    alias = candidate.credential
    return Secret(CANARY if alias == "default" else f"{CANARY}-{alias}")


@pytest.fixture
def server():
    """A server that answers as scripted."""
    with FaultServer() as one:
        yield one


@pytest.fixture
def other():
    """A second server, another origin."""
    with FaultServer() as one:
        yield one


@pytest.fixture
def engine(client):
    """An engine with its defaults."""
    one = Engine(key_for=key_of)
    yield one
    one.close()


@pytest.fixture
def hasty(client):
    """An engine that soon loses patience."""
    one = Engine(key_for=key_of, limits=SHORT)
    yield one
    one.close()


class Ask:
    """Asks an engine, and keeps the events and the attempts that were accounted for."""

    def __init__(self, engine, *providers, credentials=("default",), **options) -> None:
        self.engine = engine
        self.request = Request(messages=(user("Say it."),), **options)
        self.plan = make_plan(self.request, providers, credentials=lambda _: credentials)
        self.accounted = []
        self.events = []

    def account(self, attempt):
        self.accounted.append(attempt)
        return attempt

    def stream(self):
        for event in self.engine.stream(self.plan, self.request, account=self.account):
            self.events.append(event)
            yield event

    def reply(self, *servers):
        """The reply; the servers' gates "shown" are opened when there is text."""
        for event in self.stream():
            if isinstance(event, Delta):
                for server in servers:
                    server.open("shown")
        last = self.events[-1]
        assert isinstance(last, Finished)
        return last.reply

    @property
    def kinds(self):
        return [type(event).__name__ for event in self.events]

    @property
    def categories(self):
        return [a.failure.category if a.failure else a.outcome for a in self.accounted]


@pytest.fixture
def ask():
    """The class that asks."""
    return Ask


def on_loop(engine, coroutine):
    """The result of a coroutine that runs on the engine's loop."""
    loop = engine._loop.running().loop
    return asyncio.run_coroutine_threadsafe(coroutine, loop).result(20)


async def others():
    """Wait until nothing runs on the loop but this."""
    while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(tasks)


def provider_at(server, name="one", priority=1, **fields):
    """A provider that leads to a server, or to a URL."""
    url = server if isinstance(server, str) else server.url
    fields = {"models": ("m",), **fields}
    return Provider(name=name, dialect="openai-chat", base_url=url, priority=priority, **fields)


@pytest.fixture
def at():
    """Makes a provider that leads to a server."""
    return provider_at
