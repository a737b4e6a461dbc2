"""The two ways in: Markdown for a front end, plain text for a terminal."""

from __future__ import annotations

import functools
import re
from typing import Final

from nbapimgr.inert._document import fenced_whole, rewrite
from nbapimgr.inert._sections import sections
from nbapimgr.inert._text import MACROS, without_controls
from nbapimgr.inert._views import is_inert

__all__ = ["inert", "plain"]

_RISKY: Final = re.compile(
    rf"<|\][(\[:]|!\[|```|~~~|{MACROS}"
    r"|(?:://|[wW]{3}\.)[^\s/?#]*[@&]|(?:://|[wW]{3}\.|@)\S*[$\\]"
)
"""What there is to rewrite or to close; most frames of a growing text have none of it."""

_LONGEST: Final = 1_000_000
"""Characters; some seconds of parsing."""

_LONGEST_FRAME: Final = 100_000
"""Characters of one section of a growing text, which is read a dozen times a second."""

_UNFINISHED: Final = re.compile(
    r"(?:!?\[[^\[\]\n]{0,200}(?:\]|\]\([^()\n]{0,2000})?|<[^<>\s]{0,2000}|(?<!`)`{1,2})\Z"
)
"""A link, tag or fence at the end that the next words may complete."""


def inert(text: str, *, partial: bool = False) -> str:
    """Markdown that shows what `text` says and does nothing.

    Args:
        text: Markdown from a model.
        partial: The text is still growing. What is half-written at its end (a link, a fence's
            first marks) is held back until it is whole, and what was read before is not read again.
    """
    text = without_controls(text)
    if not partial:
        return _shown(text, _LONGEST)
    *finished, last = sections(_UNFINISHED.sub("", text))
    return "".join([*map(_remembered, finished), _shown(last, _LONGEST_FRAME)])


def plain(text: str) -> str:
    """`text` for a terminal: no escape sequence can recolour, overwrite or link anything."""
    return without_controls(text)


def _shown(text: str, longest: int) -> str:
    if not _RISKY.search(text):
        return text
    if len(text) <= longest:
        for math in (True, False):
            shown = rewrite(text, math=math)
            if is_inert(shown):
                return shown
    return fenced_whole(text)


@functools.lru_cache(maxsize=256)
def _remembered(section: str) -> str:
    return _shown(section, _LONGEST)
