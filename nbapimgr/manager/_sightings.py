"""Where keys were found lying around, kept until the next look: fingerprints and places, no key."""

from __future__ import annotations

import contextlib
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from nbapimgr.manager._whole_file import put

if TYPE_CHECKING:
    from pathlib import Path

    from nbapimgr.scan import Report

__all__ = ["Sightings"]

_MOST: Final = 1000
"""Places that are kept, the newest."""


class _Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """A key in a place where none should be."""

    key: str
    """Its fingerprint, which means nothing without the vault."""
    path: str
    where: str
    at: int
    """When it was found, in Unix seconds."""


class Sightings:
    """What searches have found, those of other kernels and of the command line too.

    A file that is searched again tells anew what is in it; what was found in others stays. What
    cannot be read or written is as if nobody had looked.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._found: tuple[_Sighting, ...] = ()

    def note(self, report: Report) -> None:
        """Keep what a search has found."""
        now = int(time.time())
        looked = set(report.looked)
        kept = [one for one in self._read() if one.path not in looked]
        new = [
            _Sighting(key=leak.fingerprint, path=leak.path, where=leak.where, at=now)
            for leak in report.leaks
        ]
        found = tuple({(one.key, one.path): one for one in [*kept, *new]}.values())[-_MOST:]
        if found != self._found:
            self._write(found)
        self._found = found

    def of(self, fingerprint: str) -> str:
        """Where a key was found last, in words; "" where it was not."""
        found = [one for one in self._read() if one.key == fingerprint]
        if not found:
            return ""
        newest = max(found, key=lambda one: one.at)
        more = f" and {len(found) - 1} more" if found[1:] else ""
        day = datetime.fromtimestamp(newest.at, UTC).date().isoformat()
        return f"{newest.path} ({newest.where}){more}, on {day}"

    def _read(self) -> tuple[_Sighting, ...]:
        """What is known by now: somebody else may have looked."""
        with contextlib.suppress(OSError, msgspec.MsgspecError, UnicodeDecodeError):
            stat = self._path.stat()
            if self._stamp != (stamp := (stat.st_mtime_ns, stat.st_size)):
                self._stamp = stamp
                data = self._path.read_bytes()
                self._found = msgspec.json.decode(data, type=tuple[_Sighting, ...])
        return self._found

    def _write(self, found: tuple[_Sighting, ...]) -> None:
        with contextlib.suppress(OSError):
            put(self._path, msgspec.json.encode(found))
