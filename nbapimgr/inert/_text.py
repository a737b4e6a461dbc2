"""Takes the meaning out of characters: what stays text in every reader of Markdown."""

from __future__ import annotations

import re
from html import unescape
from typing import Final

__all__ = [
    "MACROS",
    "MAY_BE_DRAWN",
    "as_address",
    "as_continuation",
    "as_label",
    "as_math",
    "as_row",
    "as_text",
    "is_drawn",
    "shielded_start",
    "without_brackets",
    "without_controls",
]

_CONTROLS: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_BIDI: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Characters that turn the direction of writing: in a label they could disguise the host."""

_TEXT: Final = re.compile(
    r"\\+(?:begin|end)(?P<environment>\{)"
    r"|\\{2,}(?P<tex>[()\[\]])"
    r"|\\(?P<escaped>[<`!])"
    r"|\\[!-/:-@\[-`{-~]"  # any other escape keeps its backslash, and its character is no mark
    r"|(?P<tag><)(?![\s\d=<-])"
    r"|(?P<tick>`)"
    r"|\](?P<after>[(:\[])"
    r"|(?P<bang>!)(?=\[)"
    r"|(?P<dollar>\$)"
    r"|(?P<user>:(?=//[^\s/?#]*[@&])|(?<=[wW]{3})\.(?=[^\s/?#]*[@&]))"
)
MACROS: Final = (
    r"\\+(?=(?:href|url|includegraphics|html[A-Z]\w*|cssId|class|style|require|csname"
    r"|unicode|bbox|mmlToken)(?![A-Za-z]))"
)
"""What MathJax and KaTeX make links, pictures, HTML and styles of, up to the name of it.

The font that `unicode` is given goes into a style as it is: it can fetch.
"""

_DRAWN: Final = (
    "mermaid|mmd|dot|graphviz|plantuml|puml|d2|kroki|wavedrom|markmap|nomnoml|vega|vega-lite"
    "|geojson|topojson|stl|math|echarts|plotly|flowchart|sequence"
)
"""Languages of code that some front end draws: JupyterLab and VS Code mermaid, whose pictures and
styles fetch what they name; GitHub, Quarto and extensions the others."""

_IS_DRAWN: Final = re.compile(rf"[^\w]|(?:{_DRAWN})(?![\w+#-])", re.IGNORECASE)
MAY_BE_DRAWN: Final = re.compile(
    rf"[`~]{{3,}}[^\S\n]*(?:{_DRAWN}|[^\s\w`~]|[^\n]*[&\\])", re.IGNORECASE
)
"""A fence whose code may be drawn; entities and escapes in its language may hide which."""

_LABEL: Final = re.compile(r"\\?[\[\]]")
_MATH: Final = (
    (re.compile(r"<(?=[A-Za-z/!?])"), "< "),
    (re.compile(r"\](?=[(:])"), "] "),
    (re.compile(r"!(?=\[)"), "! "),
    (re.compile("`"), "\u2018"),
    (re.compile(MACROS), ""),
)
_RULE: Final = re.compile(r"[|:-][|: \t-]*")
_DEFINITION: Final = re.compile(r"\A([ \t]*):(?=[ \t])")
_BLOCK_MARKS: Final = frozenset("-+*#>~=|:0123456789")


def is_drawn(language: str) -> bool:
    """Whether a front end may draw code that is said to be in `language`, or do what it says.

    Args:
        language: What stands behind a fence. What begins with no letter is a directive, as MyST's
            `{image}` and Quarto's `{=html}` are.
    """
    plainly = unescape(re.sub(r"\\(?=[!-/:-@\[-`{-~])", "", language))
    return bool(_IS_DRAWN.match(plainly.strip()))


def without_controls(text: str) -> str:
    """One kind of line end, and no other control characters than tab and line end."""
    return _CONTROLS.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def as_text(text: str) -> str:
    """`text` as words: no tags, no code, no links, no mathematics.

    A bare address with a user name in it, which looks like a host, is one that no reader links.
    """
    return _TEXT.sub(_neutral, text)


def as_label(text: str) -> str:
    """`text` as words that can stand between the brackets of a link."""
    one_line = _BIDI.sub("", " ".join(text.split()))
    return without_brackets(as_text(one_line))


def as_address(text: str) -> str:
    """An address as the label of its link: nothing in it is emphasis."""
    return re.sub(r"[*_~]", lambda m: _entity(m[0]), as_label(text))


def without_brackets(text: str) -> str:
    """`text` with its square brackets written as entities."""
    return _LABEL.sub(lambda m: _entity(m[0][-1]), text)


def as_math(text: str) -> str:
    """Mathematics that means the same to TeX, and nothing to a reader that sees no mathematics.

    TeX passes over the blanks that are put in.
    """
    for mark, instead in _MATH:
        text = mark.sub(instead, text)
    return text


def as_continuation(line: str) -> str:
    """A paragraph's line that makes no table and no definition of itself and the line above it."""
    if _RULE.fullmatch(line):
        return _entity(line[0]) + line[1:]
    return as_row(line)


def as_row(line: str) -> str:
    """A line of a table that makes no definition of itself and the line above it."""
    return _DEFINITION.sub(r"\1&#58;", line)


def shielded_start(text: str) -> str:
    """`text` so that its first character cannot begin a list, a heading, a fence or a table."""
    return f"&#8203;{text}" if text[:1] in _BLOCK_MARKS else text


def _neutral(found: re.Match[str]) -> str:
    if found["escaped"] or found["tag"] or found["tick"] or found["bang"] or found["user"]:
        return _entity(found[0][-1])
    for name in ("after", "tex", "environment"):
        if found[name]:
            return found[0][:-1] + _entity(found[name])
    return "\\$" if found["dollar"] else found[0]


def _entity(char: str) -> str:
    return "&lt;" if char == "<" else f"&#{ord(char)};"
