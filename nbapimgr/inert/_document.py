"""Rewrites a document: finds its code and its paragraphs, keeps the one, rewrites the other."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final

from nbapimgr.inert._inline import RISKY, rewritten
from nbapimgr.inert._joined import LINE_END
from nbapimgr.inert._spans import parser
from nbapimgr.inert._text import as_continuation, as_math, as_row, as_text, is_drawn

if TYPE_CHECKING:
    from markdown_it.token import Token

__all__ = ["fenced_whole", "rewrite"]

_MARKS: Final = re.compile(r"[\s>]*")
"""The marks of quotes at the start of a line."""

_DEEP: Final = re.compile(r"^(?: {4,}| {0,3}\t)[ \t]*(?=>)", re.MULTILINE)
"""Blanks before a quote's mark where markdown-it still sees it, and others see words."""

_CONTAINERS: Final = frozenset({"blockquote_close", "bullet_list_close", "ordered_list_close"})


def rewrite(text: str, *, math: bool = True) -> str:
    """`text` with everything but its code made inert.

    Args:
        text: Markdown with the line feed as its only line end.
        math: Keep mathematics; otherwise it becomes words too.
    """
    return _Document(text, math=math).rewrite()


def fenced_whole(text: str) -> str:
    """`text` as one block of code: no reader of Markdown finds anything in it."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    return f"{fence}\n{text}\n{fence}"


class _Document:
    def __init__(self, text: str, *, math: bool) -> None:
        self.source = text.split("\n")
        self.math = math
        self.env: dict[str, Any] = {}
        self.tokens = parser().parse(text, self.env)
        self.out: list[str | None] = [as_text(line) for line in self.source]
        """The lines of the result; None for those that are left out."""

    def rewrite(self) -> str:
        tokens = iter(self.tokens)
        for token in tokens:
            start, end = token.map or (0, 0)
            match token.type:
                case "fence":
                    self._fence(token, start, end)
                case "code_block":
                    self._indented(token, start, end)
                case "math_block" if self.math:
                    self.out[start:end] = [as_math(line) for line in self.source[start:end]]
                case "table_open":
                    self.out[start + 1] = self.source[start + 1]
                case "tr_open":
                    row = takewhile(lambda inside: inside.type != "tr_close", tokens)
                    cells = [inside.content for inside in row if inside.type == "inline"]
                    self.out[start] = self._row(self.source[start], cells)
                case "inline":
                    self._paragraph(token.content, start, end)
        self._leave_out_definitions()
        self._set_apart()
        return "\n".join(line for line in self.out if line is not None)

    def _fence(self, token: Token, start: int, end: int) -> None:
        lines = _closed_for_all(self.source[start:end], token)
        if is_drawn(token.info):
            marks = lines[0][: lines[0].index(token.markup[0])]
            fence = re.match(r"`+|~+", lines[0][len(marks) :])[0]  # type: ignore[index]  # it begins so
            lines[0] = f"{marks}{fence}text"
        if token.level == 0:
            lines = _without_indent(lines)
        self._put(start, end, lines)

    def _indented(self, token: Token, start: int, end: int) -> None:
        """Code by indentation, which readers see differently: fenced where that could matter."""
        if not RISKY.search(token.content):
            self.out[start:end] = self.source[start:end]
        elif token.level == 0:
            self._put(start, end, fenced_whole(token.content.rstrip("\n")).split("\n"))

    def _put(self, start: int, end: int, lines: list[str]) -> None:
        self.out[start:end] = ["\n".join(lines), *([None] * (end - start - 1))]

    def _paragraph(self, content: str, start: int, end: int) -> None:
        """Put the rewritten lines where the old ones stood, behind the marks of the containers."""
        old = [line.strip() for line in content.split("\n")]
        if not content:
            return
        if len(old) != end - start:  # markdown-it-py strips a line of no-break spaces
            for number in range(start, end):
                marks = _MARKS.match(self.source[number])[0]  # type: ignore[index]  # matches anything
                self.out[number] = marks + as_continuation(
                    as_text(self.source[number][len(marks) :])
                )
            return
        number = start
        self.out[start:end] = [None] * (end - start)
        for new in rewritten(content, self.env, math=self.math).split("\n"):
            line, piece = self.source[number], old[number - start]
            at = line.rfind(piece)
            text = as_continuation(new.replace(LINE_END, "").strip())
            self.out[number] = line[:at] + text + line[at + len(piece) :]
            number += 1 + new.count(LINE_END)

    def _row(self, line: str, cells: list[str]) -> str:
        """A row with its cells rewritten; what stands beyond the table's last column is words."""
        out, at = "", 0
        for cell in cells:
            written = cell.replace("|", "\\|")
            found = line.find(written, at)
            if found < 0:
                return as_text(line)
            new = rewritten(cell, self.env, math=self.math).replace("|", "\\|")
            out += line[at:found] + new
            at = found + len(written)
        return as_row(out + as_text(line[at:]))

    def _leave_out_definitions(self) -> None:
        """Reference links have been written out; footnotes, which look the same, stay."""
        known = self.env.get("references", {})
        doubles = self.env.get("duplicate_refs", [])
        for entry in (*known.values(), *doubles):
            start, end = entry["map"]
            if _is_footnote(self.source[start]):
                continue
            first = self.source[start]
            self.out[start] = first[: first.index("[")]
            for number in range(start + 1, end):
                self.out[number] = _MARKS.match(self.source[number])[0]  # type: ignore[index]  # matches anything

    def _set_apart(self) -> None:
        """Put a blank line where some reader would take a fence or a quote for part of a list."""
        before: dict[int, str] = {}
        for token in self.tokens:
            start, end = token.map or (0, 0)
            top = token.level == 0
            if top and token.type == "blockquote_open":
                self.out[start:end] = [line and _DEEP.sub("", line) for line in self.out[start:end]]
            clings = before.get(token.level) in _CONTAINERS and self.source[start - 1].strip(" \t>")
            if clings and token.type == "fence":
                mark = self.source[start].index(token.markup)
                self.out[start] = f"{_as_indent(self.source[start][:mark])}\n{self.out[start]}"
            elif clings and top and token.type == "blockquote_open":
                self.out[start] = f"\n{self.out[start]}"
            before[token.level] = token.type
            before[token.level + 1] = ""


