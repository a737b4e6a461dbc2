"""The newest rows, read from the journal alone: cheap enough for the first call of a kernel."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from nbapimgr.usage._journal import decode

if TYPE_CHECKING:
    from pathlib import Path

    from nbapimgr.usage._journal import Folder
    from nbapimgr.usage._row import Row

__all__ = ["recent"]

_SEGMENTS: Final = 8
"""Segments that are looked into, the last written first: as many kernels at work."""
_TAIL: Final = 24 * 1024
"""Bytes read of each, some 60 rows; a candidate has a hundred remembered."""


def recent(folder: Folder, since: float) -> list[Row]:
    """The rows recorded since a moment (seconds since the epoch), oldest first, as far as kept.

    What has been sealed into Parquet is left out: that is done days later, or after thousands of
    rows, and reading it loads pyarrow.
    """
    written: list[tuple[float, Path]] = []
    try:
        names = folder.segments()
    except OSError:  # a folder that may not be read; what writes rows says so
        return []
    for name in names:
        path = folder.segment(name)
        try:
            changed = path.stat().st_mtime
        except OSError:  # somebody seals it right now
            continue
        if changed >= since:
            written.append((changed, path))
    rows: list[Row] = []
    for _, path in sorted(written, reverse=True)[:_SEGMENTS]:
        rows += decode(_tail_of(path))[0]
    first = int(since * 1_000_000)
    return sorted((row for row in rows if row.recorded_at >= first), key=_recorded)


def _tail_of(path: Path) -> bytes:
    """The last whole lines of a file; nothing where it cannot be read."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL))
            data = file.read(_TAIL)
    except OSError:
        return b""
    return data if size <= _TAIL else data.partition(b"\n")[2]


def _recorded(row: Row) -> int:
    return row.recorded_at
