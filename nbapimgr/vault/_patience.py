"""Asking what may never answer: keychains that wait for a click, platforms that are not there."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["within"]

T = TypeVar("T")


def within(seconds: float, function: Callable[[], T]) -> T:
    """What the function returns, called in a thread that is left to itself when it takes longer.

    Raises:
        TimeoutError: It did not return in time.
        Exception: What it raised.
    """
    answers: queue.SimpleQueue[tuple[T, None] | tuple[None, Exception]] = queue.SimpleQueue()

    def run() -> None:
        try:
            answers.put((function(), None))
        except Exception as e:  # noqa: BLE001  # raised again where it was asked for
            answers.put((None, e))

    threading.Thread(target=run, daemon=True, name="nbapimgr-patience").start()
    try:
        value, error = answers.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError from None
    if error is not None:
        raise error
    return value  # type: ignore[return-value]  # None is one only where T is
