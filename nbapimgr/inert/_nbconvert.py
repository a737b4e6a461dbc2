"""A text as nbconvert's parser sees its code: with holes where its mathematics is.

nbconvert adds display mathematics to the paragraph above it wherever it stands, but for fenced
code, and then looks for mathematics and code in the paragraph, whichever comes first
(nbconvert/filters/markdown_mistune.py). Mathematics goes through dollar signs in code. With mistune
3.4 display mathematics has to begin a line, in paragraphs that begin with a letter.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["without_math"]

_FENCED: Final = (
    r"^ {0,3}(?P<fence>`{3,}|~{3,})[^\n]*\n(?s:.*?)(?:^ {0,3}(?P=fence)[`~]*[ \t]*$|\Z)"
)
_DISPLAY: Final = (
    r"(?P<math>(?<!\\)\$\$(?s:.*?)(?<!\\)\$\$"
    r"|\\\\\[(?s:.*?)\\\\\]"
    r"|\\begin\{(?P<name>[a-z]*\*?)\}(?s:.*?)\\end\{(?P=name)\})"
)
_ANYWHERE: Final = re.compile(rf"{_FENCED}|{_DISPLAY}", re.MULTILINE)
_AT_START: Final = re.compile(rf"{_FENCED}|^[ \t>]*{_DISPLAY}", re.MULTILINE)
_IN_PARAGRAPH: Final = r"(?:(?!\n\s*\n)(?s:.))*?"
_INLINE: Final = re.compile(
    rf"{_FENCED}|\\`"
    rf"|(?P<ticks>`+){_IN_PARAGRAPH}(?<!`)(?P=ticks)(?!`)"
    r"|(?P<math>"
    rf"(?<!\\)\$\${_IN_PARAGRAPH}(?<!\\)\$\$"
    rf"|(?<!\\)\\\\\[{_IN_PARAGRAPH}(?<!\\)\\\\\]"
    rf"|(?<![$\\])\$(?!\n\s*\n)(?s:.){_IN_PARAGRAPH}(?<![$\\])\$"
    rf"|(?<!\\)\\\\\({_IN_PARAGRAPH}(?<!\\)\\\\\)"
    rf"|\\begin\{{(?P<name>[a-z]*\*?)\}}{_IN_PARAGRAPH}\\end\{{(?P=name)\}})",
    re.MULTILINE,
)


def without_math(text: str) -> list[str]:
    """`text` with its mathematics in the line where it begins, and then a hole; in either way."""
    flat = [
        display.sub(lambda m: m[0].replace("\n", " ") if m["math"] else m[0], text)
        for display in (_ANYWHERE, _AT_START)
    ]
    return [_INLINE.sub(lambda m: "@@0@@" if m["math"] else m[0], way) for way in set(flat)]
