"""What every attempt of an engine works with."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from nbapimgr.models import Candidate, Provider
from nbapimgr.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbapimgr.engine._limits import Limits
    from nbapimgr.engine._transport import Transport

__all__ = ["Gear"]


class Gear(NamedTuple):
    """The injected functions, the limits, and the way out."""

    transport: Transport
    limits: Limits
    key_for: Callable[[Candidate], Secret | None]
    start: Callable[[Provider], Provider] | None
    estimate: Callable[[str], int]
