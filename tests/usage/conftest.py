"""Attempts, requests and a clock for the tests of usage rows."""

from __future__ import annotations

import pytest

from nbapimgr.models import Attempt, Candidate, Cost, Origin, Provider, Request, Usage, user
from nbapimgr.usage import UsageStore

NOON = 1_790_078_400.0  # 2026-09-22T12:00:00Z


class Clock:
    """A clock that is set by hand."""

    def __init__(self, now=NOON):
        self.now = now

    def __call__(self):
        return self.now

    def days(self, number):
        self.now += number * 86_400


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def provider():
    return Provider(
        name="work", dialect="openai-chat", base_url="https://api.openai.com/v1", vendor="openai"
    )


@pytest.fixture
def request_():
    origin = Origin(
        notebook="a/b.ipynb",
        cell_id="c1",
        execution_count=3,
        project="p",
        conversation_id="conv",
        tags={"team": "red"},
    )
    return Request(messages=(user("hi"),), route="fast", origin=origin)


@pytest.fixture
def attempt(provider):
    """Makes an attempt; keywords replace its fields."""

    def make(**changes):
        facts = {
            "number": 1,
            "candidate": Candidate(provider=provider, model="gpt-5-mini", credential="spare"),
            "started_at": NOON,
            "duration": 1.5,
            "outcome": "ok",
            "first_chunk": 0.25,
            "http_status": 200,
            "usage": Usage(
                input_tokens=1000,
                output_tokens=200,
                cache_read_input_tokens=100,
                cache_creation_input_tokens=50,
                cache_creation_1h_input_tokens=20,
                reasoning_output_tokens=30,
                service_tier="default",
            ),
            "cost": Cost(amount=0.001, source="local", price_ref="list:gpt-5-mini"),
            "response_model": "gpt-5-mini-2025-08-07",
            "finish_reason": "stop",
        }
        return Attempt(**(facts | changes))

    return make


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "usage"


@pytest.fixture
def open_store(folder, clock):
    """Opens stores on one folder and closes them afterwards."""
    opened = []

    def make(**options):
        opened.append(UsageStore(folder, **({"clock": clock} | options)))
        return opened[-1]

    yield make
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store):
    return open_store()
