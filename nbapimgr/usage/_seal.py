"""Sealing: a finished segment becomes a Parquet file, once, whoever does it and however often."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import secrets
import shutil
import time
from typing import TYPE_CHECKING

from nbapimgr.usage._arrow import part_of_schema, release, schema, to_table
from nbapimgr.usage._journal import decode

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from nbapimgr.usage._journal import Folder, Name

__all__ = ["publish", "read", "remove_leftovers", "seal"]

_log = logging.getLogger("nbapimgr.usage")
_LEFTOVER_AGE = 86_400.0
"""Seconds after which an unpublished file belongs to nobody any more."""
_NO_LINKS = {
    errno.EACCES,
    errno.EINVAL,
    errno.EMLINK,
    errno.ENOSYS,
    errno.ENOTSUP,
    errno.EOPNOTSUPP,
    errno.EPERM,
}
"""What file systems without hard links answer (FAT, some network and FUSE file systems)."""


def seal(folder: Folder, name: Name) -> None:
    """Publish a segment as Parquet and remove it; quiet when that has been done.

    Only for segments nobody may append to: one's own, or one whose day is two days past. Two
    sealers at once do no harm: the first to publish wins, and what is published never changes.

    Raises:
        OSError: The file cannot be written; the segment is as it was.
    """
    segment, final = folder.segment(name), folder.parquet(name)
    try:
        rows, damaged = decode(segment.read_bytes())
    except FileNotFoundError:
        return
    if not final.exists():
        final.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = folder.sealed / f".{name}.{secrets.token_hex(4)}.draft"
        try:
            _write(to_table(rows), draft)
            publish(draft, final)
        finally:
            draft.unlink(missing_ok=True)
        _folder_to_disk(final.parent)
        release()
    with contextlib.suppress(FileNotFoundError):
        if damaged:
            segment.rename(segment.with_suffix(".damaged"))
            _log.warning("%s: %d damaged lines; kept as .damaged", segment.name, damaged)
        else:
            segment.unlink()


def publish(draft: Path, final: Path) -> None:
    """Give a finished file its final name, unless that name is taken: put-if-absent.

    A plain rename would replace what another sealer published, and with it the only copy of a row
    that a late writer had found there.
    """
    try:
        os.link(draft, final)
    except FileExistsError:
        return
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _publish_as_folder(draft, final)


def _publish_as_folder(draft: Path, final: Path) -> None:
    """Put-if-absent without hard links: a rename onto a folder that is not empty fails."""
    parcel = draft.with_suffix(".parcel")
    parcel.mkdir()
    try:
        draft.rename(parcel / "rows.parquet")
        parcel.rename(final)
    except OSError:
        (parcel / "rows.parquet").unlink(missing_ok=True)
        parcel.rmdir()
        if not final.exists():
            raise


def _write(table: pa.Table, path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet as pq

    words = [field.name for field in schema() if pa.types.is_dictionary(field.type)]
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        pq.write_table(
            table, file, compression="zstd", use_dictionary=words, write_page_checksum=True
        )
        file.flush()
        os.fsync(file.fileno())


def _folder_to_disk(folder: Path) -> None:
    with contextlib.suppress(OSError):  # Windows does not open folders; nor does it need to
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def read(folder: Folder, name: Name, columns: list[str]) -> pa.Table | None:
    """These columns of a sealed segment; None when there is none, or it is damaged.

    A damaged file is set aside under the name `….corrupt`: it hides no other row and is never
    deleted.

    Raises:
        OSError: The disk or the network failed, which says nothing about the file.
    """
    import pyarrow as pa
    from pyarrow import parquet as pq

    path = folder.parquet(name)
    inside = path / "rows.parquet"
    try:
        with pq.ParquetFile(
            inside if inside.exists() else path, page_checksum_verification=True
        ) as file:
            table = file.read(columns).select(columns)
        table.validate(full=True)  # the footer has no checksum of its own
        if not table.schema.equals(part_of_schema(columns)):
            raise pa.ArrowInvalid("another schema")
    except FileNotFoundError:
        return None
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        if getattr(error, "errno", None) is not None:  # Arrow's own findings have no errno
            raise
        with contextlib.suppress(OSError):
            path.rename(path.with_suffix(".corrupt"))
        _log.warning("%s is damaged and set aside as .corrupt: %s", path, type(error).__name__)
        return None
    return table


def remove_leftovers(folder: Folder) -> None:
    """Delete what sealers that were killed long ago did not publish."""
    for leftover in (*folder.sealed.glob(".*.draft"), *folder.sealed.glob(".*.parcel")):
        with contextlib.suppress(OSError):
            if leftover.stat().st_mtime > time.time() - _LEFTOVER_AGE:
                continue
            if leftover.is_dir():
                shutil.rmtree(leftover)
            else:
                leftover.unlink()
