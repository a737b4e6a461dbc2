"""Replies and events as the manager gives them, made by hand."""

from __future__ import annotations

from nbapimgr.models import (
    Attempt,
    Candidate,
    Delta,
    Failed,
    Failure,
    Finished,
    Provider,
    Reply,
    Started,
)

FIRST = Provider(
    name="first", dialect="openai-chat", base_url="http://127.0.0.1:9", models=("m1",), keyless=True
)
SECOND = Provider(
    name="second", dialect="anthropic", base_url="http://127.0.0.1:9", models=("m2",), keyless=True
)
ONE = Candidate(provider=FIRST, model="m1")
TWO = Candidate(provider=SECOND, model="m2")


def reply(text="An answer.", **fields):
    """A reply of the first provider."""
    return Reply(**{"text": text, "candidate": ONE, "model": "m1-2026", "elapsed": 1.23, **fields})


def attempt(outcome="ok", candidate=ONE, **fields):
    """An attempt on the first provider."""
    given = {"number": 1, "started_at": 0.0, "duration": 0.5, **fields}
    return Attempt(candidate=candidate, outcome=outcome, **given)


def failed(category="rate_limit.short", message="slow down", **fields):
    """An attempt that failed."""
    failure = Failure(category=category, scope="account", retryable=True, message=message)
    return attempt("error", failure=failure, **fields)


def failing(wait=0.0, next_=TWO, **fields):
    """The event of a failed attempt."""
    tried = failed(**fields)
    return Failed(attempt=tried, failure=tried.failure, next=next_, wait=wait)


def answering(text="An answer.", **fields):
    """The events of a call that is answered word by word."""
    words = text.split(" ")
    pieces = [" ".join(words[: n + 1])[len(" ".join(words[:n])) :] for n in range(len(words))]
    return [
        Started(candidate=ONE, number=1),
        *(Delta(text=piece) for piece in pieces),
        Finished(reply=reply(text, **fields)),
    ]
