"""A text as nbconvert's parser sees its code: with holes where its mathematics is.

nbconvert adds display mathematics to the paragraph above it wherever it stands, but for fenced
code, and then looks for mathematics and code in the paragraph, whichever comes first
(nbconvert/filters/markdown_mistune.py). Mathematics goes through dollar signs in code.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["without_math"]

_FENCED: Final = (
    r"^ {0,3}(?P<fence>`{3,}|~{3,})[^\n]*\n(?s:.*?)(?:^ {0,3}(?P=fence)[`~]*[ \t]*$|\Z)"
)
_DISPLAY: Final = re.compile(
    rf"{_FENCED}|(?P<math>"
    r"(?<!\\)\$\$(?s:.*?)(?<!\\)\$\$"
    r"|\\\\\[(?s:.*?)\\\\\]"
    r"|\\begin\{(?P<name>[a-z]*\*?)\}(?s:.*?)\\end\{(?P=name)\})",
    re.MULTILINE,
)
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


def without_math(text: str) -> str:
    """`text` with its mathematics in the line where it begins, and then a hole."""
    flat = _DISPLAY.sub(lambda m: m[0].replace("\n", " ") if m["math"] else m[0], text)
    return _INLINE.sub(lambda m: "@@0@@" if m["math"] else m[0], flat)
