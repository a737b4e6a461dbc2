"""Says how far a download is, in one output that is updated in place."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from IPython.display import DisplayHandle

__all__ = ["Fetching"]

_EVERY: Final = 0.25
"""Seconds between two updates."""


class Fetching:
    """The output of one download; a second one, in a later cell, has its own."""

    def __init__(self) -> None:
        self._handle: DisplayHandle | None = None
        self._next = 0.0

    def __call__(self, done: int, total: int) -> None:
        """Show `done` of `total` bytes."""
        from IPython.display import display

        now = time.monotonic()
        if done < total and now < self._next:
            return
        self._next = now + _EVERY
        line = {"text/plain": f"fetching a model: {done / 1e6:.0f} of {total / 1e6:.0f} MB"}
        if self._handle is None:
            self._handle = display(line, raw=True, display_id=True)  # type: ignore[no-untyped-call]  # IPython's
        else:
            self._handle.update(line, raw=True)  # type: ignore[no-untyped-call]  # IPython's
