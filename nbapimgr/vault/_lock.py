"""One writer of the vault at a time, and who it is when somebody waits in vain."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Final

from nbapimgr.errors import VaultError
from nbapimgr.vault import _disk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from filelock import BaseFileLock

    from nbapimgr.vault._folders import Folders

__all__ = ["Writing", "locked"]

_PATIENCE: Final = 15.0
"""Seconds; a write takes some 10 ms, and 16 kernels at once have been seen to wait for 3 s."""
_POLL: Final = 0.01


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock. A process that dies lets go of it.

    Who waits holds a second lock, the turn, so that the one who has just written and comes again
    stands behind all others: without it, one of 16 busy kernels waited for longer than it may.

    Raises:
        VaultError: Somebody else holds it for too long, or the file system has no locks.
    """
    turn = _acquired(path.with_suffix(".turn"), path)
    try:
        lock = _acquired(path, path)
    finally:
        turn.release()
    try:
        with contextlib.suppress(OSError):
            _holder(path).write_text(str(os.getpid()))
        yield
    finally:
        lock.release()


def _acquired(path: Path, lock_path: Path) -> BaseFileLock:
    from filelock import FileLock, SoftFileLock, Timeout

    lock = FileLock(path, timeout=_PATIENCE, poll_interval=_POLL, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        raise VaultError(
            f"another process is writing the vault{_whose(lock_path)}",
            hint="end it, or wait for it; a stopped process (Ctrl-Z) holds on to the lock too",
        ) from None
    except NotImplementedError:  # what filelock raises where there are no locks
        raise VaultError(f"the file system of {path.parent} has no locks") from None
    if isinstance(lock, SoftFileLock):  # would stay behind when its process is killed
        lock.release()
        raise VaultError(f"the file system of {path.parent} has no locks")
    return lock


def _holder(path: Path) -> Path:
    return path.with_suffix(".holder")


def _whose(path: Path) -> str:
    with contextlib.suppress(OSError, ValueError):
        return f" (process {int(_holder(path).read_text())})"
    return ""


class Writing:
    """The lock, with what the disk says against it in words for people."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders

    def __enter__(self) -> None:
        try:
            _disk.make_folder(self._folders.first)
            self._held = locked(self._folders.lock)
            self._held.__enter__()
        except OSError as e:
            raise _not_saved(e) from None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._held.__exit__(None, None, None)
        if isinstance(error, OSError):
            raise _not_saved(error) from None


def _not_saved(error: OSError) -> VaultError:
    return VaultError(
        f"NOT saved: {error.strerror or error}", hint="free some space, or mend the folder's rights"
    )
