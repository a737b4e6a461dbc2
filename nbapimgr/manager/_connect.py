"""The kernel's one manager."""

from __future__ import annotations

import atexit
import os
import threading
from typing import TYPE_CHECKING

from nbapimgr.manager._manager import Manager

if TYPE_CHECKING:
    from nbapimgr.settings import Settings

__all__ = ["connect", "disconnect"]

_lock = threading.Lock()
_current: Manager | None = None


def connect(
    home: str | os.PathLike[str] | None = None, *, settings: Settings | None = None
) -> Manager:
    """The kernel's manager, made at the first call.

    With `home` or `settings` a new manager is made and becomes the kernel's.
    """
    global _current  # the one piece of state of a kernel
    with _lock:
        if _current is None or home is not None or settings is not None:
            old, _current = _current, Manager(home, settings=settings)
            if old is not None:
                old.close()
        return _current


@atexit.register
def disconnect() -> None:
    """Close the kernel's manager; the next `connect` makes a new one."""
    global _current  # the one piece of state of a kernel
    with _lock:
        old, _current = _current, None
    if old is not None:
        old.close()
