"""State in an SQLite file that the kernels of a host share, as far as the file can be used."""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
import time
import weakref
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from nbapimgr.models import Breaker
from nbapimgr.state._file import (
    NAME,
    is_busy,
    is_damage,
    prepare,
    salt_of,
    set_aside,
    words_for,
)
from nbapimgr.state._place import made_private

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Id = tuple[str, str]

T = TypeVar("T")

__all__ = ["SqliteStore"]

_READ_PATIENCE: Final = 0.25
"""Seconds that opening may take where a call waits. Reading does not wait for those who write."""
_WRITE_PATIENCE: Final = 2.0
"""The same where nobody waits."""
_AGAIN: Final = 30.0
_SOON: Final = 1.0
"""Seconds until a file that could not be used is tried again; and one that was locked."""
_FORGOTTEN: Final = 86_400.0
"""Seconds after its time a breaker is forgotten: nobody has asked for it since."""
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Breaker).decode
_every: weakref.WeakSet[SqliteStore] = weakref.WeakSet()
_of_the_parent: list[object] = []
"""After a fork: connections of the parent, which SQLite forbids to use or close here."""


class SqliteStore:
    """A `StateStore` in a file; without the file, in memory. Safe to use from any thread.

    What is put is kept in memory until it is written. So a file that is damaged (it is set aside),
    locked, read-only or on a full disk loses nothing to this process: it is not shared, `trouble`
    says so, and with the next change that can be written so are those before it.

    Args:
        folder: Where the file is; made when it is first needed.
    """

    def __init__(self, folder: Path) -> None:
        self.trouble = ""
        self._path = folder / NAME
        self._holder = secrets.token_hex(8)
        self._salt = secrets.token_bytes(16)
        self._unsaved: dict[Id, Breaker | None] = {}
        """None: dropped."""
        self._known: dict[Id, Breaker | None] = {}
        self._later = float("-inf")
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._db: sqlite3.Connection | None = None
        self._inode = -1
        self._version: tuple[int, ...] = ()
        self._openings = 0
        _every.add(self)

    @property
    def salt(self) -> bytes:
        """The file's; one of this process where there is none."""
        if not self._openings:
            self.version()
        return self._salt

    @property
    def unsaved(self) -> bool:
        """Whether a `flush` has something to do, and is not known to be in vain."""
        return bool(self._unsaved) and time.monotonic() >= self._later

    def version(self) -> object:
        """What is unequal after another connection has written. Never waits for another thread."""
        if self._lock.acquire(blocking=False):
            try:
                if db := self._reader():
                    changes = db.execute("PRAGMA data_version").fetchone()
                    self._version = (self._openings, *changes)
            except Exception as error:  # noqa: BLE001  # whatever it is, a call goes on
                self._give_up(error)
            finally:
                self._lock.release()
        return self._version

    def breakers(self) -> tuple[Breaker, ...]:
        """All breakers there are; with those that are not written yet."""
        with self._lock:
            try:
                if db := self._reader():
                    self._known = _read(db)
            except Exception as error:  # noqa: BLE001  # whatever it is, a call goes on
                self._give_up(error)
            found = {**self._known, **self._unsaved}
        return tuple(breaker for breaker in found.values() if breaker is not None)

    def put(self, breaker: Breaker) -> None:
        """Keep a breaker, in place of the one of its scope and key."""
        with self._lock:
            self._unsaved[breaker.scope, breaker.key] = breaker

    def drop(self, breaker: Breaker) -> None:
        """Forget the breaker of this scope and key."""
        with self._lock:
            self._unsaved[breaker.scope, breaker.key] = None

    def lease(self, breaker: Breaker, now: float, seconds: float) -> bool:
        """Take the one probe of a breaker for some time; False when another process has it.

        Without the file nobody else is known of.
        """
        with self._writing:
            try:
                return self._write(lambda db: _lease(db, breaker, self._holder, now, seconds))
            except Exception as error:  # noqa: BLE001  # whatever it is, a call goes on
                self._note(error)
                return True

    def flush(self) -> None:
        """Write what was put and dropped."""
        with self._writing:
            with self._lock:
                batch = dict(self._unsaved)
            if not batch:
                return
            try:
                self._write(lambda db: _save(db, batch))
            except Exception as error:  # noqa: BLE001  # whatever it is, a call goes on
                self._note(error)
                return
            with self._lock:
                for mine, breaker in batch.items():
                    if self._unsaved.get(mine, self) is breaker:
                        del self._unsaved[mine]
                        self._known[mine] = breaker
                self.trouble, self._later = "", float("-inf")

    def close(self) -> None:
        """Write what is left and let go of the file."""
        self.flush()
        with self._lock:
            self._let_go()

    def __del__(self) -> None:
        self._let_go()  # from Python 3.13 on a connection that nobody has closed is warned of

    def forget(self) -> None:
        """Start anew in a process that was forked off: the parent's connection is not ours."""
        _of_the_parent.append(self._db)
        self._db = None
        self._lock, self._writing = threading.Lock(), threading.Lock()

    def _reader(self) -> sqlite3.Connection | None:
        """The connection for reading, opened if need be; None while that is in vain."""
        if self._db is not None and self._inode == _inode(self._path):
            return self._db
        self._let_go()
        if time.monotonic() < self._later:
            return None
        self._db = self._mended(lambda: self._open(_READ_PATIENCE))
        self._inode = _inode(self._path)
        before, self._salt = self._salt, salt_of(self._db)
        if self._openings and before != self._salt:  # another file; what was in the first is known
            self._unsaved = {**self._known, **self._unsaved}
        self._openings += 1
        if not self._unsaved:
            self.trouble = ""
        return self._db

    def _open(self, patience: float) -> sqlite3.Connection:
        made_private(self._path.parent)
        return prepare(self._path, patience)

    def _mended(self, work: Callable[[], T]) -> T:
        """Do it, if need be with a new file in place of a damaged one."""
        try:
            return work()
        except Exception as error:
            if not is_damage(error):
                raise
        set_aside(self._path)
        return work()

    def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        def once() -> T:
            with contextlib.closing(self._open(_WRITE_PATIENCE)) as db, db:
                return work(db)

        return self._mended(once)

    def _give_up(self, error: Exception) -> None:
        """Do without the connection for reading."""
        self._let_go()
        if is_damage(error):
            with contextlib.suppress(OSError):
                set_aside(self._path)
        self._note(error)

    def _let_go(self) -> None:
        db, self._db = self._db, None
        if db is not None:
            db.close()

    def _note(self, error: Exception) -> None:
        self._later = time.monotonic() + (_SOON if is_busy(error) else _AGAIN)
        self.trouble = (
            f"who is left alone is known to this kernel only: {self._path}: {words_for(error)}"
        )


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except OSError:
        return -1


