"""What is left alone for a while, and why."""

from __future__ import annotations

from typing import Final

from nbapimgr.models._record import Record
from nbapimgr.models._reply import Scope

__all__ = ["Breaker"]

_TIMES: Final = {1: "once", 2: "twice"}
_UNITS: Final = {1: "s", 60: "min", 3600: "h", 86_400: "days"}
"""Seconds -> name."""
_KEYS: Final = frozenset({"auth.invalid_key", "auth.permission"})


class Breaker(Record, frozen=True, kw_only=True):
    """A key, account, model, provider or host that failed and is not asked until a moment.

    Shared by the kernels of a host and shown to people: it holds no key.
    """

    scope: Scope
    """What is left alone: "credential", "account", "model", "provider" or "host"."""
    key: str
    """By what it is found; says nothing to people. Of an API key it holds a salted hash."""
    label: str
    """Who is meant, for people."""
    provider: str
    """The name of the provider at which the failure was met."""
    category: str
    """The class of the newest failure."""
    since: float
    """The first failure of this trouble."""
    opened: float
    """The newest failure, from which `until` was counted."""
    until: float
    """The moment it may be asked again."""
    strikes: int = 1
    """Failures in a row; those of attempts that were under way when it opened are not counted."""
    stated: bool = False
    """The provider itself named the moment, so that no probe is needed then."""
    message: str = ""
    """The provider's words, short and without keys."""

    def line(self, now: float) -> str:
        """Why it is not asked, and when it is again, in one line for people."""
        times = _TIMES.get(self.strikes, f"{self.strikes} times")
        if self.until <= now:
            return f"open: {self.category} {times}, due for a try"
        again = f"in {_span(self.until - now)}"
        if self.category in _KEYS:
            again = f"when the key changes, else {again}"
        return f"open: {self.category} {times}, tried again {again}"


def _span(seconds: float) -> str:
    """A time for people: in the largest unit of which there are two."""
    unit = max((unit for unit in _UNITS if seconds >= 2 * unit), default=1)
    return f"{max(1, round(seconds / unit))} {_UNITS[unit]}"
