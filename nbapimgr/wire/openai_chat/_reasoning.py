"""Reasoning, which every vendor sends in a field of its own, and how it is sent back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from nbapimgr.models import Reasoning

if TYPE_CHECKING:
    from nbapimgr.wire.openai_chat._chunk import Said

__all__ = ["Thoughts"]

_GROWING: Final = ("text", "summary", "data")
"""The fields of a detail that arrive in pieces."""


class Thoughts:
    """The reasoning of one message: its text, and the fields in which it can be sent back."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._fields: dict[str, list[str]] = {}
        self._details: list[dict[str, Any]] = []

    def add(self, said: Said) -> str:
        """Take a piece; return the text in it."""
        text = ""
        for field in ("reasoning_content", "reasoning", "thinking"):
            piece = getattr(said, field)
            if piece:
                self._fields.setdefault(field, []).append(piece)
                text = text or piece
        for detail in said.reasoning_details or ():
            if isinstance(detail, dict):
                self._detail(detail)
        self._text.append(text)
        return text

    def done(self) -> Reasoning:
        """The reasoning as far as it came."""
        raw: dict[str, Any] = {name: "".join(pieces) for name, pieces in self._fields.items()}
        if self._details:
            raw["reasoning_details"] = self._details
        if "thinking" in raw:  # Mistral's block
            raw["thinking"] = [{"type": "text", "text": raw["thinking"]}]
        return Reasoning(text="".join(self._text), raw=raw)

    def _detail(self, piece: dict[str, Any]) -> None:
        """Join the pieces of one detail (same type and index), keep the rest as it came."""
        last = self._details[-1] if self._details else {}
        same = all(last.get(key) == piece.get(key) for key in ("type", "index"))
        if not (last and same):
            self._details.append(dict(piece))
            return
        for key, value in piece.items():
            if key in _GROWING and isinstance(value, str) and isinstance(last.get(key), str):
                last[key] += value
            elif value is not None:
                last[key] = value
