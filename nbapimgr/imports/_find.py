"""Looks through the known places and reads what is there; what cannot be read is one line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nbapimgr.errors import NbApiMgrError, UnknownName
from nbapimgr.imports._environment import read_environment
from nbapimgr.imports._found import Found, Malformed
from nbapimgr.imports._merge import Piece
from nbapimgr.imports._parse import LARGEST
from nbapimgr.imports._sources import FILES, reader_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from nbapimgr.imports._sources import Where

__all__ = ["SOURCES", "find", "read_file"]

_ENVIRONMENT = "environment"
SOURCES = tuple(dict.fromkeys([_ENVIRONMENT, *(file.source for file in FILES)]))
"""What can be named."""


def find(where: Where, only: Collection[str] = ()) -> list[Piece]:
    """What is found in the known places.

    Args:
        where: The folders.
        only: Names of sources; empty means all.

    Raises:
        UnknownName: There is no such source.
    """
    for name in only:
        if name not in SOURCES:
            raise UnknownName("source", name, SOURCES)
    pieces: list[Piece] = []
    if not only or _ENVIRONMENT in only:
        found = read_environment(where.environ)
        pieces.append(Piece(source=_ENVIRONMENT, place="environment variables", found=found))
    seen: set[Path] = set()
    for file in FILES:
        if only and file.source not in only:
            continue
        for path in file.paths(where):
            if path in seen:
                continue
            seen.add(path)
            near = file.near and not path.is_relative_to(where.home / path.name)
            if there := _found(path, file.read):
                pieces.append(Piece(source=file.source, place=str(path), found=there, near=near))
    return [piece for piece in pieces if piece.found]


def read_file(path: Path) -> Piece:
    """What a file holds that a person names; its tool is known by its name or by what it says.

    Raises:
        Malformed: It is not there, or is none that is known.
    """
    data = _bytes(path)
    if data is None:
        raise Malformed(f"{path}: there is no such file")
    try:
        source, read = reader_of(path, data)
        return Piece(source=source, place=str(path), found=read(data), near=True)
    except NbApiMgrError as e:
        raise Malformed(f"{path}: {e}", hint=e.hint) from None


def _found(path: Path, read: Callable[[bytes], Found]) -> Found | None:
    try:
        data = _bytes(path)
        return None if data is None else read(data)
    except NbApiMgrError as e:
        return Found(notes=(f"not read: {e}{f'; {e.hint}' if e.hint else ''}",))


def _bytes(path: Path) -> bytes | None:
    """What is in a file; None where there is none.

    Raises:
        Malformed: It cannot be read, or is too large.
    """
    try:
        if not path.is_file():  # a pipe of that name would be waited for
            return None
        with path.open("rb") as f:
            data = f.read(LARGEST + 1)
    except OSError as e:
        raise Malformed(f"cannot be read: {e.strerror}") from None
    if len(data) > LARGEST:
        raise Malformed(f"larger than {LARGEST:,} bytes")
    return data
