"""How long providers say: seconds, durations, dates and epochs, each read by one function."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from nbapimgr.wire.failures._rules import Reset

__all__ = ["MAX_WAIT", "documented", "duration", "moment", "number", "wait"]

MAX_WAIT: Final = 366 * 86_400.0
"""Seconds. No quota of any provider lasts longer than a year; what says more is nonsense."""
_EPOCH_MS: Final = 1e11
"""A number this large is an epoch in milliseconds (as seconds it would be the year 5138)."""
_EPOCH_S: Final = 1e9
"""A number this large is an epoch in seconds (as a wait it would be 31 years)."""
_LONGEST: Final = 60
"""Characters of a number, duration or date; longer is none."""

_NUMBER: Final = re.compile(r"\s*([+-]?\d{1,18}(?:\.\d{1,18})?)\s*", re.ASCII)
_UNIT: Final = (
    r"(?:ms|milli(?:second)?s?|s(?:ec(?:ond)?s?)?|m(?:in(?:ute)?s?)?|h(?:(?:ou)?rs?)?|d(?:ays?)?)"
)
PARTS: Final = rf"\d{{1,9}}(?:\.\d{{1,12}})?\s?{_UNIT}(?![a-z])"
_PART: Final = re.compile(rf"(\d{{1,9}}(?:\.\d{{1,12}})?)\s?({_UNIT})(?![a-z])", re.IGNORECASE)
_WHOLE: Final = re.compile(rf"\s*(?:{PARTS}\s?){{1,5}}\s*", re.IGNORECASE)
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


def number(text: Any) -> float | None:
    """A plain number, or None."""
    if isinstance(text, bool):
        return None
    if isinstance(text, int | float):
        return float(text) if -_EPOCH_MS * 1e4 < text < _EPOCH_MS * 1e4 else None
    found = _NUMBER.fullmatch(text[:_LONGEST]) if isinstance(text, str) else None
    return float(found[1]) if found else None


def duration(text: Any) -> float | None:
    """Seconds of "6ms", "8.64s", "1m30.2s", "2 minutes"; None for anything else."""
    if not isinstance(text, str) or not _WHOLE.fullmatch(text[:_LONGEST]):
        return None
    return sum(float(amount) * _unit(unit) for amount, unit in _PART.findall(text[:_LONGEST]))


def _unit(name: str) -> float:
    name = name.lower()
    return _SECONDS["ms" if name.startswith(("ms", "milli")) else name[0]]


def moment(text: Any) -> float | None:
    """The epoch second of an HTTP date, an RFC 3339 date or an epoch; None for anything else."""
    if (value := number(text)) is not None:
        return value / 1000 if value >= _EPOCH_MS else value if value >= _EPOCH_S else None
    if not isinstance(text, str):
        return None
    from email.utils import parsedate_to_datetime  # 10 ms that few sessions need

    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            when = parse(text[:_LONGEST].strip())
            return when.replace(tzinfo=when.tzinfo or UTC).timestamp()
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None


def wait(value: Any, reference: float) -> float | None:
    """Seconds from `reference` that a number, duration, date or epoch means.

    None when it is none of them, is not finite, lies in the past or beyond `MAX_WAIT`.
    """
    when = moment(value)
    seconds = when - reference if when is not None else number(value)
    if seconds is None:
        seconds = duration(value)
    if seconds is None or not math.isfinite(seconds) or not 0 <= seconds <= MAX_WAIT:
        return None
    return seconds


def documented(reset: Reset, now: float) -> float | None:
    """Seconds until a reset that the provider documents and does not send."""
    if not reset:
        return None
    if reset == "month_utc":
        today = datetime.fromtimestamp(now, UTC)
        first = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
        return first.replace(hour=0, minute=0, second=0, microsecond=0).timestamp() - now
    today = datetime.fromtimestamp(now, _pacific())
    tomorrow = today.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return tomorrow.timestamp() - now


def _pacific() -> Any:
    """California's time; without time zones on this machine its winter time: late, never early."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo("America/Los_Angeles")
    except ZoneInfoNotFoundError:
        return timezone(timedelta(hours=-8))
