"""Messages -> the `system` text and the `messages` of a body."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any, Final

from nbapimgr.models import Image, Reasoning, Text, ToolCall, ToolResult
from nbapimgr.wire.anthropic._assembly import NAME

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nbapimgr.models import Content, Message

__all__ = ["conversation"]

_Block = dict[str, Any]
_NOT_IN_IDS: Final = re.compile(r"[^a-zA-Z0-9_-]")
"""The API takes no other characters in the id of a tool call; other providers' ids have them."""


def conversation(system: str | None, messages: Iterable[Message]) -> tuple[str, list[_Block]]:
    """The system text and the turns.

    System messages join the system text, wherever they stand: most models know no such turn. What
    follows tool results joins their turn: results must come first in the turn behind the calls.
    """
    texts = [system] if system else []
    turns: list[_Block] = []
    ids = _Ids()
    last = ""
    for message in messages:
        if message.role == "system":
            texts.append(message.text)
            continue
        blocks = [block for part in message.content if (block := _block(part, ids))]
        if not blocks:
            continue
        if last == "tool" and message.role != "assistant":
            turns[-1]["content"] += blocks
        else:
            role = "assistant" if message.role == "assistant" else "user"
            turns.append({"role": role, "content": blocks})
        last = message.role
    return "\n\n".join(texts), [_shortened(turn) for turn in turns]


class _Ids:
    """Gives calls and their results the same acceptable id.

    Some providers send calls without ids (Gemini, old Ollama): then the first result without an id
    belongs to the first such call, and so on.
    """

    def __init__(self) -> None:
        self._calls = 0
        self._results = 0

    def call(self, name: str) -> str:
        self._calls += not name
        return _NOT_IN_IDS.sub("_", name) or f"call_{self._calls}"

    def result(self, name: str) -> str:
        self._results += not name
        return _NOT_IN_IDS.sub("_", name) or f"call_{self._results}"


def _block(part: Content, ids: _Ids) -> _Block | None:
    """The block of a part; None where Claude would refuse it or it is another dialect's own."""
    match part:
        case Text(text=text):
            return {"type": "text", "text": text} if text.strip() else None
        case Image():
            return {"type": "image", "source": _source(part)}
        case ToolCall():
            block = {
                "type": "tool_use",
                "id": ids.call(part.id),
                "name": part.name,
                "input": part.arguments or {},
            }
            return block | {"caller": part.extra["caller"]} if "caller" in part.extra else block
        case ToolResult():
            block = {
                "type": "tool_result",
                "tool_use_id": ids.result(part.id),
                "content": part.content,
            }
            return block | {"is_error": True} if part.is_error else block
        case Reasoning(raw=raw):
            return raw if _is_own_thinking(raw) else None
    return part.raw if part.dialect == NAME and isinstance(part.raw, dict) else None


def _source(image: Image) -> _Block:
    if not image.url:
        data = base64.b64encode(image.data).decode()
        return {"type": "base64", "media_type": image.media_type, "data": data}
    head, comma, data = image.url.partition(";base64,")
    if head.startswith("data:") and comma:
        return {"type": "base64", "media_type": head[len("data:") :], "data": data}
    return {"type": "url", "url": image.url}


def _is_own_thinking(raw: Any) -> bool:
    """Only signed thinking may be sent back; another provider's reasoning has another shape."""
    if not isinstance(raw, dict):
        return False
    signed = raw.get("type") == "thinking" and bool(raw.get("signature"))
    return signed or raw.get("type") == "redacted_thinking"


def _shortened(turn: _Block) -> _Block:
    """One block of text as a string."""
    match turn["content"]:
        case [{"type": "text", "text": text, **rest}] if not rest:
            return {"role": turn["role"], "content": text}
    return turn
