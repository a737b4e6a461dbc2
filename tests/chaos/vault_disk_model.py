"""A disk that forgets: what was not synced may be there after a power cut, or in part, or not.

Stands in for `os` in `nbapimgr.vault._disk`. A file's content is on the disk after fsync of the
file, a name in a folder after fsync of the folder: the strict reading of POSIX, on which a promise
can be built. `after_a_cut` gives one of the disks that a power cut may leave.
"""

from __future__ import annotations

import errno
import os
import random
from pathlib import PurePosixPath
from types import SimpleNamespace
from typing import Any

__all__ = ["Disk", "PowerCut"]

SECTOR = 512


class PowerCut(BaseException):
    """The lights went out."""


class File:
    """An inode."""

    def __init__(self, content: bytes = b"") -> None:
        self.content = bytearray(content)
        self.synced = bytes(content)


class Folder:
    """Names, as they are and as they are on the disk; and the changes in between, in order."""

    def __init__(self) -> None:
        self.names: dict[str, File | Folder] = {}
        self.synced: dict[str, File | Folder] = {}
        self.pending: list[tuple[str, File | Folder | None]] = []

    def change(self, name: str, to: File | Folder | None) -> None:
        self.pending.append((name, to))
        _put(self.names, name, to)

    def sync(self) -> None:
        self.synced, self.pending = dict(self.names), []


def _put(names: dict[str, File | Folder], name: str, to: File | Folder | None) -> None:
    if to is None:
        names.pop(name, None)
    else:
        names[name] = to


class Disk:
    """The part of `os` that the vault uses, over a disk in memory.

    Args:
        root: What is on it; None for nothing.
        cut_at: The number of the mutating call before which the power goes.
        without: "file sync" or "folder sync": it then does nothing, as a broken vault's would.
    """

    O_RDONLY, O_WRONLY, O_CREAT, O_EXCL = os.O_RDONLY, os.O_WRONLY, os.O_CREAT, os.O_EXCL
    name = "posix"

    def __init__(
        self, root: Folder | None = None, *, cut_at: int | None = None, without: str = ""
    ) -> None:
        self.root = root or Folder()
        self.calls = 0
        self._cut_at = cut_at
        self._without = without
        self._open: dict[int, list[Any]] = {}

    # --- what `os` has ---------------------------------------------------------------------------

    def open(self, path: Any, flags: int, _mode: int = 0o777) -> int:
        folder, name = self._at(path)
        found = folder.names.get(name) if name else folder
        if flags & self.O_CREAT:
            self._count()
            if found is not None:
                raise FileExistsError(errno.EEXIST, "exists", str(path))
            found = File()
            folder.change(name, found)
        if found is None:
            raise FileNotFoundError(errno.ENOENT, "no such file", str(path))
        number = len(self._open) + 100
        self._open[number] = [found, 0]
        return number

    def read(self, fd: int, size: int) -> bytes:
        found, place = self._open[fd]
        self._open[fd][1] = place + size
        return bytes(found.content[place : place + size])

    def write(self, fd: int, data: Any) -> int:
        self._count()
        self._open[fd][0].content += bytes(data)
        return len(data)

    def close(self, fd: int) -> None:
        self._open[fd] = []

    def fsync(self, fd: int) -> None:
        self._count()
        found = self._open[fd][0]
        if isinstance(found, Folder):
            if self._without != "folder sync":
                found.sync()
        elif self._without != "file sync":
            found.synced = bytes(found.content)

    def fchmod(self, fd: int, mode: int) -> None:
        """Rights are no content."""

    def chmod(self, path: Any, mode: int) -> None:
        """Rights are no content."""

    def replace(self, one: Any, other: Any) -> None:
        self._count()
        source, name = self._at(one)
        target, new = self._at(other)
        target.change(new, source.names[name])
        source.change(name, None)

    def link(self, one: Any, other: Any) -> None:
        self._count()
        source, name = self._at(one)
        target, new = self._at(other)
        if new in target.names:
            raise FileExistsError(errno.EEXIST, "exists", str(other))
        target.change(new, source.names[name])

    def unlink(self, path: Any) -> None:
        self._count()
        folder, name = self._at(path)
        if name not in folder.names:
            raise FileNotFoundError(errno.ENOENT, "no such file", str(path))
        folder.change(name, None)

    def mkdir(self, path: Any, _mode: int = 0o777) -> None:
        self._count()
        folder, name = self._at(path)
        if name in folder.names:
            raise FileExistsError(errno.EEXIST, "exists", str(path))
        folder.change(name, Folder())

    def listdir(self, path: Any) -> list[str]:
        folder, name = self._at(path)
        found = folder.names.get(name) if name else folder
        if not isinstance(found, Folder):
            raise FileNotFoundError(errno.ENOENT, "no such folder", str(path))
        return list(found.names)

    def stat(self, path: Any) -> SimpleNamespace:
        folder, name = self._at(path)
        found = folder.names.get(name) if name else folder
        if found is None:
            raise FileNotFoundError(errno.ENOENT, "no such file", str(path))
        size = len(found.content) if isinstance(found, File) else len(found.pending)
        stamp = hash(bytes(found.content)) if isinstance(found, File) else tuple(found.names)
        return SimpleNamespace(
            st_ino=id(found), st_mtime_ns=hash(stamp), st_size=size, st_mode=0o600
        )

    # --- power -----------------------------------------------------------------------------------

    def after_a_cut(self, chance: random.Random | None) -> Disk:
        """A disk that this one may be after a power cut.

        Args:
            chance: Which of what was not synced has arrived, and how much of it; None is the worst
                case, where nothing of it has.
        """
        return Disk(_survivor(self.root, chance, {}))

    def _count(self) -> None:
        self.calls += 1
        if self.calls == self._cut_at:
            raise PowerCut

    def _at(self, path: Any) -> tuple[Folder, str]:
        folder = self.root
        parts = PurePosixPath(path).parts[1:]
        for part in parts[:-1]:
            found = folder.names.get(part)
            if not isinstance(found, Folder):
                raise FileNotFoundError(errno.ENOENT, "no such folder", str(path))
            folder = found
        return folder, parts[-1] if parts else ""


def _survivor(folder: Folder, chance: random.Random | None, seen: dict[int, Any]) -> Folder:
    names = dict(folder.synced)
    for name, to in folder.pending:
        if chance is not None and chance.random() < 0.5:  # in any order and choice
            _put(names, name, to)
    survivor = Folder()
    for name, found in names.items():
        if id(found) not in seen:  # two names of one file are one file afterwards too
            seen[id(found)] = (
                _survivor(found, chance, seen)
                if isinstance(found, Folder)
                else _torn(found, chance)
            )
        survivor.names[name] = survivor.synced[name] = seen[id(found)]
    return survivor


def _torn(file: File, chance: random.Random | None) -> File:
    """A file after a cut: what was synced, or any of its sectors as they were written since."""
    if chance is None or file.content == file.synced:
        return File(file.synced)
    content = bytearray(file.content[: chance.choice([len(file.content), len(file.content) // 2])])
    for start in range(0, len(content), SECTOR):
        if chance.random() < 0.5:  # this sector did not arrive
            old = file.synced[start : start + SECTOR].ljust(SECTOR, b"\0")
            content[start : start + SECTOR] = old[: len(content[start : start + SECTOR])]
    return File(bytes(content))
