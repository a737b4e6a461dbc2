"""Reads recorded `/api/chat` requests as `Request`s; what has no word there goes into `extra`."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from wire_corpus import Unreadable

from nbapimgr.models import (
    Image,
    Message,
    Provider,
    Reasoning,
    Request,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)

MAY_ADD = frozenset({"stream"})

_PATH = "/api/chat"


def provider(case) -> Provider:
    """The server the recording shows."""
    base = case.request["url"].removesuffix(_PATH)
    return Provider(name="ollama", dialect="ollama", base_url=base)


def read_request(url: str, body: Any) -> tuple[Request, str, bool]:
    """What the request asked, of which model, and whether as a stream."""
    assert url.endswith(_PATH)
    rest = {name: value for name, value in body.items() if value not in (None, "", {}, [])}
    model, stream = rest.pop("model"), rest.pop("stream", True)
    messages = [_message(message) for message in rest.pop("messages")]
    system = None
    if messages[0].role == "system":
        system = messages.pop(0).text
    options = dict(rest.pop("options", {}))
    fields = {
        "temperature": options.pop("temperature", None),
        "top_p": options.pop("top_p", None),
        "seed": options.pop("seed", None),
        "max_tokens": options.pop("num_predict", None),
        "stop": tuple(options.pop("stop", ())),
        "tools": tuple(_tool(tool) for tool in rest.pop("tools", [])),
        "reasoning": _effort(rest),
    }
    if isinstance(rest.get("format"), dict):
        fields["schema"] = rest.pop("format")
    if options:
        rest["options"] = options
    return Request(messages=tuple(messages), system=system, **fields, extra=rest), model, stream


def _effort(rest: dict[str, Any]) -> str | None:
    """True asks for thought of no particular length: that stays as it is."""
    if rest.get("think") is True:
        return None
    think = rest.pop("think", None)
    return "none" if think is False else think


def _message(raw: dict[str, Any]) -> Message:
    unknown = set(raw) - {
        "role",
        "content",
        "images",
        "thinking",
        "tool_calls",
        "tool_call_id",
        "tool_name",
    }
    if unknown:
        raise Unreadable(f"fields of a message: {sorted(unknown)}")
    if raw["role"] == "tool":
        name, call = raw.get("tool_name", ""), raw.get("tool_call_id", "")
        return Message(
            role="tool", content=(ToolResult(id=call, name=name, content=raw["content"]),)
        )
    parts: list[Any] = []
    if thinking := raw.get("thinking"):
        parts.append(Reasoning(text=thinking, raw={"thinking": thinking}))
    if raw.get("content"):
        parts.append(Text(text=raw["content"]))
    parts += [_image(image) for image in raw.get("images", [])]
    parts += [_call(call) for call in raw.get("tool_calls", [])]
    return Message(role=raw["role"], content=tuple(parts))


def _call(raw: dict[str, Any]) -> ToolCall:
    function = raw["function"]
    return ToolCall(id=raw.get("id", ""), name=function["name"], arguments=function["arguments"])


def _image(data: str) -> Image:
    try:
        return Image(data=base64.b64decode(data, validate=True))
    except binascii.Error:  # the recording holds a marker where the picture was
        return Image(data=data.encode())


def _tool(raw: dict[str, Any]) -> Tool:
    function = raw["function"]
    return Tool(
        name=function["name"],
        description=function.get("description", ""),
        parameters=function["parameters"],
    )
