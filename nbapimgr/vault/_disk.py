"""Files that are on the disk when a function returns. Every system call of the vault is here."""

# Tests break each of these system calls, so they are functions of `os` and no methods of paths.
# ruff: noqa: PTH101, PTH102, PTH105, PTH108, PTH116, PTH208

from __future__ import annotations

import contextlib
import errno
import os
import time
from typing import TYPE_CHECKING, Final

from nbapimgr.errors import VaultError

if TYPE_CHECKING:
    from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]  # asked for below

__all__ = [
    "draft_on_disk",
    "exists",
    "is_private",
    "listed",
    "make_folder",
    "publish",
    "read",
    "remove",
    "replace",
    "set_aside",
    "signature",
    "sync_folder",
    "write_new",
]

_LARGEST: Final = 16 * 2**20
"""Bytes of the largest file that is read: some 20,000 keys."""
_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
"""O_EXCL follows no symbolic link."""
_READ: Final = os.O_RDONLY | getattr(os, "O_BINARY", 0)
_NO_LINKS: Final = frozenset(
    {errno.EINVAL, errno.EMLINK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EPERM}
)
"""What file systems without hard links answer (FAT, some network and FUSE file systems)."""
_TRIES: Final = 5
"""Tries of a rename that Windows refuses while somebody reads the file."""


def read(path: Path) -> bytes:
    """The whole file.

    Raises:
        OSError: It is not there or cannot be read.
        VaultError: It is larger than any vault.
    """
    fd = os.open(path, _READ)
    try:
        pieces = []
        size = 0
        while piece := os.read(fd, 2**20):
            pieces.append(piece)
            size += len(piece)
            if size > _LARGEST:
                raise VaultError(f"{path}: is larger than a vault can be")
    finally:
        os.close(fd)
    return b"".join(pieces)


def write_new(path: Path, data: bytes) -> None:
    """Make a file for its owner alone, on the disk and read back; a part of one never stays.

    Raises:
        FileExistsError: There is a file of that name.
        OSError: It cannot be written, or what was read back is not what was written.
    """
    fd = os.open(path, _CREATE, 0o600)
    try:
        try:
            if hasattr(os, "fchmod"):
                os.fchmod(fd, 0o600)  # whatever the umask is
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(fd, rest) :]
            _sync(fd)
        finally:
            os.close(fd)
        _read_back(path, data)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(path)
        raise


def _read_back(path: Path, data: bytes) -> None:
    if read(path) != data:
        raise OSError(errno.EIO, "what was written is not what is read back")


def draft_on_disk(draft: Path, data: bytes) -> None:
    """`write_new`, once more after an I/O error: a file whose fsync failed is never synced again.

    The kernel marks the pages of a failed fsync clean, so a second one of the same file would
    succeed without having written (Rebello et al., USENIX ATC 2020).
    """
    try:
        write_new(draft, data)
    except OSError as e:
        if e.errno != errno.EIO:
            raise
        write_new(draft, data)


def replace(draft: Path, path: Path) -> None:
    """Rename onto `path`, and have that on the disk."""
    tried = 0
    while True:
        try:
            os.replace(draft, path)
            break
        except PermissionError:
            tried += 1
            if os.name != "nt" or tried == _TRIES:
                raise
            time.sleep(0.01 * 2**tried)
    sync_folder(path.parent)


def publish(draft: Path, path: Path, data: bytes) -> bool:
    """Give a draft a second name unless that is taken; False when it is.

    Raises:
        OSError: It cannot be done.
    """
    try:
        os.link(draft, path)
    except FileExistsError:
        return False
    except OSError as e:
        if e.errno not in _NO_LINKS:
            raise
        with contextlib.suppress(FileExistsError):
            write_new(path, data)
            sync_folder(path.parent)
            return True
        return False
    sync_folder(path.parent)
    return True


def set_aside(path: Path) -> Path:
    """Rename a file that cannot be used, so that nothing overwrites it; its new name."""
    aside = path.with_name(f"{path.name}.damaged-{time.time_ns()}")
    os.replace(path, aside)
    sync_folder(path.parent)
    return aside


def make_folder(path: Path) -> None:
    """Make a folder for its owner alone, with its parents, on the disk."""
    if not exists(path):
        make_folder(path.parent)
        with contextlib.suppress(FileExistsError):
            os.mkdir(path, 0o700)
            if hasattr(os, "fchmod"):
                os.chmod(path, 0o700)  # whatever the umask is
        sync_folder(path.parent)


def listed(folder: Path) -> list[str]:
    """The names in a folder; none where there is no folder."""
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []


def remove(path: Path) -> None:
    """Remove a file that may be gone already."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def exists(path: Path) -> bool:
    """Whether there is a file or folder."""
    return signature(path) is not None


def signature(path: Path | str) -> tuple[int, int, int] | None:
    """What differs when a file was replaced; None where there is none or it cannot be seen."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def is_private(path: Path) -> bool:
    """Whether nobody but its owner can read a file. On Windows the profile's folder sees to it."""
    return os.name == "nt" or not os.stat(path).st_mode & 0o077


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk.

    Raises:
        OSError: The disk failed.
    """
    try:
        fd = os.open(folder, os.O_RDONLY)
    except PermissionError:
        if os.name != "nt":  # Windows does not open folders; nor does it need to
            raise
        return
    try:
        _sync(fd)
    finally:
        os.close(fd)


def _sync(fd: int) -> None:
    full = getattr(fcntl, "F_FULLFSYNC", None)
    if full is not None:  # macOS: fsync alone stops at the drive's cache
        fcntl.fcntl(fd, full)
    else:
        os.fsync(fd)
