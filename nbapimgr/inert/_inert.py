"""The two ways in: Markdown for a front end, plain text for a terminal."""

from __future__ import annotations

import re
from typing import Final

from nbapimgr.inert._document import fenced_whole, rewrite
from nbapimgr.inert._text import without_controls
from nbapimgr.inert._views import is_inert

__all__ = ["inert", "plain"]

_RISKY: Final = re.compile(r"<|\][(\[:]|!\[|```|~~~|\\+(?:href|url|includegraphics|html|csname)")
_UNFINISHED: Final = re.compile(
    r"(?:!?\[[^\[\]\n]{0,200}(?:\]|\]\([^()\n]{0,2000})?|<[^<>\s]{0,2000}|(?<!`)`{1,2})\Z"
)
"""A link, tag or fence at the end that the next words may complete."""

_MOST_BRACKETS: Final = 4_000
"""Beyond it CommonMark parsers take seconds: they are quadratic in open brackets."""
_LONGEST: Final = 2_000_000
"""Characters; some seconds of parsing."""


def inert(text: str, *, partial: bool = False) -> str:
    """Markdown that shows what `text` says and does nothing.

    Args:
        text: Markdown from a model.
        partial: The text is still growing: what is half-written at its end (a link, a fence's
            first marks) is held back until it is whole.
    """
    text = without_controls(text)
    if partial:
        text = _UNFINISHED.sub("", text)
    if not _RISKY.search(text):
        return text
    if len(text) > _LONGEST or text.count("[") > _MOST_BRACKETS:
        return fenced_whole(text)
    for math in (True, False):
        shown = rewrite(text, math=math)
        if is_inert(shown):
            return shown
    return fenced_whole(text)


def plain(text: str) -> str:
    """`text` for a terminal: no escape sequence can recolour, overwrite or link anything."""
    return without_controls(text)
