"""How many retries a kernel may send: a bucket of tokens that calls fill."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["RetryBudget"]

_SHARE: Final = 0.2
"""Retries that each call earns. A fifth, as in Finagle's RetryBudget: more than that makes of a
provider's trouble its end."""
_RESERVE: Final = 10.0
"""Retries a minute that need not be earned: a notebook has few calls."""
_MOST_EARNED: Final = 20.0
"""A long quiet time does not pay for a storm."""


class RetryBudget:
    """Limits tries that nobody but us thinks worthwhile. Lives on one thread.

    Args:
        clock: Seconds on a clock that nobody sets.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._earned = 0.0
        self._reserve = _RESERVE
        self._filled = clock()

    @property
    def left(self) -> bool:
        """Whether there is one more."""
        now = self._clock()
        self._reserve = min(_RESERVE, self._reserve + (now - self._filled) * _RESERVE / 60)
        self._filled = now
        return max(self._earned, self._reserve) >= 1

    def earn(self) -> None:
        """A call begins."""
        self._earned = min(_MOST_EARNED, self._earned + _SHARE)

    def spend(self) -> None:
        """A retry is sent; what was earned goes first."""
        if self._earned >= 1:
            self._earned -= 1
        else:
            self._reserve -= 1
