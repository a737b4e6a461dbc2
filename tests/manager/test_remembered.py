"""What a new kernel knows from the usage rows of others."""

from __future__ import annotations

import time

import msgspec
import pytest

from nbapimgr.health import History
from nbapimgr.manager._remembered import remembered
from nbapimgr.models import Attempt, Candidate, Failure, Provider, Request, Usage, user
from nbapimgr.usage import UsageStore, new_call_id
from nbapimgr.wire.failures import CATEGORIES

WHO = Candidate(
    provider=Provider(name="one", dialect="openai-chat", base_url="http://127.0.0.1:9/v1"),
    model="m",
    credential="spare",
)


@pytest.fixture
def store(tmp_path):
    one = UsageStore(tmp_path / "data")
    yield one
    one.close()


def failed(category):
    known = CATEGORIES[category]
    failure = Failure(category=category, scope=known.scope, retryable=known.retryable)
    return {"outcome": "error", "failure": failure}


def record(store, **fields):
    fields = {
        "number": 1, "candidate": WHO, "started_at": time.time() - 5.0, "duration": 3.0,
        "outcome": "ok", "first_chunk": 1.0, "usage": Usage(input_tokens=1, output_tokens=40),
        **fields,
    }  # fmt: skip
    request = Request(messages=(user("hi"),))
    store.record(new_call_id(time.time()), request, Attempt(**fields))


def test_attempts_are_remembered_as_they_were(store):
    record(store)
    record(store, candidate=msgspec.structs.replace(WHO, credential=""))
    record(store, **failed("auth.invalid_key"))
    good, keyless, bad = remembered(store)
    assert (good.candidate.provider.name, good.candidate.model) == ("one", "m")
    assert (good.candidate.credential, keyless.candidate.credential) == ("spare", "")
    assert (good.outcome, good.duration, good.first_chunk, good.stream) == ("ok", 3.0, 1.0, True)
    assert good.usage.output_tokens == 40
    assert (bad.outcome, bad.failure.category, bad.failure.scope) == (
        "error", "auth.invalid_key", "credential",
    )  # fmt: skip


def test_what_says_nothing_of_a_provider_is_left_out(store):
    record(store, outcome="cancelled")
    record(store, outcome="cached")
    record(store, outcome="error", failure=Failure(
        category="of.later", scope="model", retryable=False
    ))  # fmt: skip
    assert list(remembered(store)) == []


def test_a_new_kernel_starts_with_what_it_was(store):
    for _ in range(20):
        record(store)
    history = History()
    history.seed(remembered(store))
    assert history.patience(WHO) == (2.0, None)
    snapshot = history.snapshot("one", "m")
    assert (snapshot.state, snapshot.attempts) == ("ok", 20)
    assert snapshot.tokens_per_second == 20
