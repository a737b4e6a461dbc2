"""Tells listeners that something has changed, where nobody who works has to wait for them."""

from __future__ import annotations

import contextlib
import logging
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Listener = Callable[[frozenset[str]], object]

__all__ = ["Bell"]

_log = logging.getLogger(__name__)


class Bell:
    """Listeners are called on a thread of their own, which lives as long as there is news.

    What happens while they are being called is told together afterwards; so a slow listener makes
    no queue. What one of them raises is logged and troubles nobody else.
    """

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Begin anew; in a forked child neither the thread nor whoever listened is there."""
        self._lock = threading.RLock()
        self._listeners: dict[object, Listener] = {}
        self._news: set[str] = set()
        self._thread: threading.Thread | None = None

    def listen(self, callback: Listener) -> Callable[[], None]:
        """Have `callback` called with the names of what has changed; what is returned ends it."""
        token = object()
        with self._lock:
            self._listeners[token] = callback

        def stop() -> None:
            with self._lock:
                self._listeners.pop(token, None)

        return stop

    def ring(self, *names: str) -> None:
        """Something has changed. Costs next to nothing; from any thread."""
        if not self._listeners:
            return
        with self._lock:
            self._news.update(names)
            if self._thread is None:
                thread = threading.Thread(target=self._tell, name="nbapimgr-bell", daemon=True)
                with contextlib.suppress(RuntimeError):  # the interpreter is going down
                    thread.start()
                    self._thread = thread

    def _tell(self) -> None:
        while True:
            with self._lock:
                news, self._news = frozenset(self._news), set()
                if not news:
                    self._thread = None
                    return
                listeners = list(self._listeners.values())
            for listener in listeners:
                try:
                    listener(news)
                except Exception:  # noqa: BLE001  # a widget may raise what it likes
                    _log.exception("a listener failed")
