"""The scan: bounded in files, bytes and time; it can be stopped, and says what it left out."""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING, Final

import msgspec

from nbapimgr.scan._keys import Finder
from nbapimgr.scan._read import LARGEST, texts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from nbapimgr.scan._keys import Find
    from nbapimgr.scan._places import Place
    from nbapimgr.secret import Secret

__all__ = ["Leak", "Report", "scan"]

_FILES: Final = 5_000
_SECONDS: Final = 30.0
_REMEDIES: Final = {
    "notebook": "clear it from the cell and its output, and from earlier versions",
    "ipython history": "delete it there: %history shows it to whoever opens the file",
    "shell history": "delete the line; give keys at a prompt, never in a command",
    "tracked .env": "git rm --cached the file and list it in .gitignore",
}


class Leak(msgspec.Struct, frozen=True, kw_only=True):
    """A key in a place where none should be. Holds no key."""

    kind: str
    path: str
    where: str
    """The cell or the line."""
    vendor: str
    masked: str
    do: str
    fingerprint: str = ""
    """Tells keys apart, for whoever gave a way to make one."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a scan has found."""

    leaks: tuple[Leak, ...]
    files: int
    """How many were looked through."""
    looked: tuple[str, ...] = ()
    """Those that were looked through to their end."""
    notes: tuple[str, ...] = ()
    """What was left out, and why."""


def scan(
    places: Iterable[Place],
    *,
    known: Iterable[Secret] = (),
    fingerprint: Callable[[Secret], str] = lambda _: "",
    progress: Callable[[int, Place], object] | None = None,
    stop: Callable[[], bool] = lambda: False,
    seconds: float = _SECONDS,
) -> Report:
    """Look through files for keys. Reads alone, and sends nothing.

    Args:
        places: The files, in the order in which they are looked through.
        known: Keys of this user, which are found whatever their form.
        fingerprint: What tells a key from others without showing it.
        progress: Called with the number of files done and the next one.
        stop: Asked before each file and now and then within one; True ends the scan. An interrupt
            does, too: what was found until then is given.
        seconds: After which it ends.
    """
    end = time.monotonic() + seconds
    finder = Finder(known)
    leaks: dict[tuple[str, str], Leak] = {}
    notes: list[str] = []
    looked: list[str] = []
    files = 0

    def over() -> bool:
        return stop() or time.monotonic() >= end

    for place in places:
        if files >= _FILES or over():
            reason = f"{_FILES:,} files" if files >= _FILES else "stopped or out of time"
            notes.append(f"{reason}: what comes after {files} files was not looked through")
            break
        try:
            if progress:
                progress(files, place)
            files += 1
            if _look(place, finder, leaks, over, fingerprint):
                looked.append(str(place.path))
            if place.path.stat().st_size > LARGEST and place.kind != "ipython history":
                notes.append(f"{place.path}: only its first {LARGEST:,} bytes were looked through")
        except (OSError, sqlite3.Error) as e:
            notes.append(f"{place.path}: not read: {getattr(e, 'strerror', None) or e}")
        except KeyboardInterrupt:
            notes.append(f"stopped by you: what comes after {files} files was not looked through")
            break
    found = tuple(leaks.values())
    return Report(leaks=found, files=files, looked=tuple(looked), notes=tuple(notes))


def _look(
    place: Place,
    finder: Finder,
    leaks: dict[tuple[str, str], Leak],
    over: Callable[[], bool],
    fingerprint: Callable[[Secret], str],
) -> bool:
    """Look through one file, and whether that was done to its end.

    A key is said once for each file, where it is first.
    """
    for number, (where, text) in enumerate(texts_of(place, finder.may_hold)):
        if number % 1000 == 0 and over():
            return False
        for found in finder.keys(text):
            name = (str(place.path), found.key.reveal())
            if name not in leaks:
                leaks[name] = _leak(place, where, found, fingerprint(found.key))
    return True


def _leak(place: Place, where: str, found: Find, fingerprint: str) -> Leak:
    at = f" at {found.page}" if found.page else ""
    return Leak(
        kind=place.kind,
        path=str(place.path),
        where=where,
        vendor=found.whose,
        masked=found.key.tail(),
        do=f"rotate it{at}: others may have seen it; {_REMEDIES[place.kind]}",
        fingerprint=fingerprint,
    )
