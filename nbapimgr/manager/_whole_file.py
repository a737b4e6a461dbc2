"""Puts a small file in place, whole or not at all."""

from __future__ import annotations

import contextlib
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["put"]


def put(path: Path, data: bytes) -> None:
    """Write a file that only its owner can read, in place of the one that is there.

    Raises:
        OSError: It could not be written; what was there is as it was.
    """
    draft = path.with_suffix(f".{uuid.uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.touch(0o600)
        draft.write_bytes(data)
        draft.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise
