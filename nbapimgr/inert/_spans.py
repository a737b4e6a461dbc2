"""Where code, links, pictures and mathematics stand in a paragraph, as CommonMark reads it.

markdown-it-py's tokens of a paragraph carry no positions; its rules know them. So the rules are
wrapped, and note what they find.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline

    Rule = Callable[[StateInline, bool], bool]

__all__ = ["NESTING", "Span", "parser", "spans_of"]

NESTING: Final = 100
"""Containers in containers that are read; what is deeper is taken as text."""

Kind = Literal["code", "link", "autolink", "image", "math"]
_TOKENS: Final = {
    "backticks": ("code", "code_inline"),
    "link": ("link", "link_open"),
    "autolink": ("autolink", "link_open"),
    "image": ("image", "image"),
}
_ENDS: Final = {"\\\\(": "\\\\)", "\\\\[": "\\\\]"}
_BEGIN: Final = re.compile(r"\\begin(\{[A-Za-z]*\*?\})")
_DOLLAR_END: Final = re.compile(r"(?<![\s\\$])\$(?![\d$])")


class Span(NamedTuple):
    """A piece of a paragraph's source."""

    kind: Kind
    start: int
    end: int
    href: str = ""
    label: tuple[int, int] = (0, 0)
    """Where the label of a link or picture stands."""


@functools.cache
def parser() -> MarkdownIt:
    """CommonMark with tables and mathematics, without HTML; every address is looked at."""
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": False, "maxNesting": NESTING})
    reader.enable("table")
    reader.disable("inline")
    reader.validateLink = lambda _url: True  # type: ignore[method-assign,assignment]  # the judge decides
    rules = reader.inline.ruler
    for name, rule in zip(rules.get_active_rules(), rules.getRules(""), strict=True):
        if name in _TOKENS:
            rules.at(name, _noting(rule, *_TOKENS[name]))  # type: ignore[arg-type]  # a kind
    rules.before("escape", "math", _math)
    interrupts = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    reader.block.ruler.before("fence", "math_block", _math_block, interrupts)  # type: ignore[arg-type]  # its options
    return reader


def spans_of(content: str, env: MutableMapping[str, Any]) -> list[Span]:
    """The spans of a paragraph in the order they begin; those in a link's label follow the link."""
    found: list[Span] = []
    inner = {**env, "nbapimgr": (content, found)}
    parser().inline.parse(content, parser(), inner, [])
    return sorted(found, key=lambda span: (span.start, -span.end))


def _noting(rule: Rule, kind: Kind, token_type: str) -> Rule:
    def run(state: StateInline, silent: bool) -> bool:  # noqa: FBT001  # the parser's signature
        start, known = state.pos, len(state.tokens)
        if not rule(state, silent):
            return False
        content, found = state.env["nbapimgr"]
        if silent or state.src is not content:  # the label of a picture is parsed on its own
            return True
        token = next((t for t in state.tokens[known:] if t.type == token_type), None)
        if token is not None:
            label = (0, 0)
            if kind in {"link", "image"}:
                opening = start + (kind == "image")
                label = (opening + 1, state.md.helpers.parseLinkLabel(state, opening))
            href = str(token.attrs.get("href") or token.attrs.get("src") or "")
            found.append(Span(kind, start, state.pos, href, label))
        return True

    return run


def _math(state: StateInline, silent: bool) -> bool:  # noqa: FBT001  # the parser's signature
    r"""Find `$…$`, `$$…$$`, `\\(…\\)`, `\\[…\\]` or `\begin{…}…\end{…}` without code in it."""
    end = _math_end(state.src, state.pos, state.posMax)
    if end < 0 or "`" in state.src[state.pos : end]:
        return False
    if not silent:
        content, found = state.env["nbapimgr"]
        if state.src is content:
            found.append(Span("math", state.pos, end))
        state.append_pending(state.src[state.pos : end])
    state.pos = end
    return True


def _math_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001  # the parser's signature
    """Find lines from one that begins with `$$` to one that ends with it, no blank one among them.

    Nor any code: where it stands there, it is no mathematics.
    """

    def line(number: int) -> str:
        return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]].strip()

    if not line(start).startswith("$$") or state.is_code_block(start):
        return False
    for number in range(start, end):
        text = line(number)[2:] if number == start else line(number)
        if "`" in text or "~~~" in text or state.sCount[number] < state.blkIndent:
            return False
        if text.endswith("$$") and not text.endswith("\\$$"):
            break
        if "$$" in text or not (line(number)):
            return False
    else:
        return False
    if not silent:
        token = state.push("math_block", "", 0)
        token.map = [start, number + 1]
        state.line = number + 1
    return True


def _begins_line(src: str, start: int) -> bool:
    return not src[src.rfind("\n", 0, start) + 1 : start].strip()


def _math_end(src: str, start: int, limit: int) -> int:
    """Where the mathematics that begins at `start` has ended, -1 where none does."""
    if src[start] not in "$\\":
        return -1
    opening = next((mark for mark in ("$$", *_ENDS) if src.startswith(mark, start)), "")
    begin = _BEGIN.match(src, start)
    if begin:
        opening, closing = begin[0], f"\\end{begin[1]}"
    else:
        closing = _ENDS.get(opening, opening)
    if opening:
        mark = re.compile(
            rf"(?<!\\){re.escape(closing)}" if closing == "$$" else re.escape(closing)
        )
        end = mark.search(src, start + len(opening), limit)
        if end is None or ("\n" in end.string[start : end.end()] and not _begins_line(src, start)):
            return (
                -1
            )  # over several lines nbconvert sees it, or not, by what the paragraph begins with
        return end.end()
    # a single dollar, as pandoc reads it: "costs $5 or $6" is no mathematics
    if src[start] != "$" or src[start - 1 : start] == "$" or src[start + 1 : start + 2].isspace():
        return -1
    found = _DOLLAR_END.search(src, start + 1, limit)
    return found.end() if found else -1
