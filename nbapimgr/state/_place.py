"""Where the state of a host is kept: on its own disk, and readable by its owner only."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import sys
import warnings
from pathlib import Path
from typing import Final

__all__ = ["PlaceError", "file_system_of", "is_shared", "made_private", "state_folder"]

_SHARED: Final = frozenset(
    {"9p", "acfs", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "fuse.ceph", "fuse.glusterfs",
     "fuse.rclone", "fuse.s3fs", "fuse.sshfs", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs",
     "nfs4", "orangefs", "panfs", "smb2", "smb3", "smbfs", "vboxsf", "wekafs"}
)  # fmt: skip
"""File systems of several machines. SQLite's write-ahead log works within one machine only, for it
is shared by memory (sqlite.org/wal.html), and locks over NFS are not to be relied on."""
_MOUNTS: Final = Path("/proc/self/mountinfo")
_MOUNT: Final = re.compile(r"(?:\S+ ){4}(\S+) .*? - (\S+) ")
"""Mount point and type, by proc(5)."""
_OCTAL: Final = re.compile(r"\\(\d{3})")
"""A space or tab in a name."""


class PlaceError(Exception):
    """A folder in which state cannot be kept; the message says why."""


def state_folder(home: str | os.PathLike[str] | None = None) -> Path:
    """The folder of a home on this host, else the platform's folder of what runs now.

    Args:
        home: The folder the user chose; None takes `NBAPIMGR_HOME`. If it is shared by several
            machines, the host's own folder stands in, with a part for each home.
    """
    chosen = home or os.environ.get("NBAPIMGR_HOME")
    if not chosen:
        return _runtime()
    folder = Path(chosen).expanduser().absolute() / "state"
    if not is_shared(file_system_of(folder)):
        return folder
    return _runtime() / hashlib.blake2b(os.fsencode(folder), digest_size=8).hexdigest()


def file_system_of(folder: Path, mounts: Path = _MOUNTS) -> str:
    """The type of the file system a folder is on or will be; empty where it cannot be told."""
    if sys.platform == "win32" and str(folder).startswith("\\\\"):
        return "smb3"
    try:
        lines = mounts.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:  # not Linux
        return ""
    real = os.path.realpath(folder)
    found = (-1, "")
    for parts in filter(None, map(_MOUNT.match, lines)):
        point = _OCTAL.sub(lambda code: chr(int(code[1], 8)), parts[1])
        if real == point or real.startswith(f"{point.rstrip('/')}/"):
            found = max(found, (len(point), parts[2]))
    return found[1]


def is_shared(file_system: str) -> bool:
    """Whether several machines may have it mounted."""
    return file_system in _SHARED


def made_private(folder: Path) -> None:
    """Make the folder if need be, for nobody but its owner.

    Raises:
        PlaceError: It is somebody else's, or on a file system that several machines share.
        OSError: It cannot be made.
    """
    if is_shared(kind := file_system_of(folder)):
        raise PlaceError(f"it is on a network file system ({kind})")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if sys.platform == "win32":
        return
    found = folder.lstat()
    # In a folder for all, as /tmp is, somebody else may have been there first.
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise PlaceError("the folder belongs to somebody else")
    if stat.S_IMODE(found.st_mode) & 0o077:
        folder.chmod(0o700)


def _runtime() -> Path:
    from platformdirs import PlatformDirs

    with warnings.catch_warnings():
        # Without XDG_RUNTIME_DIR it is a folder in /tmp, which `made_private` checks.
        warnings.simplefilter("ignore")
        return PlatformDirs("nbapimgr", appauthor=False).user_runtime_path
