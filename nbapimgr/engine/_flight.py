"""A call on its way from the engine's loop to the consumer of its events."""

from __future__ import annotations

import contextlib
import contextvars
from typing import TYPE_CHECKING, Final, NamedTuple

from nbapimgr.engine._courier import courier_to
from nbapimgr.errors import NbApiMgrError
from nbapimgr.models import Delta, Event, Finished, Started

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncGenerator, Callable

__all__ = ["End", "Flight", "Item"]

_PACE: Final = 0.004
"""Seconds within which events travel together: waking another thread costs more than an event, and
nobody sees four milliseconds."""


class End(NamedTuple):
    """The last item: nothing follows. `error` is what the consumer is to raise."""

    error: BaseException | None


Item = Event | End


class Flight:
    """Runs a call's events on the engine's loop and delivers them in batches.

    Args:
        loop: The engine's loop.
        source: Makes the generator of events; called on the loop.
        deliver: Takes a batch; called on the loop's thread, the first time for the first event.
            May raise RuntimeError when the consumer is gone; the call is then cancelled.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        source: Callable[[], AsyncGenerator[Event]],
        deliver: Callable[[list[Item]], object],
    ) -> None:
        self._loop = loop
        self._courier = courier_to(loop)
        self._source = source
        self._deliver = deliver
        self._task: asyncio.Task[None] | None = None
        self._batch: list[Item] = []
        self._flush_due: asyncio.Handle | None = None
        self._flushed = 0.0
        self._answering = False
        self._ended = False

    def start(self) -> None:
        """Begin, in a copy of the caller's context. From any thread."""
        self._courier.post(self._begin, contextvars.copy_context())

    def cancel(self) -> None:
        """Stop the call; an `End` follows. From any thread, at any time."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: all has ended
            self._courier.post(self._cancel, None)

    def _begin(self, context: contextvars.Context) -> None:
        self._flushed = self._loop.time()
        self._task = self._loop.create_task(self._pump(), context=context)
        self._task.add_done_callback(self._done)

    def _cancel(self, _: object) -> None:
        if self._task is not None and not self._ended:
            self._task.cancel()

    async def _pump(self) -> None:
        async for event in self._source():
            self._batch.append(event)
            kind = type(event)
            if kind is Finished:
                self._end(None)  # what follows is housekeeping
            elif kind is Delta and not self._answering:
                self._answering = True
                self._flush_at(0.0)  # a first token is not kept waiting
            else:
                self._answering = self._answering and kind is not Started
                if self._flush_due is None:
                    self._flush_at(self._flushed + _PACE)

    def _flush_at(self, due: float) -> None:
        if self._flush_due is not None:
            self._flush_due.cancel()
        self._flush_due = (
            self._loop.call_soon(self._flush)
            if due <= self._loop.time()
            else self._loop.call_at(due, self._flush)
        )

    def _done(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            self._end(NbApiMgrError("the call was stopped before its end"))
        else:
            self._end(task.exception())

    def _end(self, error: BaseException | None) -> None:
        if not self._ended:
            self._ended = True
            self._batch.append(End(error))
            self._flush()

    def _flush(self) -> None:
        if self._flush_due is not None:
            self._flush_due.cancel()
            self._flush_due = None
        batch, self._batch = self._batch, []
        self._flushed = self._loop.time()
        try:
            self._deliver(batch)
        except RuntimeError:
            self._cancel(None)
