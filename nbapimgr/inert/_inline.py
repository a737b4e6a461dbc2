"""Rewrites one paragraph: links are judged, pictures named, all that is no code made text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from nbapimgr.inert._links import judge, removed
from nbapimgr.inert._spans import spans_of
from nbapimgr.inert._text import as_label, as_math, as_text, shielded_start, without_brackets

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from nbapimgr.inert._spans import Span

__all__ = ["JOINED", "RISKY", "rewritten"]

JOINED: Final = "\x00"
"""Stands for a line end that is gone, so that the lines after it are put where they were."""

RISKY: Final = re.compile(r"[<\[\]]")
"""What code may hold that would be alive if it were no code."""

_SIMPLE: Final = re.compile(r"`[^`]*[^`\\]`")
_MOST_BRACKETS: Final = 1_000
"""In one paragraph. Readers of CommonMark are quadratic in open brackets: 50,000 take seconds."""

_SWALLOWS: Final = re.compile(r"(?:(?:://|www\.|@)\S*|~)\Z", re.IGNORECASE)
"""What takes in the mark that opens code: a bare address, and in marked a tilde."""


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
        out = ""
        for span in self.spans:
            if span.start < start or span.end > end:
                continue
            out = _join(out, self._plain(start, span.start, in_label=in_label))
            piece = self._span(span, in_label=in_label, before=out)
            out = _join(out, piece, is_span=True)
            lines = self.content.count("\n", span.start, span.end) - piece.count("\n")
            if lines and not in_label:
                out = f"{out[:-1]}{JOINED * lines}{out[-1:]}"
            start = span.end
        return _join(out, self._plain(start, end, in_label=in_label))

    def _plain(self, start: int, end: int, *, in_label: bool) -> str:
        text = self.content[start:end]
        if not self.tildes:
            text = text.replace("~", "&#126;")
        if not in_label:
            return as_text(text)
        # the blanks at the ends belong between the parts of the label
        before, after = text[:1].isspace() * " ", text[-1:].isspace() * " "
        return f"{before}{as_label(text)}{after}" if text.strip() else before

    def _span(self, span: Span, *, in_label: bool, before: str) -> str:
        source = self.content[span.start : span.end]
        match span.kind:
            case "link":
                return self._link(span, source)
            case "image":
                return self._image(span, in_label=in_label)
            case "autolink":
                kept = judge(span.href)
                return as_text(source) if kept is None else f"<{kept.url.removeprefix('mailto:')}>"
            case "code":
                return self._code(source, in_label=in_label, before=before)
        if self.math and not in_label:
            return as_math(source)
        return self._plain(span.start, span.end, in_label=in_label)

    def _code(self, source: str, *, in_label: bool, before: str) -> str:
        """Code as it stands; as words where some reader might not see that it is code."""
        is_risky = bool(RISKY.search(source))
        if is_risky and in_label:
            return as_label(source)
        if is_risky and not self.clear:
            return as_text(source)
        one_line = source.replace("\n", " ")  # as it is shown; and no line of it begins anything
        return f"\u200a{one_line}" if _SWALLOWS.search(before) else one_line

    def _link(self, span: Span, source: str) -> str:
        if source.startswith("[^"):  # a footnote's mark, which CommonMark knows nothing of
            return as_text(source)
        label = self.between(*span.label, in_label=True).strip()
        kept = judge(span.href)
        if kept is None:
            reason = removed(span.href)
            shown = as_label(reason)
            return shielded_start(label if label == shown else f"{label} ({shown})".lstrip())
        if not kept.host or _is_address(self.content[slice(*span.label)], span.href, kept.host):
            return f"[{label}]({kept.url})"
        return f"[{label} ({kept.host})]({kept.url})" if label else f"[{kept.host}]({kept.url})"

    def _image(self, span: Span, *, in_label: bool) -> str:
        alt = as_label(self.content[slice(*span.label)])
        named = f"image: {alt}" if alt else "image"
        kept = judge(span.href)
        if in_label or kept is None or not kept.host:
            return f"({named})"
        return f"[{named} ({kept.host})]({kept.url})"


def _is_address(label: str, href: str, host: str) -> bool:
    """Whether a label already says, and says only, where its link leads."""
    said = label.strip().casefold().rstrip("/")
    whole = href.casefold().rstrip("/")
    return said in {whole, whole.partition("://")[2], host}


def _join(out: str, piece: str, *, is_span: bool = False) -> str:
    """Put pieces together so that no link or picture arises where they meet."""
    if not (out and piece):
        return out or piece
    if out[-1] == "!" and piece[0] == "[":
        return f"{out[:-1]}&#33;{piece}"
    is_link = is_span and piece[0] == "["
    if out[-1] == "]" and piece[0] in "([:" and not is_link:
        return f"{out}&#{ord(piece[0])};{piece[1:]}"
    return out + piece
