"""Reads the result as other renderers would, and says whether anything in it is alive."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Final

from nbapimgr.inert._links import judge
from nbapimgr.inert._spans import NESTING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it import MarkdownIt
    from markdown_it.token import Token

__all__ = ["is_inert"]

_RISKY: Final = re.compile(r"<|\]\s?[(\[:]|!\[|(?:://|www\.|@)\S*[$\\]", re.IGNORECASE)
_MATH: Final = re.compile(r"\$|\\\\[(\[]|\\begin")
_HOLE: Final = re.compile(r"@@\d+@@")
_HOLE_IN_ADDRESS: Final = re.compile(r"(?:://|www\.|@)[^\s<]*?@@\d+@@", re.IGNORECASE)
"""What is put back there stands in an attribute, where a quote would end it."""

# nbconvert adds display mathematics to the paragraph above it wherever it stands, but for fenced
# code, and only then looks for code in it (filters/markdown_mistune.py, `MULTILINE_MATH`).
_BLOCKS: Final = re.compile(
    r"^ {0,3}(?P<fence>`{3,}|~{3,})[^\n]*\n(?s:.*?)(?:^ {0,3}(?P=fence)[`~]*[ \t]*$|\Z)"
    r"|(?P<math>(?<!\\)\$\$(?s:.*?)(?<!\\)\$\$|\\\\\[(?s:.*?)\\\\\]"
    r"|\\begin\{(?P<name>[a-z]*\*?)\}(?s:.*?)\\end\{(?P=name)\})",
    re.MULTILINE,
)

# JupyterLab takes the mathematics out before it reads the Markdown, so that a dollar sign can hide
# the mark that opens or closes a piece of code (packages/rendermime/src/latex.ts, `removeMath`).
_MATH_PARTS: Final = re.compile(
    r"(\$\$?|\\(?:begin|end)\{[a-z]*\*?\}|\\[{}$]|[{}]|(?:\n\s*)+|@@\d+@@|\\\\[()\[\]])",
    re.IGNORECASE,
)
_FENCES: Final = re.compile(r"^(`{3,}|~{3,})[^`\n]*\n[\s\S]*?^\1`*$", re.MULTILINE)
_CODES: Final = re.compile(r"(^|[^\\])(`+)([^\n]*?[^`\n])\2(?!`)", re.MULTILINE)


def is_inert(text: str) -> bool:
    """Whether no reader of Markdown finds HTML, a picture or an unjudged link in `text`."""
    if not _RISKY.search(text):
        return True
    texts = [text]
    if _MATH.search(text):
        texts += [without_math(text), _with_flat_math(text)]
        if _HOLE_IN_ADDRESS.search(texts[1]):
            return False
    return all(
        _is_dead(token)
        for source in texts
        for reader in _readers(tables="|" in source)
        for token in _flat(reader.parse(source))
    )


def without_math(text: str) -> str:
    """`text` as JupyterLab hands it to its Markdown parser: holes where mathematics stood."""
    masked = text
    if "`" in text or "~~~" in text:
        masked = _FENCES.sub(lambda m: m[0].replace("$", "\x00"), masked)
        masked = _CODES.sub(lambda m: m[0].replace("$", "\x00"), masked)
    parts = _MATH_PARTS.split(masked)
    finder = _MathFinder(parts)
    for index in range(1, len(parts), 2):
        finder.see(index)
    finder.finish()
    return "".join(parts).replace("\x00", "$")


def _with_flat_math(text: str) -> str:
    """`text` as nbconvert reads it: in display mathematics no line begins anything."""
    return _BLOCKS.sub(lambda m: m[0].replace("\n", " ") if m["math"] else m[0], text)


class _MathFinder:
    """The state of JupyterLab's search for mathematics: `parts[1::2]` are the marks."""

    def __init__(self, parts: list[str]) -> None:
        self.parts = parts
        self.start = -1
        self.last = -1
        self.end = ""
        self.braces = 0
        self.holes = 0

    def see(self, index: int) -> None:
        mark = self.parts[index]
        if mark.startswith("@"):
            self.parts[index] = f"@@{self.holes}@@"
            self.holes += 1
        elif self.start < 0:
            self._open(index, mark)
        elif mark == self.end:
            if self.braces:
                self.last = index
            else:
                self._cut(index)
        elif re.search(r"\n.*\n", mark):
            self.finish()
        elif mark == "{":
            self.braces += 1
        elif mark == "}" and self.braces:
            self.braces -= 1

    def finish(self) -> None:
        """A blank line, or the end: mathematics does not go past it."""
        if self.start >= 0 and self.last >= 0:
            self._cut(self.last)
        self.start = self.last = -1

    def _open(self, index: int, mark: str) -> None:
        if mark in {"$", "$$"}:
            self.end = mark
        elif mark in {"\\\\(", "\\\\["}:
            self.end = "\\\\)" if mark[-1] == "(" else "\\\\]"
        elif mark[1:6] == "begin":
            self.end = "\\end" + mark[6:]
        else:
            return
        self.start, self.braces = index, 0

    def _cut(self, end: int) -> None:
        self.parts[self.start] = f"@@{self.holes}@@"
        self.parts[self.start + 1 : end + 1] = [""] * (end - self.start)
        self.holes += 1
        self.start = self.last = -1


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
    href = str(token.attrs.get("href", ""))
    return token.type != "link_open" or (judge(href) is not None and not _HOLE.search(href))
