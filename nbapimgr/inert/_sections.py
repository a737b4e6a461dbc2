"""Cuts a growing document where what stands above can no longer change what stands below."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["sections"]

_FENCE: Final = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})(.*)")
_STARTS_ANEW: Final = re.compile(r"[^\W\d_]|#")
"""A letter or a heading at the left edge: no list and no quote goes on in such a line."""


def sections(text: str) -> list[str]:
    """The sections of a document; joined they are the document again.

    A section ends with the blank line before one that starts anew, outside of fenced code. A
    document that defines reference links is one section: they hold for all of it.
    """
    if "]:" in text:
        return [text]
    parts: list[str] = []
    start = at = 0
    fence = ""
    was_blank = False
    for line in text.split("\n"):
        if was_blank and not fence and _STARTS_ANEW.match(line):
            parts.append(text[start:at])
            start = at
        if mark := _FENCE.match(line):
            if not fence:
                fence = mark[1]
            elif mark[1].startswith(fence) and not mark[2].strip():
                fence = ""
        was_blank = not line.strip()
        at += len(line) + 1
    return [*parts, text[start:]]
