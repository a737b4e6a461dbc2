"""The store of one process: takes rows, keeps them through trouble, hands them out as a frame."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import threading
import time
import weakref
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from nbapimgr.usage._journal import Folder, Name, Segment, date_of, day_of, encode
from nbapimgr.usage._query import chosen, frame, start_of
from nbapimgr.usage._recent import recent
from nbapimgr.usage._row import Place, Row, build
from nbapimgr.usage._seal import read, remove_leftovers, seal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime, timedelta

    import pandas as pd

    from nbapimgr.models import Attempt, Candidate, Request

__all__ = ["UsageStore"]

_log = logging.getLogger("nbapimgr.usage")
_ROWS_WAITING = 10_000
"""Rows kept in memory while the disk takes none: about 10 MB."""
_ORPHANS_A_LOOK = 20
"""Segments of dead processes that one `frame` seals, 5 to 10 ms each, so that they become few."""
_TRIES = 3
"""New segments that are tried for one row before the disk counts as broken."""


class _Waiting:
    """A row that is not acknowledged yet."""

    __slots__ = ("doubt", "row")

    def __init__(self, row: Row) -> None:
        self.row = row
        self.doubt: Name | None = None
        """A segment the row may be in: it was written too late, or was interrupted."""


class UsageStore:
    """Usage rows in a folder that any number of processes share.

    When `record` has returned and `trouble` is None, the row survives `kill -9` of this process.
    No locks between processes: each appends to segments of its own. Safe to use from threads and
    across `fork`.

    Args:
        folder: Where the rows are; made when the first one comes.
        credential_id: Names the credential of a candidate in the rows, never by its key; by
            default the account and the alias.
        durability: "process" (rows survive the process) or "power" (they survive a power cut, at
            0.3 to 4 ms a row).
        clock: Seconds since the epoch.

    Attributes:
        trouble: What is not being saved and why, in one line; None when all is well.
    """

    def __init__(
        self,
        folder: Path,
        *,
        credential_id: Callable[[Candidate], str] | None = None,
        durability: Literal["process", "power"] = "process",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.trouble: str | None = None
        self._folder = Folder(Path(folder))
        self._credential_id = credential_id or _account_and_alias
        self._power_safe = durability == "power"
        self._clock = clock
        self._begin()
        _stores.add(self)

    def _begin(self) -> None:
        """State of this process alone; a forked child begins anew."""
        self._lock = threading.Lock()
        self._writer = f"{os.getpid():x}x{secrets.token_hex(4)}"
        self._place = Place.here(self._writer)
        self._number = 0
        self._segment: Segment | None = None
        self._finished: deque[Name] = deque()
        self._waiting: deque[_Waiting] = deque(maxlen=_ROWS_WAITING)
        self._dropped = 0
        self._sealer: threading.Thread | None = None

    def _after_fork(self) -> None:
        """The parent goes on with its segment and its waiting rows; the child has neither."""
        if self._segment is not None:
            self._segment.close()
        self.trouble = None
        self._begin()

    def record(
        self,
        call_id: bytes,
        request: Request,
        attempt: Attempt,
        *,
        fallback_from: str | None = None,
    ) -> None:
        """Append the row of one attempt. Costs some 20 µs and never fails because of the disk.

        Args:
            call_id: From `new_call_id`; the same for all attempts of a call.
            request: What was asked; only its route and origin are recorded.
            attempt: What came of it, with its cost.
            fallback_from: The candidate before it, if there was one.
        """
        row = build(
            call_id,
            request,
            attempt,
            fallback_from=fallback_from,
            credential_id=self._credential_id(attempt.candidate),
            place=self._place,
            now=self._clock(),
        )
        with self._lock:
            if len(self._waiting) == _ROWS_WAITING:
                self._dropped += 1  # the deque lets the oldest go
            self._waiting.append(_Waiting(row))
            self._write()

    def frame(
        self,
        since: str | timedelta | datetime | None = "30d",
        columns: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """The rows of all processes, oldest first, times in UTC.

        Args:
            since: A period that ends now ("30d", "12h", a timedelta), a moment, or None for all.
            columns: Names from `COLUMNS`, or "all"; by default the ten of `DEFAULT_COLUMNS`.

        Raises:
            OptionError: `since` is no period.
            UnknownName: There is no such column.
        """
        start, names = start_of(since, self._clock()), chosen(columns)
        self._seal_orphans(_ORPHANS_A_LOOK)
        with self._lock:
            self._write()
            if self._waiting:  # under the lock, so that no row is seen in both places or in none
                rows = [waiting.row for waiting in self._waiting if waiting.doubt is None]
                return frame(self._folder, start, names, rows)
        return frame(self._folder, start, names)

    def recent(self, seconds: float) -> list[Row]:
        """The rows of all processes that were recorded so lately, oldest first, as far as cheap.

        Reads the ends of the newest journals and nothing else: no Parquet, no pandas.
        """
        return recent(self._folder, self._clock() - seconds)

    def seal(self) -> None:
        """Turn this process's segments, and those that dead processes left, into Parquet."""
        with self._lock:
            self._write()
            self._finish_segment()
        self._wait_for_sealer()
        self._seal_finished()
        self._seal_orphans()
        remove_leftovers(self._folder)

    def close(self) -> None:
        """Write what waits and let go of the files. A later `record` opens them again."""
        with self._lock:
            self._write()
            self._finish_segment()
        self._wait_for_sealer()

    # --- under the lock ---

    def _write(self) -> None:
        """Write the waiting rows; those the disk does not take go on waiting."""
        try:
            while self._waiting:
                self._write_one(self._waiting[0])
                self._waiting.popleft()
        except OSError as error:
            self._say(error)
        else:
            if self.trouble is not None:
                lost = f"; {self._dropped} rows were lost" if self._dropped else ""
                _log.warning("usage rows are being saved again%s", lost)
                self.trouble, self._dropped = None, 0

    def _write_one(self, waiting: _Waiting) -> None:
        """Write a row and see that it counts.

        Raises:
            OSError: It does not, or that cannot be told yet.
        """
        for _ in range(_TRIES):
            if waiting.doubt is not None:
                self._finish_segment()
                if self._is_sealed(waiting.doubt, waiting.row):
                    return
            now = self._clock()
            segment = self._segment_of(day_of(now))
            waiting.row.recorded_at = int(now * 1_000_000)
            waiting.doubt = segment.name  # from here on, until the fence says that it counts
            try:
                segment.append(encode(waiting.row))
            except OSError:
                waiting.doubt = None
                raise
            if self._power_safe:
                segment.to_disk()
            if segment.is_ours(day_of(self._clock())):
                return
        raise OSError("the journal keeps vanishing")

    def _is_sealed(self, name: Name, row: Row) -> bool:
        """Whether a row of which that is not known is in what its segment is sealed to."""
        seal(self._folder, name)
        table = read(self._folder, name, ["event_id"])
        return table is not None and row.event_id in table["event_id"].to_pylist()

    def _segment_of(self, day: int) -> Segment:
        segment = self._segment
        if segment is not None and segment.takes_more(day):
            return segment
        self._finish_segment()
        if self._finished and not (self._sealer and self._sealer.is_alive()):
            sealer = threading.Thread(target=self._seal_finished, name="nbapimgr-usage-seal")
            with contextlib.suppress(RuntimeError):  # the interpreter is going down
                sealer.start()
                self._sealer = sealer
        self._number += 1
        self._segment = Segment(self._folder, day, self._writer, self._number)
        return self._segment

    def _finish_segment(self) -> None:
        segment, self._segment = self._segment, None
        if segment is not None:
            self._finished.append(segment.name)
            segment.close()

    def _say(self, error: OSError) -> None:
        why = error.strerror or str(error)
        lost = f", {self._dropped} are lost" if self._dropped else ""
        first = self.trouble is None
        self.trouble = (
            f"usage rows are not being saved: {why} ({self._folder.path}); "
            f"{len(self._waiting)} wait in memory{lost}"
        )
        if first:
            _log.warning("%s", self.trouble)

    # --- beside the lock ---

    def _wait_for_sealer(self) -> None:
        sealer = self._sealer
        if sealer is not None:
            sealer.join()

    def _seal_finished(self) -> None:
        with contextlib.suppress(IndexError):
            while True:
                self._seal_one(self._finished.popleft())

    def _seal_orphans(self, limit: int | None = None) -> None:
        """Seal what dead processes left: after two days nobody writes to a segment any more."""
        last = date_of(day_of(self._clock()) - 2)
        orphans = [name for name in self._folder.segments() if name.date <= last]
        for name in orphans[:limit]:
            self._seal_one(name)

    def _seal_one(self, name: Name) -> None:
        try:
            seal(self._folder, name)
        except OSError as error:  # its rows are safe in the journal; somebody seals it later
            _log.info("%s is not sealed yet: %s", name, error)


def _account_and_alias(candidate: Candidate) -> str:
    name = candidate.provider.name
    return f"{name}:{candidate.credential}" if candidate.credential else name


_stores: weakref.WeakSet[UsageStore] = weakref.WeakSet()


def _begin_anew() -> None:
    for store in list(_stores):
        store._after_fork()  # noqa: SLF001  # its own class's module


with contextlib.suppress(AttributeError):  # Windows does not fork
    os.register_at_fork(after_in_child=_begin_anew)
