"""Reads recorded requests to Cohere's chat, version 2, as `Request`s.

What `Request` has no word for goes into `extra`, so that it too must come back.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from nbapimgr.models import (
    Image,
    Message,
    Opaque,
    Provider,
    Reasoning,
    Request,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)
from nbapimgr.wire import _json

MAY_ADD: frozenset[str] = frozenset()


def provider(case) -> Provider:
    """The account whose base URL the recording shows."""
    base = case.request["url"].removesuffix("/v2/chat")
    return Provider(name="cohere", dialect="cohere", base_url=base)


def read_request(url: str, body: Any) -> tuple[Request, str, bool]:
    """What the request asked, of which model, and whether as a stream."""
    rest = dict(body)
    model = rest.pop("model")
    stream = rest.pop("stream", False)
    messages = rest.pop("messages")
    system = None
    if messages[0]["role"] == "system":
        system = _text(messages[0]["content"])
        messages = messages[1:]
    request = Request(
        messages=tuple(_message(raw) for raw in messages),
        system=system,
        tools=_tools(rest),
        tool_choice={"none": "none", "required": "required"}.get(
            rest.pop("tool_choice", "").lower()
        ),
        schema=_schema(rest),
        temperature=rest.pop("temperature", None),
        top_p=rest.pop("p", None),
        max_tokens=rest.pop("max_tokens", None),
        seed=rest.pop("seed", None),
        stop=tuple(rest.pop("stop_sequences", ())),
        reasoning=_reasoning(rest),
        extra={name: value for name, value in rest.items() if value is not None},
    )
    return request, model, stream


def _text(content: Any) -> str:
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


def _message(raw: dict[str, Any]) -> Message:
    role, content = raw["role"], raw.get("content") or []
    if role == "tool":
        result = ToolResult(id=raw["tool_call_id"], content=_text(content))
        return Message(role="tool", content=(result,))
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    parts = [part for block in blocks if (part := _part(block))]
    beside = {name: raw[name] for name in ("tool_plan", "citations") if name in raw}
    if beside:
        parts.append(Opaque(dialect="cohere", raw=beside))
    parts += [_call(call) for call in raw.get("tool_calls") or []]
    return Message(role=role, content=tuple(parts))


def _part(block: dict[str, Any]) -> Any:
    if block["type"] == "text":
        return Text(text=block["text"]) if block["text"] else None
    if block["type"] == "thinking":
        return Reasoning(text=block["thinking"], raw=block)
    if block["type"] == "image_url" and set(block["image_url"]) == {"url"}:
        return _image(block["image_url"]["url"])
    return Opaque(dialect="cohere", raw=block)


def _image(url: str) -> Image:
    head, _, data = url.partition(",")
    try:
        content = base64.b64decode(data, validate=True) if head.endswith(";base64") else b""
    except binascii.Error:  # the recording holds a marker where the picture was
        content = b""
    if not content:
        return Image(url=url)
    return Image(data=content, media_type=head[5:].removesuffix(";base64"))


def _call(raw: dict[str, Any]) -> ToolCall:
    function = raw["function"]
    return ToolCall(
        id=raw["id"],
        name=function["name"],
        arguments=_json.loads_object(function["arguments"]),
        raw_arguments=function["arguments"],
    )


def _tools(rest: dict[str, Any]) -> tuple[Tool, ...]:
    functions = [raw["function"] for raw in rest.pop("tools", None) or []]
    return tuple(
        Tool(
            name=raw["name"],
            description=raw.get("description", ""),
            parameters=raw.get("parameters", {}),
        )
        for raw in functions
    )


def _schema(rest: dict[str, Any]) -> dict[str, Any] | None:
    """`json_schema` as the type of a format is another spelling of `json_object` with a schema."""
    form = rest.get("response_format") or {}
    if "json_schema" in form:
        del rest["response_format"]
    return form.get("json_schema")


def _reasoning(rest: dict[str, Any]) -> str | None:
    efforts = {512: "minimal", 1024: "low", 8192: "medium", None: "high"}
    thinking = rest.pop("thinking", None)
    if thinking is None:
        return None
    if thinking["type"] == "disabled":
        return "none"
    return efforts[thinking.get("token_budget")]
