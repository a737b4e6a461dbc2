"""What every attempt of an engine works with."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from nbapimgr.models import Attempt, Candidate, Provider
from nbapimgr.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbapimgr.engine._limits import Limits
    from nbapimgr.engine._transport import Transport

__all__ = ["Gear", "no_patience", "unobserved"]


def no_patience(candidate: Candidate) -> tuple[float, float] | None:  # noqa: ARG001  # a default
    """Nothing is known of how long a candidate takes: the limits stand as they are."""
    return None


def unobserved(attempt: Attempt) -> None:
    """Nobody watches the attempts."""


class Gear(NamedTuple):
    """The injected functions, the limits, and the way out."""

    transport: Transport
    limits: Limits
    key_for: Callable[[Candidate], Secret | None]
    start: Callable[[Provider], Provider] | None
    estimate: Callable[[str], int]
    patience: Callable[[Candidate], tuple[float, float] | None] = no_patience
    """Seconds a candidate is given for its first token and between two pieces, by what is known of
    it; None where nothing is."""
    observe: Callable[[Attempt], object] = unobserved
    """Called once for each attempt, cancelled ones and probes too, after it has been accounted for,
    on the engine's thread."""
