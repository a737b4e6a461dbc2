"""The SQLite file itself: made, opened, set aside when it is damaged."""

from __future__ import annotations

import contextlib
import os
import secrets
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

__all__ = [
    "NAME",
    "connect",
    "is_busy",
    "is_damage",
    "prepare",
    "salt_of",
    "set_aside",
    "words_for",
]

NAME: Final = "state-1.sqlite"
"""The number is that of the tables: another version of nbapimgr has another file."""
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS breakers (
    scope TEXT NOT NULL, key TEXT NOT NULL, until REAL NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (scope, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS leases (
    scope TEXT NOT NULL, key TEXT NOT NULL, until REAL NOT NULL, holder TEXT NOT NULL,
    PRIMARY KEY (scope, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
"""
_ERROR, _BUSY, _LOCKED, _CORRUPT, _NOT_ONE = 1, 5, 6, 11, 26
_WORDS: Final = {
    _BUSY: "another process keeps it locked",
    _LOCKED: "another process keeps it locked",
    8: "it is read-only",
    10: "the disk does not take it",
    13: "the disk is full",
    14: "it cannot be opened",
}
"""The primary result codes of sqlite.org/rescode.html."""
_LOCK_PATIENCE: Final = 1.0
"""Seconds another process may take to set a damaged file aside."""


def prepare(path: Path, patience: float) -> sqlite3.Connection:
    """Open the file for reading and writing, made with its tables if need be.

    Args:
        path: The file, in a folder that exists.
        patience: Seconds that other processes may keep it locked.

    Raises:
        sqlite3.Error: It cannot be opened; see `is_damage`.
        OSError: It cannot be made.
    """
    # SQLite gives its other files the rights of this one. One that exists is not touched: closing
    # it would end the locks that another connection of this process holds on it (POSIX).
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    db = connect(path, patience)
    try:
        db.execute("PRAGMA journal_mode=WAL")
        with db:
            db.executescript(_TABLES)
            db.execute("INSERT OR IGNORE INTO facts VALUES ('salt', ?)", (secrets.token_bytes(16),))
    except BaseException:
        db.close()
        raise
    return db


def connect(path: Path, patience: float) -> sqlite3.Connection:
    """Open the file as it is.

    Raises:
        sqlite3.Error: It cannot be opened.
    """
    import sqlite3

    db = sqlite3.connect(
        path, timeout=patience, isolation_level="IMMEDIATE", check_same_thread=False
    )
    # What a power cut may cost is no loss, and a fsync takes longer than a call may be kept.
    db.execute("PRAGMA synchronous=OFF")
    return db


def salt_of(db: sqlite3.Connection) -> bytes:
    """What this file's hashes are made with."""
    return bytes(db.execute("SELECT value FROM facts WHERE name = 'salt'").fetchone()[0])


def is_damage(error: Exception) -> bool:
    """Whether an error says that the file is no database of ours any more."""
    # No salt is a TypeError; missing tables and columns are the general error.
    return _code(error) in {_ERROR, _CORRUPT, _NOT_ONE} or isinstance(error, TypeError)


def is_busy(error: Exception) -> bool:
    """Whether another process only keeps the file locked."""
    return _code(error) in {_BUSY, _LOCKED}


def words_for(error: Exception) -> str:
    """What is wrong, for people."""
    return _WORDS.get(_code(error)) or getattr(error, "strerror", None) or str(error)


def set_aside(path: Path) -> None:
    """Move a damaged file out of the way, unless another process has done so meanwhile.

    Raises:
        OSError: It cannot be moved, or somebody else takes too long.
    """
    from filelock import FileLock

    with FileLock(f"{path}.lock", timeout=_LOCK_PATIENCE, mode=0o600):
        if _is_sound(path):
            return
        with contextlib.suppress(FileNotFoundError):
            path.replace(f"{path}.damaged")
        for rest in ("-wal", "-shm"):
            path.with_name(path.name + rest).unlink(missing_ok=True)


def _is_sound(path: Path) -> bool:
    import sqlite3

    if not path.exists():
        return False
    try:
        with contextlib.closing(connect(path, _LOCK_PATIENCE)) as db:
            salt_of(db)
            db.execute("SELECT scope, key, until, data FROM breakers").fetchone()
            db.execute("SELECT scope, key, until, holder FROM leases").fetchone()
            found: tuple[str] = db.execute("PRAGMA quick_check(1)").fetchone()
    except (sqlite3.Error, TypeError) as error:
        return not is_damage(error)
    return found[0] == "ok"


def _code(error: Exception) -> int:
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
