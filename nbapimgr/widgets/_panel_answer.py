"""What the panel answers a message with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nbapimgr.models._record import Record

__all__ = ["Answer", "Work"]


class Answer(Record, frozen=True, kw_only=True):
    """What goes back to the page."""

    said: str = ""
    """For people; empty where there is nothing to say."""
    data: dict[str, Any] = {}  # noqa: RUF012  # msgspec copies it
    buffers: tuple[bytes, ...] = ()


Work = Callable[[], Answer]
"""What takes too long for the kernel's main thread, and gives the answer when it is done."""
