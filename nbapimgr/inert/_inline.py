"""Rewrites one paragraph: links are judged, pictures named, all that is no code made text."""

from __future__ import annotations

import re
from bisect import bisect_left
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Any, Final

from nbapimgr.inert._joined import Joined
from nbapimgr.inert._links import judge, removed
from nbapimgr.inert._spans import spans_of
from nbapimgr.inert._text import (
    as_address,
    as_label,
    as_math,
    as_text,
    shielded_start,
    without_brackets,
)

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from nbapimgr.inert._links import Kept
    from nbapimgr.inert._spans import Span

__all__ = ["RISKY", "rewritten"]

RISKY: Final = re.compile(r"[<\[\]]")
"""What code may hold that would be alive if it were no code."""

_SIMPLE: Final = re.compile(r"`[^`]*[^`\\]`")
_MOST_BRACKETS: Final = 1_000
"""In one paragraph. Readers of CommonMark are quadratic in open brackets: 50,000 take seconds."""


def rewritten(content: str, env: MutableMapping[str, Any], *, math: bool) -> str:
    """The source of a paragraph, inert.

    Args:
        content: The paragraph without the marks of the containers it stands in.
        env: What the document defined: its reference links.
        math: Keep mathematics; otherwise it becomes words too.
    """
    if content.count("[") > _MOST_BRACKETS:
        return without_brackets(as_text(content))
    return _Paragraph(content, env, math=math).between(0, len(content))


class _Paragraph:
    def __init__(self, content: str, env: MutableMapping[str, Any], *, math: bool) -> None:
        self.content = content
        self.math = math
        self.spans = spans_of(content, env)
        self.codes = [(span.start, span.end) for span in self.spans if span.kind == "code"]
        self.clear = self._is_clear()
        self.tildes = not any("~" in content[start:end] for start, end in self.codes)
        """Whether text may be struck out; some readers find the end of that in code."""

    def _is_clear(self) -> bool:
        """Whether every reader finds the same code here: no backtick but the two around each."""
        at, rest = 0, ""
        for start, end in self.codes:
            rest += self.content[at:start] + " "
            if not _SIMPLE.fullmatch(self.content, start, end):
                return False
            at = end
        return "`" not in rest + self.content[at:]

    def between(self, start: int, end: int, *, in_label: bool = False) -> str:
        """The source from `start` to `end`, inert; `in_label` where it is a link's label."""
        out = Joined()
        first = bisect_left(self.spans, start, key=lambda span: span.start)
        for span in takewhile(lambda span: span.start < end, islice(self.spans, first, None)):
            if span.start < start:  # it stands in the label of the one before
                continue
            out.add(self._plain(start, span.start, in_label=in_label))
            self._add(out, span, in_label=in_label)
            start = span.end
        out.add(self._plain(start, end, in_label=in_label))
        return str(out)

    def _add(self, out: Joined, span: Span, *, in_label: bool) -> None:
        source = self.content[span.start : span.end]
        match span.kind:
            case "link":
                self._add_link(out, span, source)
            case "image":
                self._add_image(out, span, in_label=in_label)
            case "autolink":
                self._add_autolink(out, span, source)
            case "code":
                self._add_code(out, source, in_label=in_label)
            case "math" if self.math and not in_label:
                out.add(as_math(source))
            case _:
                out.add(self._plain(span.start, span.end, in_label=in_label))
        if not in_label:
            out.add_line_ends(source.count("\n") - out.pieces[-1].count("\n"))

    def _plain(self, start: int, end: int, *, in_label: bool) -> str:
        text = self.content[start:end]
        if not self.tildes:
            text = text.replace("~", "&#126;")
        if not in_label:
            return as_text(text)
        # the blanks at the ends belong between the parts of the label
        before, after = text[:1].isspace() * " ", text[-1:].isspace() * " "
        return f"{before}{as_label(text)}{after}" if text.strip() else before

    def _add_code(self, out: Joined, source: str, *, in_label: bool) -> None:
        """Code as it stands; as words where some reader might not see that it is code."""
        is_risky = bool(RISKY.search(source))
        if is_risky and in_label:
            out.add(as_label(source))
        elif is_risky and not self.clear:
            out.add(as_text(source))
        else:
            # in one line, as it is shown anyway: no line of it can begin anything then
            out.add_code(source.replace("\n", " "))

    def _add_link(self, out: Joined, span: Span, source: str) -> None:
        if source.startswith("[^"):  # a footnote's mark, which CommonMark knows nothing of
            out.add(as_text(source))
            return
        label = self.between(*span.label, in_label=True).strip()
        kept = judge(span.href)
        if kept is None:
            reason = as_label(removed(span.href))
            shown = label if label == reason else f"{label} ({reason})".lstrip()
            out.add(shielded_start(shown))
        elif not kept.host or _is_address(self.content[slice(*span.label)], span.href, kept.host):
            out.add_link(f"[{label}]({kept.url})")
        else:
            out.add_link(f"[{label} ({kept.host})]({kept.url})" if label else _alone(kept))

    def _add_autolink(self, out: Joined, span: Span, source: str) -> None:
        """A bracketed address as an ordinary link.

        nbconvert takes a line that begins with "<" for itself, and what begins in it with it.
        """
        kept = judge(span.href)
        if kept is None:
            out.add(as_text(source))
        else:
            out.add_link(f"[{as_address(source[1:-1])}]({kept.url})")

    def _add_image(self, out: Joined, span: Span, *, in_label: bool) -> None:
        alt = as_label(self.content[slice(*span.label)])
        named = f"image: {alt}" if alt else "image"
        kept = judge(span.href)
        if in_label or kept is None or not kept.host:
            out.add(f"({named})")
        else:
            out.add_link(f"[{named} ({kept.host})]({kept.url})")


def _alone(kept: Kept) -> str:
    return f"[{kept.host}]({kept.url})"


def _is_address(label: str, href: str, host: str) -> bool:
    """Whether a label already says, and says only, where its link leads."""
    said = label.strip().casefold().rstrip("/")
    whole = href.casefold().rstrip("/")
    return said in {whole, whole.partition("://")[2], host}
