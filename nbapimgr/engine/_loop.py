"""One daemon thread with one asyncio loop: made when it is first needed, and again after a fork.

A notebook's own loop is never touched: the kernel runs on it, a cell that waits would stop it, and
an awaiting cell cannot be interrupted promptly (ipykernel issue 881).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import weakref
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LoopThread", "Running"]

_WIND_UP: Final = 1.0
"""Seconds that tasks may take to end when the loop is closed, and the thread a second more."""


class _Resource(Protocol):
    async def close(self) -> None: ...


R = TypeVar("R", bound=_Resource)


class Running(NamedTuple, Generic[R]):
    """A loop, its thread, and what lives on the loop and is closed with it."""

    loop: asyncio.AbstractEventLoop
    resource: R
    thread: threading.Thread


_every: weakref.WeakSet[LoopThread[Any]] = weakref.WeakSet()
_of_the_parent: list[object] = []
"""After a fork: the parent's loops and connections. They are kept from the garbage collector, whose
finalizers would close sockets and a selector that the parent still uses."""


class LoopThread(Generic[R]):
    """The loop's owner. Closing it, dropping it and leaving the interpreter stop the thread.

    Args:
        make: Makes what lives on the loop. Called where the thread is started.
    """

    def __init__(self, make: Callable[[], R]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._running: Running[R] | None = None
        self._stop: weakref.finalize[[Running[R]], LoopThread[R]] | None = None
        _every.add(self)

    def running(self) -> Running[R]:
        """The loop with its thread, started if need be."""
        running = self._running
        if running is not None:
            return running
        with self._lock:
            if self._running is None:
                loop, resource = asyncio.new_event_loop(), self._make()
                thread = threading.Thread(
                    target=_run, args=(loop, resource), name="nbapimgr-engine", daemon=True
                )
                running = Running(loop, resource, thread)
                try:
                    thread.start()
                except BaseException:  # an interrupt, which may have come after the start
                    loop.call_soon_threadsafe(loop.stop)
                    raise
                self._running = running
                self._stop = weakref.finalize(self, _stop, running)
            return self._running

    def close(self) -> None:
        """Cancel what runs, close what lives on the loop, end the thread. Again is harmless."""
        with self._lock:
            stop, self._stop = self._stop, None
            self._running = None
        if stop is not None:
            stop()

    def forget(self) -> None:
        """Start anew: in this process there is no such thread."""
        self._lock = threading.Lock()
        if self._stop is not None:
            self._stop.detach()
        _of_the_parent.append(self._running)
        self._running = self._stop = None


def _run(loop: asyncio.AbstractEventLoop, resource: _Resource) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        loop.run_until_complete(_wind_up(resource))
    finally:
        loop.close()


async def _wind_up(resource: _Resource) -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=_WIND_UP)
    await resource.close()


def _stop(running: Running[Any]) -> None:
    with contextlib.suppress(RuntimeError):  # the loop is closed already
        running.loop.call_soon_threadsafe(running.loop.stop)
    if running.thread is not threading.current_thread():  # a finalizer may run on any thread
        running.thread.join(_WIND_UP + 1)


def _after_fork_in_child() -> None:
    for thread in list(_every):
        thread.forget()


# Windows has no such function, and nothing forks there.
getattr(os, "register_at_fork", dict)(after_in_child=_after_fork_in_child)
