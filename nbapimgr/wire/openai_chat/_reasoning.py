"""Reasoning, which every vendor sends in a field of its own, and how it is sent back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from nbapimgr.models import Reasoning

if TYPE_CHECKING:
    from nbapimgr.wire.openai_chat._chunk import Said

__all__ = ["Thoughts"]

_GROWING: Final = frozenset({"text", "summary", "data"})
"""The fields of a detail that arrive in pieces."""
_WHOLE: Final = frozenset({"type", "id"})
"""The fields of a detail in which its pieces agree."""


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
            raw["reasoning_details"] = [_joined(detail) for detail in self._details]
        if "thinking" in raw:  # Mistral's block
            raw["thinking"] = [{"type": "text", "text": raw["thinking"]}]
        return Reasoning(text="".join(self._text), raw=raw)

    def _detail(self, piece: dict[str, Any]) -> None:
        """Join the pieces of one detail, keep the rest as it came.

        Pieces of one have the same type and index, and no id of their own.
        """
        last = self._details[-1] if self._details else {}
        told = {key: value for key, value in piece.items() if value is not None}
        same = told.get("index") is not None and told.get("index") == last.get("index")
        if not (same and all(last.get(k, v) == v for k, v in told.items() if k in _WHOLE)):
            last = {}
            self._details.append(last)
        for key, value in told.items():
            if key not in _GROWING:
                last[key] = value
            elif isinstance(value, str):
                last.setdefault(key, []).append(value)


def _joined(detail: dict[str, Any]) -> dict[str, Any]:
    return {key: "".join(v) if key in _GROWING else v for key, v in detail.items()}
