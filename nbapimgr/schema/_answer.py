"""Finds the JSON in an answer: bare, in a fence, or in the middle of prose."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["found_in", "is_cut_off"]

_FENCED: Final = re.compile(r"(?:^|\n)[ \t]*(`{3,}|~{3,})[^\n`]*\n(.*?)\n[ \t]*\1", re.DOTALL)
_STARTS: Final = 20
"""Places in prose where JSON is looked for; each look may read the whole answer."""


def found_in(text: str) -> Iterator[Any]:
    """Every value that could be the answer, the likeliest first."""
    whole = text.strip()
    for candidate in (whole, *(match[2] for match in _FENCED.finditer(text))):
        try:
            yield msgspec.json.decode(candidate)
        except (msgspec.DecodeError, RecursionError):
            continue
    decoder = json.JSONDecoder(parse_constant=_no_constant)
    at = 0
    for _ in range(_STARTS):
        start = re.compile(r"[{\[]").search(whole, at)
        if not start:
            return
        try:
            value, at = decoder.raw_decode(whole, start.start())
        except (ValueError, RecursionError):
            at = start.end()
        else:
            yield value


def is_cut_off(text: str) -> bool:
    """Whether the answer stops in the middle of its JSON."""
    start = re.search(r"[{\[]", text)
    if not start:
        return False
    try:
        msgspec.json.decode(text[start.start() :])
    except msgspec.DecodeError as e:
        return "truncated" in str(e)
    except RecursionError:
        return False
    return False


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
