"""A process in which waiting takes no time: hours of outages in minutes, over real sockets.

What is computed takes as long as it takes. When the loop has nothing to do but wait for a timer,
the clocks are put forward to it instead. All who take part, servers too, must be on that one loop:
what is on its way between two of its sockets on loopback is there at once.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from typing import TYPE_CHECKING, Any
from unittest import mock

if TYPE_CHECKING:
    from collections.abc import Callable

_GLANCE = 0.0005
"""Seconds that a look at working threads takes: they do not wake the loop before they are done."""


class Clock:
    """What the clocks of this process show."""

    def __init__(self) -> None:
        self.skipped = 0.0
        """Seconds that nobody had to wait for."""
        self._time, self._monotonic = time.time, time.monotonic

    def time(self) -> float:
        """In place of `time.time`."""
        return self._time() + self.skipped

    def monotonic(self) -> float:
        """In place of `time.monotonic`, which is also the time of event loops."""
        return self._monotonic() + self.skipped


class _Skipping(selectors.DefaultSelector):
    """Waits only for what comes from outside."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self.working = 0
        """Threads that work for the loop."""

    def select(self, timeout: float | None = None) -> list[Any]:
        """What is ready; the time goes by when nothing is."""
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        ready = super().select(_GLANCE if self.working else 0)
        if not ready and not self.working:
            self._clock.skipped += timeout
        return ready


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self, clock: Clock) -> None:
        self._skipping = _Skipping(clock)
        super().__init__(self._skipping)

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:
        """As ever; the time stands still meanwhile."""
        future = super().run_in_executor(executor, func, *args)
        self._skipping.working += 1
        future.add_done_callback(self._done)
        return future

    def _done(self, _: object) -> None:
        self._skipping.working -= 1


def install() -> Clock:
    """Make all clocks and new event loops of this process so; before what reads them is imported.

    Returns:
        The clock, which says how much was skipped.
    """
    clock = Clock()
    for patch in (
        mock.patch("time.time", clock.time),
        mock.patch("time.monotonic", clock.monotonic),
        mock.patch("asyncio.new_event_loop", lambda: _Loop(clock)),  # noqa: PT008  # one a call
    ):
        patch.start()
    return clock
