"""Says how far a download is, in one output that is updated in place."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from IPython.display import DisplayHandle

__all__ = ["fetching"]

_EVERY: Final = 0.25
"""Seconds between two updates."""

_shown: dict[str, tuple[DisplayHandle | None, float]] = {}


def fetching(done: int, total: int) -> None:
    """Show `done` of `total` bytes."""
    from IPython.display import display

    handle, at = _shown.get("", (None, 0.0))
    if done < total and time.monotonic() - at < _EVERY:
        return
    line = {"text/plain": f"fetching a model: {done / 1e6:.0f} of {total / 1e6:.0f} MB"}
    if handle is None:
        handle = display(line, raw=True, display_id=True)  # type: ignore[no-untyped-call]  # IPython's
    else:
        handle.update(line, raw=True)  # type: ignore[no-untyped-call]  # IPython's
    _shown[""] = (handle, time.monotonic())
    if done >= total:
        _shown.clear()
