"""The model's turn, put together from its parts: text in pieces, all else whole."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from nbapimgr.models import Image, Opaque, Reasoning, Text, ToolCall
from nbapimgr.wire import _json
from nbapimgr.wire.gemini._content import NAME, SIGNATURE

if TYPE_CHECKING:
    from nbapimgr.models import Content

__all__ = ["Turn"]


class Turn:
    """Collects parts; `content` is what `_content.contents` can send back.

    Attributes:
        content: The parts that are complete.
        answered: Whether there is anything besides reasoning.
        called: Whether a tool is called.
    """

    __slots__ = ("_pieces", "_thought", "answered", "called", "content")

    def __init__(self) -> None:
        self.content: list[Content] = []
        self.answered = False
        self.called = False
        self._thought = False
        self._pieces: list[str] = []

    def text(self, text: str, *, thought: bool) -> None:
        """A piece of text; pieces of one kind make one part."""
        if thought is not self._thought:
            self.close()
            self._thought = thought
        if text:
            self._pieces.append(text)
            self.answered = self.answered or not thought

    def close(self, signature: str = "") -> None:
        """Make one part of the pieces that came. A signature ends a part and stays with it."""
        text = "".join(self._pieces)
        self._pieces = []
        raw: dict[str, Any] = {SIGNATURE: signature} if signature else {}
        if self._thought:
            if text or raw:
                raw = {"text": text, "thought": True, **raw}
                self.content.append(Reasoning(text=text, signature=signature, raw=raw))
            return
        if text:
            self.content.append(Text(text=text))
        elif raw:
            raw = {"text": "", **raw}  # a part of its own: it goes back as one
        if raw:
            self.content.append(Reasoning(signature=signature, raw=raw))

    def call(self, call: dict[str, Any], signature: str) -> str:
        """A tool call; its arguments as text are returned. Most calls have no id."""
        self.close()
        arguments = call.get("args", {})
        written = _json.dumps(arguments).decode()
        fine = isinstance(arguments, dict)
        self.content.append(
            ToolCall(
                id=_json.as_str(call.get("id")),
                name=_json.as_str(call.get("name")),
                arguments=arguments if fine else None,
                raw_arguments=None if fine else written,
                extra={SIGNATURE: signature} if signature else {},
            )
        )
        self.answered = self.called = True
        return written

    def other(self, part: dict[str, Any]) -> None:
        """A picture, or what only Google understands: code it ran, searches it made."""
        self.close()
        self.answered = True
        picture = None if part.get("thought") else _picture(part.get("inlineData"))
        if picture is None:
            self.content.append(Opaque(dialect=NAME, raw=part))
            return
        self.content.append(picture)
        signature = _json.as_str(part.get(SIGNATURE))
        if signature:
            self.content.append(Reasoning(signature=signature, raw={SIGNATURE: signature}))


def _picture(inline: Any) -> Image | None:
    data = _json.as_dict(inline)
    try:
        content = base64.b64decode(_json.as_str(data.get("data")), validate=True)
    except ValueError:  # binascii.Error, and letters that are not ASCII
        return None
    kind = _json.as_str(data.get("mimeType"))
    return Image(data=content, media_type=kind) if content and kind else None
