"""Reads the result as other renderers would, and says whether anything in it is alive."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Final

from nbapimgr.inert import _jupyterlab, _nbconvert
from nbapimgr.inert._links import judge
from nbapimgr.inert._spans import NESTING
from nbapimgr.inert._text import MAY_BE_DRAWN, is_drawn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it import MarkdownIt
    from markdown_it.token import Token

__all__ = ["is_inert"]

_RISKY: Final = re.compile(r"<|\]\s?[(\[:]|!\[|(?:://|www\.|@)\S*[$\\]", re.IGNORECASE)
_MATH: Final = re.compile(r"\$|\\\\[(\[]|\\begin")
_HOLE: Final = re.compile(r"@@\d+@@")
_HOLE_IN_ADDRESS: Final = re.compile(r"(?:://|www\.|@)[^\s<]*?@@\d+@@", re.IGNORECASE)
"""What JupyterLab puts back there stands in an attribute, where a quote would end it; for nbconvert
the address takes in the mark that opens the mathematics."""


def is_inert(text: str) -> bool:
    """Whether no reader of Markdown finds HTML, a picture or an unjudged link in `text`."""
    if not _RISKY.search(text) and not MAY_BE_DRAWN.search(text):
        return True
    texts = [text]
    if _MATH.search(text):
        texts += [_jupyterlab.without_math(text), *_nbconvert.without_math(text)]
        if any(_HOLE_IN_ADDRESS.search(seen) for seen in texts[1:]):
            return False
    return all(
        _is_dead(token)
        for source in texts
        for reader in _readers(tables="|" in source)
        for token in _flat(reader.parse(source))
    )


@functools.cache
def _reader(*, tables: bool) -> MarkdownIt:
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": True, "maxNesting": NESTING})
    reader.validateLink = lambda _url: True  # type: ignore[method-assign,assignment]  # the judge decides
    return reader.enable(["table", "strikethrough"]) if tables else reader


def _readers(*, tables: bool) -> list[MarkdownIt]:
    return [_reader(tables=False), _reader(tables=True)] if tables else [_reader(tables=False)]


def _flat(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _flat(token.children or [])


def _is_dead(token: Token) -> bool:
    if token.type in {"html_block", "html_inline", "image"} or _HOLE.search(token.info):
        return False
    if token.type == "fence" and is_drawn(token.info):
        return False
    href = str(token.attrs.get("href", ""))
    return token.type != "link_open" or (judge(href) is not None and not _HOLE.search(href))
