"""Turns of a conversation as chat completions messages."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any, Final

from nbapimgr.models import Image, Opaque, Reasoning, Text, ToolCall, ToolResult
from nbapimgr.wire import _json

if TYPE_CHECKING:
    from nbapimgr.models import Content, Message, Request
    from nbapimgr.wire.openai_chat._vendors import Vendor

__all__ = ["messages"]

_TEXTS: Final = frozenset({"reasoning", "reasoning_content"})
_SHORT_ID: Final = 9
_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def messages(request: Request, ways: Vendor) -> list[dict[str, Any]]:
    """All messages of `request`, the system prompt first."""
    out: list[dict[str, Any]] = []
    if request.system is not None:
        out.append({"role": "system", "content": request.system})
    for message in request.messages:
        if message.role == "assistant":
            out.append(_assistant(message, ways))
        elif message.role == "tool":
            out.extend(_results(message, ways))
        else:
            out.append({"role": message.role, "content": _parts(message.content)})
    if ways.prefix and out and out[-1]["role"] == "assistant":
        out[-1]["prefix"] = True
    return out


def _parts(content: tuple[Content, ...]) -> str | list[dict[str, Any]]:
    """Content as one text where it is one, which every server understands, else as a list."""
    said = [(part, told) for part in content if (told := _part(part)) is not None]
    if len(said) == 1 and isinstance(said[0][0], Text):
        return said[0][0].text
    return [told for _, told in said] or ""


def _part(part: Content) -> dict[str, Any] | None:
    """One part; None for what is of another dialect and cannot be said here."""
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    if isinstance(part, Image):
        return {"type": "image_url", "image_url": {"url": part.url or _data_url(part)}}
    if isinstance(part, Opaque) and part.dialect == "openai-chat":
        return dict(part.raw)
    return None


def _data_url(image: Image) -> str:
    return f"data:{image.media_type};base64,{base64.b64encode(image.data).decode('ascii')}"


def _assistant(message: Message, ways: Vendor) -> dict[str, Any]:
    out: dict[str, Any] = {"role": "assistant", "content": None}
    said = tuple(p for p in message.content if isinstance(p, Text | Opaque))
    calls = [p for p in message.content if isinstance(p, ToolCall)]
    if said or not calls:
        out["content"] = _parts(said)
    for part in message.content:
        if isinstance(part, Reasoning) and isinstance(part.raw, dict):
            _think(out, part.raw, ways)
    if calls:
        out["tool_calls"] = [_call(call, ways) for call in calls]
    return out


def _think(out: dict[str, Any], raw: dict[str, Any], ways: Vendor) -> None:
    """Send reasoning back in the fields it came in, where the vendor takes those back.

    Where it takes only other ones, the text goes there: DeepSeek answers 400 to a tool call whose
    reasoning is missing, also when another vendor's DeepSeek made that call.
    """
    fields = ways.replay & raw.keys()
    text = raw.get("reasoning_content") or raw.get("reasoning")
    if not fields and text:
        raw = dict.fromkeys(_TEXTS, text)
        fields = ways.replay & _TEXTS
    out.update({field: raw[field] for field in fields - {"thinking"}})
    if "thinking" in fields:
        content = out["content"]
        said = [{"type": "text", "text": content}] if isinstance(content, str) else content
        out["content"] = [{"type": "thinking", "thinking": raw["thinking"]}, *(said or ())]


def _call(call: ToolCall, ways: Vendor) -> dict[str, Any]:
    arguments = call.raw_arguments or _json.dumps(call.arguments or {}).decode()
    function = {"name": call.name, "arguments": arguments}
    return call.extra | {"id": _id(call.id, ways), "type": "function", "function": function}


def _results(message: Message, ways: Vendor) -> list[dict[str, Any]]:
    out = []
    for part in message.content:
        if isinstance(part, ToolResult):
            named = {"name": part.name} if part.name and ways.result_name else {}
            told = {"role": "tool", "tool_call_id": _id(part.id, ways), "content": part.content}
            out.append(told | named)
    return out


def _id(given: str, ways: Vendor) -> str:
    """The id of a call as the vendor accepts it: the same one for the call and its result."""
    if not ways.short_call_ids or (len(given) == _SHORT_ID and given.isalnum() and given.isascii()):
        return given
    digest = hashlib.sha256(given.encode()).digest()
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest[:_SHORT_ID])
