"""Reading rows back: which ones, which columns, and a consistent look at segments being sealed."""

from __future__ import annotations

import logging
import re
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from nbapimgr.errors import OptionError, UnknownName
from nbapimgr.usage._arrow import COLUMNS, schema, to_frame, to_table
from nbapimgr.usage._journal import decode
from nbapimgr.usage._seal import read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pandas as pd
    import pyarrow as pa

    from nbapimgr.usage._journal import Folder, Name
    from nbapimgr.usage._row import Row

__all__ = ["DEFAULT_COLUMNS", "chosen", "frame", "start_of"]

_log = logging.getLogger("nbapimgr.usage")

DEFAULT_COLUMNS = (
    "started_at",
    "notebook",
    "provider_name",
    "request_model",
    "outcome",
    "error_type",
    "duration_s",
    "input_tokens",
    "output_tokens",
    "cost_amount",
)
"""The ten that answer "who, what, how long, how much"; all 44 take ten times the memory."""

_PERIOD = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(min|h|d|w)\s*")
_SECONDS = {"min": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_HINT = 'write "30d", "12h", "90min", "2w", a date like "2026-11-01", or None for all'


def start_of(since: str | timedelta | datetime | date | None, now: float) -> datetime | None:
    """The first moment that is asked for, in UTC; None for all.

    Args:
        since: A period that ends now ("30d", a timedelta), or a moment. Without a time zone a
            moment is UTC, as the rows are.
        now: Seconds since the epoch.

    Raises:
        OptionError: It is no period and no moment.
    """
    try:
        return _start_of(since, datetime.fromtimestamp(now, UTC))
    except (ValueError, OverflowError, TypeError):
        raise OptionError(f"{since!r} is no period of time", hint=_HINT) from None


def _start_of(since: object, now: datetime) -> datetime | None:
    if isinstance(since, str):
        if since.strip() in ("", "all"):
            return None
        period = _PERIOD.fullmatch(since)
        since = (
            timedelta(seconds=float(period[1]) * _SECONDS[period[2]])
            if period
            else datetime.fromisoformat(since)
        )
    if since is None:
        return None
    if isinstance(since, timedelta):
        if since < timedelta(0):
            raise ValueError
        return now - since
    if isinstance(since, datetime):
        return since.replace(tzinfo=UTC) if since.tzinfo is None else since.astimezone(UTC)
    if isinstance(since, date):
        return datetime.combine(since, time(), UTC)
    raise TypeError


def chosen(columns: Sequence[str] | None) -> list[str]:
    """The columns that are asked for: the ten of `DEFAULT_COLUMNS`, "all", or by name.

    Raises:
        UnknownName: There is no such column.
        OptionError: The list is empty.
    """
    if columns is None:
        return list(DEFAULT_COLUMNS)
    if columns == "all":
        return list(COLUMNS)
    names = [columns] if isinstance(columns, str) else list(dict.fromkeys(columns))
    for name in names:
        if name not in COLUMNS:
            raise UnknownName("column", str(name), COLUMNS)
    if not names:
        raise OptionError("no columns asked for", hint='leave it out, or write "all"')
    return names


def frame(
    folder: Folder,
    since: datetime | None,
    columns: list[str],
    waiting: Iterable[Row] = (),
) -> pd.DataFrame:
    """The rows recorded since then, by the time they started.

    Reads the files of those days only, of them those columns only, one after the other.

    Args:
        folder: Where the rows are.
        since: The first moment; None for all.
        columns: What the frame shall have, in this order.
        waiting: Rows that are not in the folder yet.
    """
    import pyarrow as pa

    needed = list(dict.fromkeys((*columns, "started_at", "recorded_at")))
    if "call_id" in columns and "event_id" not in needed:
        needed.append("event_id")
    tables = [to_table(waiting, needed)]
    tables += (_since(table, since) for table in _tables(folder, since, needed))
    table = pa.concat_tables(tables).sort_by("started_at")
    if "call_id" in columns:
        table = _with_call_ids(table)
    return to_frame(table.select(columns))


def _since(table: pa.Table, since: datetime | None) -> pa.Table:
    from pyarrow import compute as pc

    return table if since is None else table.filter(pc.field("recorded_at") >= since)


def _with_call_ids(table: pa.Table) -> pa.Table:
    from pyarrow import compute as pc

    filled = pc.coalesce(table["call_id"], table["event_id"])
    return table.set_column(table.column_names.index("call_id"), schema().field("call_id"), filled)


def _tables(folder: Folder, since: datetime | None, columns: list[str]) -> Iterator[pa.Table]:
    """Each segment once, from the journal or from Parquet, while others may be sealing.

    The journal is listed first: a segment that is sealed meanwhile is then in the second list or,
    if it was sealed later still, found as Parquet when its journal file is gone.
    """
    first = since.date().isoformat() if since else ""
    unsealed = [name for name in folder.segments() if name.date >= first]
    sealed = folder.parquets(first)
    for name in sealed:
        if (table := read(folder, name, columns)) is not None:
            yield table
    for name in sorted(set(unsealed) - set(sealed)):
        if (table := _segment(folder, name, columns)) is not None:
            yield table


def _segment(folder: Folder, name: Name, columns: list[str]) -> pa.Table | None:
    try:
        rows, damaged = decode(folder.segment(name).read_bytes())
    except FileNotFoundError:
        return read(folder, name, columns)
    if damaged:
        _log.warning("%s: %d damaged lines are left out", name, damaged)
    return to_table(rows, columns)