def _read(db: sqlite3.Connection) -> dict[Id, Breaker | None]:
    rows = db.execute("SELECT data FROM breakers WHERE until > ?", (time.time() - _FORGOTTEN,))
    found: dict[Id, Breaker | None] = {}
    for (data,) in rows.fetchall():
        with contextlib.suppress(msgspec.MsgspecError):
            breaker = _decode(data)
            found[breaker.scope, breaker.key] = breaker
    return found


def _save(db: sqlite3.Connection, batch: Mapping[Id, Breaker | None]) -> None:
    for mine, breaker in batch.items():
        db.execute("DELETE FROM leases WHERE scope = ? AND key = ?", mine)
        if breaker is None:
            db.execute("DELETE FROM breakers WHERE scope = ? AND key = ?", mine)
        else:
            row = (*mine, breaker.until, _encode(breaker))
            db.execute("INSERT OR REPLACE INTO breakers VALUES (?, ?, ?, ?)", row)
    db.execute("DELETE FROM breakers WHERE until < ?", (time.time() - _FORGOTTEN,))


def _lease(
    db: sqlite3.Connection, breaker: Breaker, holder: str, now: float, seconds: float
) -> bool:
    # A lease that ends later than one taken now is of a clock that was since set back.
    taken = db.execute(
        "INSERT INTO leases VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE"
        " SET until = excluded.until, holder = excluded.holder"
        " WHERE holder = excluded.holder OR until <= ? OR until > excluded.until",
        (breaker.scope, breaker.key, now + seconds, holder, now),
    )
    return taken.rowcount == 1


def _after_fork_in_child() -> None:
    for store in list(_every):
        store.forget()


# Windows has no such function, and nothing forks there.
getattr(os, "register_at_fork", dict)(after_in_child=_after_fork_in_child)
