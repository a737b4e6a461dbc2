"""A text as JupyterLab hands it to its Markdown parser: holes where mathematics stood.

JupyterLab takes the mathematics out before it reads the Markdown (`removeMath` in
packages/rendermime/src/latex.ts), so that a dollar sign can hide the mark that opens or closes a
piece of code. This finds what it finds.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["without_math"]

_MATH_PARTS: Final = re.compile(
    r"(\$\$?|\\(?:begin|end)\{[a-z]*\*?\}|\\[{}$]|[{}]|(?:\n\s*)+|@@\d+@@|\\\\[()\[\]])",
    re.IGNORECASE,
)
_FENCES: Final = re.compile(r"^(`{3,}|~{3,})[^`\n]*\n[\s\S]*?^\1`*$", re.MULTILINE)
_CODES: Final = re.compile(r"(^|[^\\])(`+)([^\n]*?[^`\n])\2(?!`)", re.MULTILINE)


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
