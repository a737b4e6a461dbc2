"""In which line of a TOML text something is said: an error without it makes people search."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["line_of", "line_of_fault"]


def line_of(text: str, path: Sequence[str]) -> int | None:
    """The line (from 1) where the value at this path of keys begins, or the nearest one around it.

    Of the text's beginnings, the shortest that is TOML and has the path ends with the statement
    that says it: the standard parser finds the line, however the file is written. None where not
    even the first key is there.
    """
    lines = [f"{line}\n" for line in text.split("\n")]
    while path:
        if _has(_upto(lines, len(lines))[1], path):
            return _first(lines, path)
        path = path[:-1]
    return None


def line_of_fault(message: str, text: str) -> int:
    """The line that an error message of `tomllib` speaks of; the last where it names none."""
    found = re.search(r"\(at line (\d+), column \d+\)", message)
    return int(found[1]) if found else text.rstrip("\n").count("\n") + 1


def _first(lines: list[str], path: Sequence[str]) -> int:
    """Bisection: once said, a key stays said."""
    low, high = 0, len(lines)  # low has it not, high has it
    while True:
        middle = (low + high) // 2
        start, table = _upto(lines, middle)
        if start <= low:  # from `low` on one statement goes beyond the middle
            start, table = _after(lines, middle)
            if start >= high:
                return low + 1
        if _has(table, path):
            high = start
        else:
            low = start


def _upto(lines: list[str], count: int) -> tuple[int, dict[str, Any]]:
    """The most lines, at most `count`, that are whole statements, and what they say."""
    while True:
        try:
            return count, tomllib.loads("".join(lines[:count]))
        except tomllib.TOMLDecodeError:
            count -= 1


def _after(lines: list[str], count: int) -> tuple[int, dict[str, Any]]:
    """The fewest lines, more than `count`, that are whole statements, and what they say."""
    while True:
        count += 1
        try:
            return count, tomllib.loads("".join(lines[:count]))
        except tomllib.TOMLDecodeError:
            continue


def _has(table: Any, path: Sequence[str]) -> bool:
    for key in path:
        if not isinstance(table, dict) or key not in table:
            return False
        table = table[key]
    return True
