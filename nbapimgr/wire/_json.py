"""JSON from strangers: one way to parse it, one error for whatever is wrong with it.

Duplicate keys: the last one wins, as in every parser providers use. NaN, Infinity, lone surrogates,
broken UTF-8 and numbers out of range are no JSON and are refused.
"""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Any, Final

import msgspec

from nbapimgr.wire._limits import MAX_DEPTH

__all__ = ["as_dict", "as_int", "as_list", "as_str", "dumps", "loads", "loads_object", "too_deep"]

_STRINGS: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\Z)', re.DOTALL)
_NOT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_STEP: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}

dumps: Final = msgspec.json.Encoder(decimal_format="number").encode
"""An object as compact JSON bytes."""
_decode: Final = msgspec.json.Decoder().decode


def loads(data: bytes | str) -> Any:
    """Parse JSON.

    Raises:
        ValueError: It is not JSON, or nested deeper than `MAX_DEPTH`.
    """
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    if too_deep(raw):
        msg = f"JSON is nested deeper than {MAX_DEPTH}"
        raise ValueError(msg)
    return _decode(raw)


def loads_object(data: bytes | str) -> dict[str, Any] | None:
    """The JSON object in `data`, or None where there is none: for tool arguments and the like."""
    try:
        value = loads(data)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def too_deep(data: bytes, limit: int = MAX_DEPTH) -> bool:
    """Whether JSON is nested deeper than `limit`, told without building any object of it."""
    if data.count(b"[") + data.count(b"{") <= limit:
        return False
    brackets = _STRINGS.sub(b"", data).translate(None, _NOT_BRACKETS)
    return any(depth > limit for depth in accumulate(map(_STEP.__getitem__, brackets)))


def as_dict(value: Any) -> dict[str, Any]:
    """`value` if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """`value` if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def as_str(value: Any) -> str:
    """`value` if it is text, else ""."""
    return value if isinstance(value, str) else ""


def as_int(value: Any) -> int | None:
    """`value` as a count of tokens: a whole number that is not negative, else None."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
