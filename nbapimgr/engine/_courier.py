"""Work for an event loop from other threads, with one wake-up for all that is ready."""

from __future__ import annotations

import weakref
from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

__all__ = ["Courier", "courier_to"]


class Courier:
    """Hands functions to a loop.

    `call_soon_threadsafe` writes to a pipe each time; with 256 calls under way that is a good part
    of what they cost.

    Needs no lock: what is posted while the loop is emptying the queue is either seen by it or
    wakes it again.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = weakref.ref(loop)
        self._posted: deque[tuple[Callable[[Any], object], Any]] = deque()
        self._awake = False

    def post(self, function: Callable[[Any], object], argument: Any) -> None:
        """Have `function(argument)` called on the loop's thread, in the order of posting.

        Raises:
            RuntimeError: The loop is closed.
        """
        loop = self._loop()
        if loop is None or loop.is_closed():
            raise RuntimeError("the loop is closed")
        self._posted.append((function, argument))
        if not self._awake:
            try:
                self._awake = True
                loop.call_soon_threadsafe(self._run)
            except BaseException:  # an interrupt: the next to post wakes the loop
                self._awake = False
                raise

    def _run(self) -> None:
        self._awake = False
        for _ in range(len(self._posted)):
            function, argument = self._posted.popleft()
            function(argument)


_couriers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Courier] = (
    weakref.WeakKeyDictionary()
)


def courier_to(loop: asyncio.AbstractEventLoop) -> Courier:
    """The loop's own courier."""
    courier = _couriers.get(loop)
    if courier is None:
        courier = _couriers[loop] = Courier(loop)
    return courier
