"""Items of an output -> content, and content -> items of an input."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

from nbapimgr.models import Image, Opaque, Reasoning, Text, ToolCall, ToolResult
from nbapimgr.wire import _json
from nbapimgr.wire._json import as_dict, as_list, as_str, loads_object

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nbapimgr.models import Content, Message

__all__ = ["NAME", "input_items", "output_content", "refusal_in"]

NAME: Final = "openai-responses"
_Item = dict[str, Any]
_STORED: Final = frozenset({"id", "status"})
"""What points to the provider's own store. An item sent back with its id must stand beside the very
items it came with, or is answered with 400; without its id it stands for itself."""


# --- output ------------------------------------------------------------------------------------


def output_content(items: Iterable[Any]) -> tuple[Content, ...]:
    """The content of an output, in its order."""
    return tuple(part for item in items for part in _content(as_dict(item)))


def refusal_in(items: Iterable[Any]) -> str | None:
    """The words with which the model refused, if it did."""
    parts = [part for item in items for part in _parts(as_dict(item), "content")]
    words = [as_str(part.get("refusal")) for part in parts if part.get("type") == "refusal"]
    return "".join(words) or None


def _content(item: _Item) -> list[Content]:
    match item.get("type"):
        case "message":
            texts = _texts(item, "content", "output_text")
            return [Text(text=text) for text in texts if text]
        case "reasoning":
            texts = _texts(item, "summary", "summary_text")
            texts += _texts(item, "content", "reasoning_text")
            return [Reasoning(text="".join(texts), raw=item)]
        case "function_call":
            given = as_str(item.get("arguments"))
            return [
                ToolCall(
                    id=as_str(item.get("call_id")),
                    name=as_str(item.get("name")),
                    arguments=loads_object(given) if given.strip() else {},
                    raw_arguments=given,
                )
            ]
        case None:
            return []
    return [Opaque(dialect=NAME, raw=item)]


def _texts(item: _Item, field: str, kind: str) -> list[str]:
    return [as_str(part.get("text")) for part in _parts(item, field) if part.get("type") == kind]


def _parts(item: _Item, field: str) -> list[_Item]:
    return [as_dict(part) for part in as_list(item.get(field))]


# --- input -------------------------------------------------------------------------------------


def input_items(system: str | None, messages: Iterable[Message]) -> list[_Item]:
    """The items of an input. The system text is the first: not everybody knows `instructions`."""
    items: list[_Item] = [{"role": "system", "content": system}] if system else []
    for message in messages:
        if message.role == "system":
            items.append({"role": "system", "content": message.text})
        elif message.role == "assistant":
            items += _assistant(message.content)
        else:
            items += [_result(part) for part in message.content if isinstance(part, ToolResult)]
            items += _user(message.content)
    return items


def _assistant(content: Sequence[Content]) -> list[_Item]:
    """A turn of the model: its texts, calls, reasoning and own items, in the order they came."""
    items: list[_Item] = []
    for part in content:
        match part:
            case Text(text=text):
                items.append({"role": "assistant", "content": text})
            case ToolCall():
                items.append(_call(part))
            case Reasoning(raw={"type": "reasoning"} as raw) if _is_complete(raw):
                items.append({name: raw[name] for name in raw if name not in _STORED})
            case Opaque(dialect=dialect, raw=raw) if dialect == NAME:
                items.append(raw)
    return items


def _is_complete(reasoning: _Item) -> bool:
    """Whether the item holds the reasoning itself, and does not only name what was stored."""
    return bool(reasoning.get("encrypted_content") or reasoning.get("content"))


def _call(call: ToolCall) -> _Item:
    given = call.raw_arguments
    if given is None:
        given = _json.dumps(call.arguments or {}).decode()
    return {
        "type": "function_call",
        "call_id": call.id,
        "name": call.name,
        "arguments": given or "{}",
    }


def _result(result: ToolResult) -> _Item:
    return {"type": "function_call_output", "call_id": result.id, "output": result.content}


def _user(content: Sequence[Content]) -> list[_Item]:
    """A turn of the user: one message of its texts and pictures, between its own items."""
    parts: list[_Item] = []
    items: list[_Item] = []
    for part in content:
        match part:
            case Text(text=text):
                parts.append({"type": "input_text", "text": text})
            case Image():
                parts.append({"type": "input_image", "image_url": _url(part)})
            case Opaque(dialect=dialect, raw=raw) if dialect == NAME:
                is_part = as_str(as_dict(raw).get("type")).startswith("input_")
                (parts if is_part else items).append(raw)
    if [part["type"] for part in parts] == ["input_text"]:
        items.append({"role": "user", "content": parts[0]["text"]})
    elif parts:
        items.append({"role": "user", "content": parts})
    return items


def _url(image: Image) -> str:
    data = base64.b64encode(image.data).decode()
    return image.url or f"data:{image.media_type};base64,{data}"
