"""What happens on the way from a question to its answer."""

from __future__ import annotations

from typing import Literal

from nbapimgr.models._provider import Candidate, Plan
from nbapimgr.models._record import Record
from nbapimgr.models._reply import Attempt, Failure, Reply

__all__ = ["Delta", "Event", "Failed", "Finished", "Planned", "Restarted", "Started"]


class Planned(Record, frozen=True, kw_only=True):
    """The order is decided."""

    plan: Plan


class Started(Record, frozen=True, kw_only=True):
    """An attempt begins."""

    candidate: Candidate
    number: int


class Delta(Record, frozen=True, kw_only=True, gc=False):
    """A piece of the answer."""

    text: str
    kind: Literal["text", "reasoning", "tool"] = "text"


class Failed(Record, frozen=True, kw_only=True):
    """An attempt failed; `next` is who is tried after `wait` seconds, None when nobody is."""

    attempt: Attempt
    failure: Failure
    next: Candidate | None = None
    wait: float = 0.0


class Restarted(Record, frozen=True, kw_only=True):
    """Text that was shown is void: the answer starts again on `candidate`."""

    candidate: Candidate
    kept_text: str
    """What had been shown."""


class Finished(Record, frozen=True, kw_only=True):
    """The answer is complete."""

    reply: Reply


Event = Planned | Started | Delta | Failed | Restarted | Finished
