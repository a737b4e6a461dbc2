"""The files as they are: two copies, kept generations, and which of them is the newest good one.

A write publishes its generation under a name of its own (put-if-absent, which is a second barrier
where a file system's locks do nothing), then renames the first copy, then the second. Each is on
the disk and read back before the next, and all before the write is acknowledged. So the newest of
all that is good is what was acknowledged last, or what was being written when the lights went out.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from nbapimgr.errors import VaultDamaged, VaultError, VaultLocked
from nbapimgr.vault import _disk
from nbapimgr.vault._format import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from nbapimgr.vault._folders import Folders
    from nbapimgr.vault._format import Parsed

__all__ = ["Copy", "Look", "Replicas", "TakenError"]

_LAST: Final = 10
"""Generations that are kept."""
_DAYS: Final = 14
"""Days of which the last generation is kept besides."""
_STRAY: Final = 3600.0
"""Seconds after which a draft belongs to nobody any more."""
_KEPT: Final = re.compile(r"keys-(\d{12})\.vault")
_DRAFT: Final = re.compile(r"\.keys-\d{12}-[0-9a-f]{8}\.draft")


class TakenError(Exception):
    """Another writer was first with this generation: look again, and apply the change to that."""


class Copy(NamedTuple):
    """One file, as it was found."""

    path: Path
    data: bytes = b""
    parsed: Parsed | None = None
    fault: str = ""
    """Why it is of no use; "missing" when it is not there."""
    newer: bool = False
    """A version of nbapimgr wrote it that knows more than this one."""

    @property
    def generation(self) -> int:
        """0 of a file that cannot be read."""
        return self.parsed.header.generation if self.parsed else 0

    @property
    def vault(self) -> str:
        """Which vault it is a copy of."""
        return self.parsed.header.vault if self.parsed else ""


class Look(NamedTuple):
    """What was found in the folders."""

    copies: tuple[Copy, Copy]
    best: Copy | None
    """The newest good one; of the history when a write was cut short, or both copies are bad."""
    newest: int
    """The highest generation that any name or file tells of."""

    @property
    def nothing(self) -> bool:
        """There never was a vault here."""
        return self.newest == 0 and all(copy.fault == "missing" for copy in self.copies)

    @property
    def good(self) -> tuple[Copy, ...]:
        """The copies that are of use."""
        return tuple(copy for copy in self.copies if not copy.fault)

    @property
    def why_not(self) -> str:
        """Why nothing may be written; "" where nothing acknowledged can be missing."""
        if newer := next((copy for copy in self.copies if copy.newer), None):
            return f"{newer.path}: {newer.fault}"
        if not self.good and not self._first_write:
            return "; ".join(f"{copy.path}: {copy.fault}" for copy in self.copies)
        if len({copy.vault for copy in self.good}) > 1:
            return f"{self.copies[0].path} and {self.copies[1].path} are of two different vaults"
        return ""

    def of_one_vault(self, vault: str) -> Look:
        """The same, with copies of any other vault marked as of no use."""
        one, two = (
            copy._replace(fault="is of another vault") if copy.vault not in ("", vault) else copy
            for copy in self.copies
        )
        return self._replace(copies=(one, two))

    @property
    def _first_write(self) -> bool:
        """The very first write was cut short before it made a copy: there was nothing to lose."""
        missing = all(copy.fault == "missing" for copy in self.copies)
        return self.newest == 1 and self.best is not None and missing

    @property
    def healthy(self) -> bool:
        """Both copies are the best there is."""
        return self.best is not None and all(copy.data == self.best.data for copy in self.copies)


class Replicas:
    """The files of one vault. Who writes holds the lock."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders
        self._watched = tuple(os.fspath(path) for path in (*folders.copies, folders.history))

    def signature(self) -> tuple[object, ...]:
        """What differs when another process has written."""
        return tuple(map(_disk.signature, self._watched))

    def look(
        self, verify: Callable[[Parsed], object] | None = None, *, lenient: bool = False
    ) -> Look:
        """Read all that matters.

        Args:
            verify: Opens a file whose checksum is right; None takes it as it is.
            lenient: Take an older one when the newest cannot be opened.

        Raises:
            VaultLocked: The newest one is whole, and `verify` cannot open it.
        """
        copies = [_read(path) for path in self._folders.copies]
        names = self._generations()
        numbers = {*names, *(copy.generation for copy in copies)}
        best = None
        for number in sorted(numbers - {0}, reverse=True):
            try:
                best = _opened(copies, names.get(number), number, verify)
            except VaultLocked:
                if not lenient:
                    raise
            if best is not None:
                break
        return Look((copies[0], copies[1]), best, max(numbers))

    def kept(self) -> list[Parsed]:
        """The kept generations that are whole, the newest first."""
        names = self._generations()
        found = (_read(names[number]).parsed for number in sorted(names, reverse=True))
        return [parsed for parsed in found if parsed is not None]

    def write(self, data: bytes, look: Look) -> None:
        """Have the next generation on the disk, twice. When this returns it cannot be lost.

        Raises:
            TakenError: Another writer was first.
            OSError: It is not on the disk twice; what was there before is, or this is.
        """
        generation = parse(data).header.generation
        first, second = look.copies
        for folder in (first.path.parent, second.path.parent, self._folders.history):
            _disk.make_folder(folder)
        with _drafted(first.path.parent, generation, data) as draft:
            if not _disk.publish(draft, self._name(generation), data):
                raise TakenError
            _replace(draft, first)
        with _drafted(second.path.parent, generation, data) as draft:
            _replace(draft, second)

    def heal(self, look: Look, best: Copy) -> None:
        """Make both copies the best one.

        Raises:
            OSError: It cannot be done; nothing is worse than before.
        """
        for copy in look.copies:
            if copy.data != best.data:
                _disk.make_folder(copy.path.parent)
                with _drafted(copy.path.parent, best.generation, best.data) as draft:
                    _replace(draft, copy)
        # The kept one was the same file as the first copy: what spoilt that has spoilt it too.
        kept = self._name(best.generation)
        if _read(kept).data != best.data:
            _disk.make_folder(kept.parent)
            if _disk.exists(kept):
                _disk.set_aside(kept)
            with _drafted(self._folders.first, best.generation, best.data) as draft:
                _disk.publish(draft, kept, best.data)

    def tidy(self, *, forget: bool = False) -> None:
        """Drop generations that need not be kept, and what killed writers have left.

        Args:
            forget: Keep the newest alone: what a dropped slot could open is gone.
        """
        with contextlib.suppress(OSError):
            names = self._generations()
            for number in names.keys() - _worth_keeping(names, forget=forget):
                _disk.remove(names[number])
            for folder in (self._folders.first, self._folders.second):
                for name in filter(_DRAFT.fullmatch, _disk.listed(folder)):
                    if _age(folder / name) > _STRAY:
                        _disk.remove(folder / name)

    def _name(self, generation: int) -> Path:
        return self._folders.history / f"keys-{generation:012}.vault"

    def _generations(self) -> dict[int, Path]:
        found = (_KEPT.fullmatch(name) for name in _disk.listed(self._folders.history))
        return {int(m[1]): self._folders.history / m[0] for m in found if m}


