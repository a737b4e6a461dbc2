"""Which breakers a sign of life shortens, and which it says nothing of."""

from __future__ import annotations

import pytest

from nbapimgr.engine._breakers import Breakers
from nbapimgr.models import Candidate, Failure, Provider
from nbapimgr.secret import Secret
from nbapimgr.state import MemoryStore
from nbapimgr.wire.failures import CATEGORIES

NOW = 1_800_000_000.0


class World:
    """Breakers on clocks that stand still."""

    def __init__(self):
        self.now = 1000.0
        self.breakers = Breakers(
            MemoryStore(), lambda _: Secret("k"),
            clock=lambda: self.now, wall=lambda: NOW + self.now, chance=lambda: 0.0,
        )  # fmt: skip

    def failed(self, candidate, category, **fields):
        known = CATEGORIES[category]
        failure = Failure(category=category, scope=known.scope, retryable=known.retryable, **fields)
        for _ in range(3):
            self.now += 1
            self.breakers.failed(candidate, failure, Secret("k"), 0.0)

    def wait(self, candidate):
        standing = self.breakers.standing(candidate)
        return standing.wait if standing else None


@pytest.fixture
def world():
    return World()


def who(name):
    provider = Provider(
        name=name, dialect="openai-chat", base_url=f"http://{name}.example/v1", models=("m",)
    )
    return Candidate(provider=provider, model="m", credential="default")


@pytest.mark.parametrize("category", ["service.error", "network.refused", "service.overloaded"])
def test_troubles_that_pass_wait_for_a_sign_of_life(world, category):
    world.failed(who("one"), category)
    world.failed(who("two"), category)
    assert world.breakers.waiting() == {"one", "two"}
    assert world.wait(who("one")) > 0
    world.breakers.hasten("one")
    assert world.wait(who("one")) == 0  # due for a probe, and not closed
    assert world.wait(who("two")) > 0
    assert world.breakers.waiting() == {"two"}


def test_what_is_due_waits_for_nothing(world):
    world.failed(who("one"), "service.error")
    world.now += 3600
    assert world.breakers.waiting() == set()


@pytest.mark.parametrize("category", ["auth.invalid_key", "quota.exhausted", "model.not_found"])
def test_keys_money_and_models_it_says_nothing_of(world, category):
    world.failed(who("one"), category)
    assert world.breakers.waiting() == set()
    world.breakers.hasten("one")
    assert world.wait(who("one")) > 0


def test_a_moment_that_the_provider_named_stands(world):
    world.failed(who("one"), "service.overloaded", retry_after=500.0, retry_at=NOW + 1500.0)
    before = world.wait(who("one"))
    assert before > 0
    assert world.breakers.waiting() == set()
    world.breakers.hasten("one")
    assert world.wait(who("one")) == before
