"""When each provider is checked next: later after each failure, and not with everybody else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Schedule"]

_NOW: Final = float("-inf")
"""When what was never checked is due."""
_EVERY: Final = 60.0
"""Seconds between two checks of a provider that answers."""
_SLOWEST: Final = 900.0
"""The same, at most, of one that does not."""
_JITTER: Final = 0.2
"""Share by which a pause is drawn out, so that many kernels do not come at the same moment."""


class Schedule:
    """The moments of the next checks.

    Args:
        clock: Seconds that never run backwards.
        chance: Draws a number from [0, 1).
        every: Seconds between two checks of a provider that answers.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        chance: Callable[[], float],
        every: float = _EVERY,
    ) -> None:
        self._clock = clock
        self._chance = chance
        self._every = every
        self._due: dict[str, float] = {}
        self._failures: dict[str, int] = {}

    def note(self, name: str, *, answered: bool) -> None:
        """A check has ended: when the next one is due depends on what came of it."""
        failures = 0 if answered else self._failures.get(name, 0) + 1
        self._failures[name] = failures
        pause = min(_SLOWEST, self._every * 2.0 ** min(failures, 16))
        self._due[name] = self._clock() + pause * (1 + _JITTER * self._chance())

    def due(self, names: Iterable[str]) -> list[str]:
        """Those of the names that may be checked now, the longest overdue first."""
        now = self._clock()
        waiting = [(self._due.get(name, _NOW), name) for name in names]
        return [name for due, name in sorted(waiting, key=lambda w: w[0]) if due <= now]

    def pause(self, names: Iterable[str]) -> float:
        """Seconds until one of the names is due; those of one check where there are none."""
        now = self._clock()
        waits = [self._due.get(name, _NOW) - now for name in names]
        return max(0.0, min(waits, default=self._every))

    def forget(self, name: str) -> None:
        """Check it at the next opportunity: it was changed."""
        self._due.pop(name, None)
        self._failures.pop(name, None)
