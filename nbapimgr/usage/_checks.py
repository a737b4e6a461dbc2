"""What may stand in a row: a value that breaks the schema becomes null, and its field is named."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import msgspec

from nbapimgr.usage._ids import ID_BYTES, new_call_id

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["INT8", "INT16", "INT32", "INT64", "LAST_MOMENT", "Checker"]

INT8, INT16, INT32, INT64 = (2 ** (bits - 1) - 1 for bits in (8, 16, 32, 64))
_LONGEST = 1024
"""Characters of a word. A hostile server names its model as it likes."""
LAST_MOMENT = 253_402_300_799
"""The last second of the year 9999, the largest that `datetime` holds."""


class Checker:
    """Lets the values of one row through or makes them None; `refused` names the fields."""

    def __init__(self) -> None:
        self.refused: list[str] = []

    def refuse(self, name: str) -> None:
        """Remember that a field had an impossible value."""
        self.refused.append(name)

    def count(self, name: str, value: Any, most: int = INT64) -> int | None:
        """A whole number from 0 to `most`."""
        if value is None or (type(value) is int and 0 <= value <= most):
            return value
        self.refuse(name)
        return None

    def number(self, name: str, value: Any, most: float = 1e12) -> float | None:
        """A number from 0 to `most`, no NaN."""
        if value is None:
            return None
        if type(value) in (float, int) and 0 <= value <= most:
            return float(value)
        self.refuse(name)
        return None

    def moment(self, name: str, value: Any) -> int | None:
        """Seconds since the epoch as microseconds."""
        seconds = self.number(name, value, LAST_MOMENT)
        return None if seconds is None else int(seconds * 1_000_000)

    def word(self, name: str, value: Any) -> str | None:
        """A string of a bounded length that has a UTF-8 form; empty is None."""
        if type(value) is str:
            if not value.isascii():  # half a surrogate pair has no UTF-8
                value = value.encode("utf-8", "replace").decode()
            return value[:_LONGEST] or None
        if value is not None:
            self.refuse(name)
        return None

    def tags(self, value: Mapping[str, str]) -> str | None:
        """A mapping as JSON."""
        if not value:
            return None
        with contextlib.suppress(TypeError, ValueError):  # no JSON
            text = msgspec.json.encode(value).decode()
            if len(text) <= _LONGEST:
                return text
        self.refuse("tags")
        return None

    def key(self, name: str, value: Any, now: float) -> bytes:
        """An id of the right length; another one is made in place of a wrong one."""
        if type(value) is bytes and len(value) == ID_BYTES:
            return value
        self.refuse(name)
        return new_call_id(now)
