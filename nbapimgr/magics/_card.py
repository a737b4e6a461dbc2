"""Lines of text as a cell's result: the same in a notebook, a terminal and a diff."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Card"]


class Card:
    """A few lines for people."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = tuple(lines)

    def __repr__(self) -> str:
        return "\n".join(self.lines)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/plain": repr(self)}
