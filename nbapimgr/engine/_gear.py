"""What every attempt of an engine works with."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from nbapimgr.engine._adapting import Adapting
from nbapimgr.engine._breakers import Breakers
from nbapimgr.engine._budget import RetryBudget
from nbapimgr.engine._limits import no_patience
from nbapimgr.models import Attempt, Candidate, Provider
from nbapimgr.secret import Secret

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable, Mapping

    from nbapimgr.engine._limits import Limits, Patience
    from nbapimgr.engine._transport import Transport

__all__ = ["Gear", "no_windows", "unobserved"]


def no_windows(candidates: Iterable[Candidate]) -> Mapping[str, int]:  # noqa: ARG001  # a default
    """Nothing is known of how much a model takes."""
    return {}


def unobserved(attempt: Attempt) -> None:
    """Nobody watches the attempts."""


class Gear(NamedTuple):
    """The injected functions, the limits, and the way out."""

    transport: Transport
    limits: Limits
    key_for: Callable[[Candidate], Secret | None]
    start: Callable[[Provider], Provider] | None
    estimate: Callable[[str], int]
    breakers: Breakers
    retries: RetryBudget
    shadows: set[asyncio.Task[None]]
    """The probes that are under way."""
    adapting: Adapting
    """Which parameters models have refused."""
    patience: Callable[[Candidate], Patience] = no_patience
    """What a candidate is given by what is known of it, before `Limits` clamps it."""
    observe: Callable[[Attempt], object] = unobserved
    """Called once for each attempt, cancelled ones and probes too, after it has been accounted for,
    on the engine's thread."""
    windows: Callable[[Iterable[Candidate]], Mapping[str, int]] = no_windows
    """The windows of candidates in tokens, by `str(candidate)`, as far as they are known. Called in
    a worker thread, and only after a prompt did not fit."""