def _as_indent(marks: str) -> str:
    """What goes on with the containers that `marks` begin."""
    return re.sub(r"[^>\s]", " ", marks)


def _is_footnote(line: str) -> bool:
    return line[line.index("[") :].startswith("[^")


def _without_indent(lines: list[str]) -> list[str]:
    """A fenced block at the left edge, where it belongs to nothing above it.

    A block that is indented by N columns takes N off each of its lines.
    """
    width = len(lines[0]) - len(lines[0].lstrip(" "))
    return [re.sub(rf"^ {{0,{width}}}", "", line) for line in lines]


def _closed_for_all(lines: list[str], token: Token) -> list[str]:
    """A fenced block that every reader takes to end at the same line.

    A fence that is still open is closed. One with a line in it that a lenient reader could take for
    its end (marked takes "```~~~" for one) gets a longer fence.
    """
    mark = token.markup
    at = lines[0].index(mark)
    indent = _as_indent(lines[0][:at])
    is_open = len(lines) == 1 or not re.fullmatch(
        rf"[\s>]*{re.escape(mark[0])}{{{len(mark)},}}\s*", lines[-1]
    )
    inside = lines[1:] if is_open else lines[1:-1]
    lax = re.compile(rf"[\s>]*({re.escape(mark[0])}{{{len(mark)},}})")
    longest = max((len(found[1]) for line in inside if (found := lax.match(line))), default=0)
    if longest:
        mark = mark[0] * (longest + 1)
        lines = [lines[0][:at] + mark + lines[0][at + len(token.markup) :], *lines[1:]]
    closing = indent + mark
    if is_open:
        return [*lines, closing]
    return [*lines[:-1], closing] if longest else lines
