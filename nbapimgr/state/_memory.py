"""State in the memory of one process."""

from __future__ import annotations

import secrets
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbapimgr.models import Breaker

__all__ = ["MemoryStore"]


class MemoryStore:
    """A `StateStore` that is gone with its process. Safe to use from any thread."""

    trouble = ""
    unsaved = False

    def __init__(self) -> None:
        self.salt = secrets.token_bytes(16)
        self._breakers: dict[tuple[str, str], Breaker] = {}
        self._version = 0
        self._lock = threading.Lock()

    def version(self) -> object:
        """The number of changes so far."""
        return self._version

    def breakers(self) -> tuple[Breaker, ...]:
        """All breakers there are."""
        with self._lock:
            return tuple(self._breakers.values())

    def put(self, breaker: Breaker) -> None:
        """Keep a breaker, in place of the one of its scope and key."""
        with self._lock:
            self._breakers[breaker.scope, breaker.key] = breaker
            self._version += 1

    def drop(self, breaker: Breaker) -> None:
        """Forget the breaker of this scope and key."""
        with self._lock:
            self._breakers.pop((breaker.scope, breaker.key), None)
            self._version += 1

    def lease(self, breaker: Breaker, now: float, seconds: float) -> bool:  # noqa: ARG002  # alone
        """Nobody else has it."""
        return True

    def flush(self) -> None:
        """Nothing is shared."""

    def close(self) -> None:
        """Nothing is held."""
