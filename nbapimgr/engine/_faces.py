"""The two faces of a call: a generator for cells, an asynchronous one for code that awaits."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import queue
from typing import TYPE_CHECKING, Final, TypeVar

from nbapimgr.engine._courier import courier_to
from nbapimgr.engine._flight import End, Flight, Item
from nbapimgr.errors import CallInterrupted
from nbapimgr.models import Delta, Restarted

if TYPE_CHECKING:
    import concurrent.futures
    from collections.abc import AsyncGenerator, Callable, Generator

    from nbapimgr.models import Event

__all__ = ["aevents", "events", "result"]

_POLL: Final = 0.1 if os.name == "nt" else None
"""Seconds between looks at pending signals: on Windows a wait cannot be interrupted."""
_IDLE: Final = 1 / 12
"""Seconds between two calls of `idle`: how often a notebook shows what is new."""
_SETTLE: Final = 0.05
"""Seconds a stopped call may take to close its connection and write its row, while somebody
waits: a stopped cell returns within a tenth of a second."""

T = TypeVar("T")


def events(
    loop: asyncio.AbstractEventLoop,
    source: Callable[[], AsyncGenerator[Event]],
    idle: Callable[[], None] | None = None,
) -> Generator[Event]:
    """The events of a call, in the caller's thread.

    `idle` is called there while nothing comes, about twelve times a second.

    Raises:
        CallInterrupted: The user stopped it; closing the generator stops it without a word.
        AllProvidersFailed: Nobody answered.
    """
    inbox: queue.SimpleQueue[list[Item]] = queue.SimpleQueue()
    flight = Flight(loop, source, inbox.put)
    arrived: list[str] = []
    ended = interrupted = False
    try:
        flight.start()
        while not ended:
            batch = _next(inbox, arrived, idle)
            ended = isinstance(batch[-1], End)
            for item in batch:
                if not isinstance(item, End):
                    yield item
                elif item.error is not None:
                    raise item.error
    except KeyboardInterrupt:
        interrupted = True
    finally:
        if not ended:
            flight.cancel()
            _settle(inbox, arrived)
    if interrupted:
        raise CallInterrupted("".join(arrived))


async def aevents(
    loop: asyncio.AbstractEventLoop, source: Callable[[], AsyncGenerator[Event]]
) -> AsyncGenerator[Event]:
    """The events of a call, in the running loop; cancelling or closing stops the call.

    Raises:
        AllProvidersFailed: Nobody answered.
    """
    home = courier_to(asyncio.get_running_loop())
    inbox: asyncio.Queue[list[Item]] = asyncio.Queue()
    flight = Flight(loop, source, functools.partial(home.post, inbox.put_nowait))
    ended = False
    try:
        flight.start()
        while not ended:
            batch = await inbox.get()
            ended = isinstance(batch[-1], End)
            for item in batch:
                if not isinstance(item, End):
                    yield item
                elif item.error is not None:
                    raise item.error
    finally:
        if not ended:
            flight.cancel()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_SETTLE):
                    while not ended:
                        ended = isinstance((await inbox.get())[-1], End)


def result(future: concurrent.futures.Future[T]) -> T:
    """The result of what was submitted to the loop, in the caller's thread.

    Raises:
        CallInterrupted: The user stopped it.
    """
    interrupted = False
    while not interrupted:
        try:
            return future.result(_POLL)
        except TimeoutError:
            if future.done():
                raise
        except KeyboardInterrupt:
            interrupted = True
    future.cancel()
    raise CallInterrupted


def _next(
    inbox: queue.SimpleQueue[list[Item]], arrived: list[str], idle: Callable[[], None] | None
) -> list[Item]:
    """The next batch, for which is waited."""
    while True:
        try:
            return _take(inbox, arrived, _IDLE if idle else _POLL)
        except queue.Empty:
            if idle:
                idle()


def _take(
    inbox: queue.SimpleQueue[list[Item]], arrived: list[str], timeout: float | None
) -> list[Item]:
    """The next batch, whose text is added to what has arrived."""
    batch = inbox.get(timeout=timeout)
    for item in batch:
        if isinstance(item, Delta) and item.kind == "text":
            arrived.append(item.text)
        elif isinstance(item, Restarted):
            arrived.clear()
    return batch


def _settle(inbox: queue.SimpleQueue[list[Item]], arrived: list[str]) -> None:
    """Wait for the end of a stopped call, and keep the text that was on its way."""
    ended = False
    with contextlib.suppress(queue.Empty):
        while not ended:
            ended = isinstance(_take(inbox, arrived, _SETTLE)[-1], End)
