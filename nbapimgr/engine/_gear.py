"""What every attempt of an engine works with."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from nbapimgr.models import Attempt, Candidate, Provider
from nbapimgr.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbapimgr.engine._limits import Limits
    from nbapimgr.engine._transport import Transport

__all__ = ["Gear", "Patience", "no_patience", "unobserved"]


Patience = tuple[float | None, float | None]
"""Seconds to the first token and between two pieces; None where too little is known."""


def no_patience(candidate: Candidate) -> Patience:  # noqa: ARG001  # a default
    """Nothing is known of how long a candidate takes: the limits stand as they are."""
    return None, None


def unobserved(attempt: Attempt) -> None:
    """Nobody watches the attempts."""


class Gear(NamedTuple):
    """The injected functions, the limits, and the way out."""

    transport: Transport
    limits: Limits
    key_for: Callable[[Candidate], Secret | None]
    start: Callable[[Provider], Provider] | None
    estimate: Callable[[str], int]
    patience: Callable[[Candidate], Patience] = no_patience
    """What a candidate is given by what is known of it, before `Limits` clamps it."""
    observe: Callable[[Attempt], object] = unobserved
    """Called once for each attempt, cancelled ones and probes too, after it has been accounted for,
    on the engine's thread."""
