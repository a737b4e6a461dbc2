"""A thread that does its rounds as long as there is a reason to, and is not there otherwise."""

from __future__ import annotations

import contextlib
import logging
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from nbapimgr.health import Schedule

__all__ = ["Rounds"]

_LEAST: Final = 1.0
"""Seconds between two rounds, whatever goes wrong."""
_WIND_UP: Final = 2.0
"""Seconds the thread may take to end."""
_log = logging.getLogger(__name__)


class Rounds:
    """Visits those that are wanted when they are due.

    Args:
        wanted: The names that are wanted now; none of them, and the thread ends.
        visit: Visits some of them, and notes it in the schedule.
        schedule: When each is due.
    """

    def __init__(
        self,
        wanted: Callable[[], Collection[str]],
        visit: Callable[[Sequence[str]], object],
        schedule: Schedule,
    ) -> None:
        self._wanted = wanted
        self._visit = visit
        self._schedule = schedule
        self._closed = False
        self.renew()

    def renew(self) -> None:
        """Begin anew; in a forked child the thread is not there, and may have held the lock."""
        self._lock = threading.RLock()
        self._changed = threading.Event()
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """Who is wanted may have changed. From any thread."""
        wanted = bool(self._wanted())
        with self._lock:
            self._changed.set()
            if wanted and self._thread is None and not self._closed:
                thread = threading.Thread(target=self._run, name="nbapimgr-health", daemon=True)
                with contextlib.suppress(RuntimeError):  # the interpreter is going down
                    thread.start()
                    self._thread = thread

    def close(self) -> None:
        """Begin no more visits. One that is under way is waited for by `join`."""
        with self._lock:
            self._closed = True
            self._changed.set()

    def join(self) -> None:
        """Wait until the thread has ended."""
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(_WIND_UP)

    def _run(self) -> None:
        while True:
            self._changed.clear()
            names = [] if self._closed else list(self._wanted())
            if names:
                self._round(names)
                self._changed.wait(max(_LEAST, self._schedule.pause(names)))
                continue
            with self._lock:
                if self._closed or not self._changed.is_set():
                    self._thread = None
                    return

    def _round(self, names: Sequence[str]) -> None:
        due = self._schedule.due(names)
        try:
            if due:
                self._visit(due)
        except Exception:  # noqa: BLE001  # the engine may be closed meanwhile; a thread would die
            _log.debug("a round was cut short", exc_info=True)
            for name in due:
                self._schedule.note(name, answered=False)
