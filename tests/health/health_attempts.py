"""Attempts to learn from, and a clock for them."""

from __future__ import annotations

from nbapimgr.models import Attempt, Candidate, Failure, Provider, Usage
from nbapimgr.wire.failures import CATEGORIES

BORN = 1_800_000_000.0


class Clock:
    """Seconds that pass when it is told; `wall` gives them as a moment."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def wall(self) -> float:
        return BORN + self.now


def who(provider="one", model="m", credential="default", base_url="http://127.0.0.1:9/v1"):
    """A candidate."""
    account = Provider(name=provider, dialect="openai-chat", base_url=base_url)
    return Candidate(provider=account, model=model, credential=credential)


def failure_of(category, **fields):
    """A failure of a category, of the scope that the category has."""
    known = CATEGORIES[category]
    fields = {"scope": known.scope, "retryable": known.retryable, **fields}
    return Failure(category=category, **fields)


def attempt(candidate=None, *, category=None, tokens=None, **fields):
    """An attempt; good unless a category says why it was not."""
    fields = {"number": 1, "started_at": BORN, "duration": 1.0, **fields}
    fields.setdefault("outcome", "error" if category else "ok")
    return Attempt(
        candidate=candidate or who(),
        failure=failure_of(category) if category else None,
        usage=Usage(output_tokens=tokens) if tokens else None,
        **fields,
    )
