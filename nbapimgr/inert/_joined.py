"""Puts the pieces of a paragraph together so that nothing new arises where they meet."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["LINE_END", "Joined"]

LINE_END: Final = "\x00"
"""Stands for a line end that is gone, so that the lines after it are put where they were."""

_ADDRESS: Final = re.compile(r"://|www\.|@", re.IGNORECASE)
_LAST_WORD: Final = re.compile(r"\S*\Z")


class Joined:
    """Text that grows at its end."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.in_address = False
        """Whether the last word is a bare address: it takes in all up to the next blank."""

    def __str__(self) -> str:
        return "".join(self.pieces)

    def add(self, piece: str) -> None:
        """Add words: no link or picture begins where they meet what stands before."""
        last = self._last()
        if last == "]" and piece[:1] in {"(", "[", ":"}:
            piece = f"&#{ord(piece[0])};{piece[1:]}"
        self._append(piece)

    def add_link(self, piece: str) -> None:
        """Add a link, which a mark of exclamation before it would make a picture."""
        if self._last() == "!":
            self.pieces[-1] = self.pieces[-1][:-1] + "&#33;"
        self._append(piece)

    def add_code(self, piece: str) -> None:
        """Add code, away from what would take in its first mark: in marked a tilde does, too."""
        self._append(f"\u200a{piece}" if self.in_address or self._last() == "~" else piece)

    def add_line_ends(self, count: int) -> None:
        """Remember line ends that were in the source of the last piece and are gone."""
        if count:
            last = self.pieces[-1]
            self.pieces[-1] = f"{last[:-1]}{LINE_END * count}{last[-1]}"

    def _last(self) -> str:
        return self.pieces[-1][-1] if self.pieces else ""

    def _append(self, piece: str) -> None:
        if not piece:
            return
        word = _LAST_WORD.search(piece)[0]  # type: ignore[index]  # matches anything
        before = self.pieces[-1][-3:] if self.pieces else ""
        goes_on = len(word) == len(piece)
        self.in_address = bool(_ADDRESS.search(before + word if goes_on else word)) or (
            goes_on and self.in_address
        )
        self.pieces.append(piece)