def _read(path: Path) -> Copy:
    try:
        data = _disk.read(path)
    except FileNotFoundError:
        return Copy(path, fault="missing")
    except (OSError, VaultError) as e:
        return Copy(path, fault=str(e))
    try:
        return Copy(path, data, parse(data))
    except VaultDamaged as e:
        return Copy(path, data, fault=str(e))
    except VaultError as e:
        return Copy(path, data, fault=str(e), newer=True)


def _opened(
    copies: list[Copy],
    kept: Path | None,
    generation: int,
    verify: Callable[[Parsed], object] | None,
) -> Copy | None:
    """A file of this generation that can be opened; copies that cannot are marked.

    Raises:
        VaultLocked: There is one, and none of this generation can be opened.
    """
    good, locked = None, None
    for place, copy in enumerate(copies):
        if copy.generation == generation:
            found, locked = _tried(copy, verify, locked)
            copies[place] = found
            good = good or (found if not found.fault else None)
    if good is None and kept is not None:
        found, locked = _tried(_read(kept), verify, locked)
        good = found if not found.fault else None
    if good is None and locked is not None:
        raise locked
    return good


def _tried(
    copy: Copy, verify: Callable[[Parsed], object] | None, locked: VaultLocked | None
) -> tuple[Copy, VaultLocked | None]:
    if copy.parsed is not None and verify is not None:
        try:
            verify(copy.parsed)
        except VaultError as e:
            locked = e if isinstance(e, VaultLocked) else locked
            return copy._replace(fault=str(e)), locked
    return copy, locked


@contextlib.contextmanager
def _drafted(folder: Path, generation: int, data: bytes) -> Iterator[Path]:
    """A file beside its place, on the disk and read back, that holds these bytes."""
    draft = folder / f".keys-{generation:012}-{secrets.token_hex(4)}.draft"
    _disk.draft_on_disk(draft, data)
    try:
        yield draft
    finally:
        with contextlib.suppress(OSError):
            _disk.remove(draft)


def _replace(draft: Path, old: Copy) -> None:
    """Put a draft into its place; what cannot be used there is set aside first."""
    if old.fault and old.fault != "missing" and _disk.exists(old.path):
        _disk.set_aside(old.path)
    _disk.replace(draft, old.path)


def _worth_keeping(names: dict[int, Path], *, forget: bool) -> set[int]:
    newest = sorted(names, reverse=True)
    if forget:
        return set(newest[:1])
    by_day: dict[int, int] = {}
    for number in newest:
        by_day.setdefault(int(_age(names[number]) // 86_400), number)
    days = sorted(by_day)[:_DAYS]
    return {*newest[:_LAST], *(by_day[day] for day in days)}


def _age(path: Path) -> float:
    found = _disk.signature(path)
    return 0.0 if found is None else time.time() - found[1] / 1e9
