"""One timer for one attempt: cheaper than a timeout object around every read."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Watchdog"]


class Watchdog:
    """Cancels what its task awaits when the time is up, and tells which time that was.

    A context manager. What it cancels itself ends the block without an exception and sets
    `expired`; a cancellation from elsewhere passes through. `allow` is called for each chunk of a
    stream and only writes a few fields: the timer finds out when it fires too early, and sleeps on.

    Args:
        end: The moment on the loop's clock that is the end of it all.
        reason: What `expired` says when the end came.

    Attributes:
        expired: The reason that was given for the time that was up; None while all is well.
        longest: Seconds between the two calls of `allow` that lay furthest apart.
    """

    __slots__ = (
        "_at",
        "_cancelling",
        "_end",
        "_end_reason",
        "_handle",
        "_loop",
        "_reason",
        "_since",
        "_task",
        "expired",
        "longest",
    )

    def __init__(self, end: float, reason: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._at = self._end = end
        self._reason = self._end_reason = reason
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self.expired: str | None = None
        self._since = float("inf")
        self.longest = 0.0

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a watchdog needs a task to watch")
        self._task = task
        self._cancelling = task.cancelling()
        self._handle = self._loop.call_at(self._at, self._fire)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        self._handle.cancel()
        task, self._task = self._task, None
        if self.expired is None or task is None:
            return False
        return task.uncancel() <= self._cancelling and kind is asyncio.CancelledError

    def allow(self, seconds: float, reason: str) -> None:
        """Let the next thing take that long, counted from now, but never past the end."""
        now = self._loop.time()
        if now - self._since > self.longest:  # noqa: PLR1730  # a call for each chunk costs more
            self.longest = now - self._since
        self._since = now
        at = now + seconds
        if at < self._end:
            self._at, self._reason = at, reason
        else:
            self._at, self._reason = self._end, self._end_reason
        if self._at < self._handle.when():
            self._handle.cancel()
            self._handle = self._loop.call_at(self._at, self._fire)

    def forget(self) -> None:
        """Measure `longest` anew, from the next call of `allow`."""
        self._since, self.longest = float("inf"), 0.0

    def _fire(self) -> None:
        if self._task is None:
            return
        if self._loop.time() < self._at:
            self._handle = self._loop.call_at(self._at, self._fire)
            return
        self.expired = self._reason
        self._task.cancel()
