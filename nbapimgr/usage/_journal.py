"""The journal: segments that only one process appends to, a line a row, each with its checksum."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec

from nbapimgr.usage._row import Row

__all__ = ["Folder", "Name", "Segment", "date_of", "day_of", "decode", "encode"]

_DAY = 86_400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAME = re.compile(r"(\d{4}-\d{2}-\d{2})-([0-9a-z]+)-(\d+)")
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_to_disk = getattr(os, "fdatasync", os.fsync)  # macOS and Windows have only fsync
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Row)


def day_of(now: float) -> int:
    """Days since the epoch, in UTC."""
    return int(now // _DAY)


def date_of(day: int) -> str:
    """A day as YYYY-MM-DD."""
    return (_EPOCH + timedelta(days=day)).date().isoformat()


_ROWS_A_SEGMENT = 5_000
"""3.6 MB of JSON, which a reader takes in 0.1 s; more would make today's rows slow to read."""


class Name(NamedTuple):
    """Name of a segment: its day, its writer, its number. Sorts by day."""

    date: str
    writer: str
    number: int

    def __str__(self) -> str:
        return f"{self.date}-{self.writer}-{self.number}"

    @classmethod
    def parse(cls, file_name: str, suffix: str) -> Name | None:
        """The name in `file_name`, None when the file is not one of ours."""
        found = _NAME.fullmatch(file_name.removesuffix(suffix))
        if found is None or not file_name.endswith(suffix):
            return None
        return cls(found[1], found[2], int(found[3]))


class Folder(NamedTuple):
    """The folder of the usage rows and what lies where in it."""

    path: Path

    @property
    def journal(self) -> Path:
        """Segments that are not sealed yet."""
        return self.path / "journal"

    @property
    def sealed(self) -> Path:
        """Parquet files of schema v1, one folder a day."""
        return self.path / "v1"

    def segment(self, name: Name) -> Path:
        """The journal file of a segment."""
        return self.journal / f"{name}.jsonl"

    def parquet(self, name: Name) -> Path:
        """The file a segment is sealed to; its name is the segment's, so it is sealed once."""
        return self.sealed / f"date={name.date}" / f"{name}.parquet"

    def segments(self) -> list[Name]:
        """The unsealed segments of all processes, oldest first."""
        names = (Name.parse(entry, ".jsonl") for entry in _listing(self.journal))
        return sorted(name for name in names if name)

    def parquets(self, first: str) -> list[Name]:
        """The sealed segments of `first` and later days, newest day first.

        Newest first is what makes a snapshot consistent: a late writer puts its row into a new
        segment only after its old one was published, so whoever has seen the new one and then
        looks at the older day sees the old one too.
        """
        dates = [entry.removeprefix("date=") for entry in _listing(self.sealed)]
        found = []
        for date in sorted((date for date in dates if date >= first), reverse=True):
            entries = _listing(self.sealed / f"date={date}")
            found += [name for entry in entries if (name := Name.parse(entry, ".parquet"))]
        return found


def _listing(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in folder.iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return []


def encode(row: Row) -> bytes:
    """A row as its line: eight hex digits of CRC-32, a space, JSON, a line feed."""
    body = _encoder.encode(row)
    return b"%08x %b\n" % (zlib.crc32(body), body)


def decode(data: bytes) -> tuple[list[Row], int]:
    """The rows of a segment and the number of damaged lines.

    What follows the last line feed was never acknowledged and is no damage.
    """
    lines = data.split(b"\n")[:-1]
    rows = [row for line in lines if (row := _row(line))]
    return rows, len(lines) - len(rows)


def _row(line: bytes) -> Row | None:
    body = line[9:]
    if line[:9] != b"%08x " % zlib.crc32(body):
        return None
    try:
        return _decoder.decode(body)
    except msgspec.DecodeError:
        return None


class Segment:
    """An open segment. Only the process that opened it appends to it.

    Args:
        folder: Where the journal is.
        day: Days since the epoch; all its rows are recorded on this day.
        writer: Id of this process, never used twice.
        number: Counts this process's segments.

    Raises:
        OSError: It cannot be created.
    """

    def __init__(self, folder: Folder, day: int, writer: str, number: int) -> None:
        self.day = day
        self.name = Name(date_of(day), writer, number)
        self._rows = 0
        self._torn = False
        folder.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.journal.mkdir(mode=0o700, exist_ok=True)
        self._fd = os.open(folder.segment(self.name), _FLAGS, 0o600)

    def append(self, line: bytes) -> None:
        """Write a line whole or not at all.

        One `write`: a killed process leaves at most an unfinished last line, which no reader takes.

        Raises:
            OSError: The line is not in the segment.
        """
        written = os.write(self._fd, line)
        if written != len(line):  # the disk is full; nobody else appends, so the end is ours to cut
            self._torn = True
            os.ftruncate(self._fd, os.fstat(self._fd).st_size - written)
            self._torn = False
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._rows += 1

    def takes_more(self, day: int) -> bool:
        """Whether a row of this day may be appended."""
        return day == self.day and self._rows < _ROWS_A_SEGMENT and not self._torn

    def to_disk(self) -> None:
        """Wait until all lines would survive a power cut.

        Raises:
            OSError: The disk did not take them.
        """
        _to_disk(self._fd)

    def is_ours(self, today: int) -> bool:
        """Whether nobody else can have begun to seal it: the fence after each write.

        Others seal a segment from the second day after its own. The link count tells of a clock
        that jumped there and back, and of a journal that somebody deleted.
        """
        return today <= self.day + 1 and os.fstat(self._fd).st_nlink > 0

    def close(self) -> None:
        """Close the file; the segment stays."""
        with contextlib.suppress(
            OSError
        ):  # a network file system may complain; the lines are there
            os.close(self._fd)
