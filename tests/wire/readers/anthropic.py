"""Reads recorded Messages requests as `Request`s.

What `Request` has no word for goes into `extra` or an `Opaque` block: so it too must come back.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from nbapimgr.models import (
    Content,
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

MAY_ADD: frozenset[str] = frozenset()

_VERTEX = re.compile(r"(?P<base>.*)/publishers/anthropic/models/(?P<model>[^:/]+):(?P<verb>\w+)")
_CHOICES = {"auto": "auto", "none": "none", "any": "required"}
_TOOL_FIELDS = {"name", "description", "input_schema"}
_RESULT_FIELDS = {"type", "tool_use_id", "content", "is_error"}


def provider(case) -> Provider:
    """The account whose base URL the recording shows."""
    url = case.request["url"]
    place = _VERTEX.match(url)
    base = place["base"] if place else url.partition("/messages")[0]
    query = dict(parse_qsl(urlsplit(url).query))
    options = {"query": query} if query else {}
    return Provider(name="claude", dialect="anthropic", base_url=base, options=options)


def read_request(url: str, body: Any) -> tuple[Request, str, bool]:
    """What the request asked, of which model, and whether as a stream."""
    rest = dict(body)
    stream = bool(rest.pop("stream", False))
    if place := _VERTEX.match(url):
        assert rest.pop("anthropic_version") == "vertex-2023-10-16"
        assert (place["verb"] == "streamRawPredict") == stream
        model = place["model"]
    else:
        model = rest.pop("model")
    messages, late = _turns(rest.pop("messages"))
    fields = {
        "system": _system(rest, late),
        "tools": _tools(rest),
        "tool_choice": _tool_choice(rest),
        "schema": _schema(rest),
        "stop": tuple(rest.pop("stop_sequences", ())),
        **{name: rest.pop(name, None) for name in ("max_tokens", "temperature", "top_p")},
    }
    extra = {name: value for name, value in rest.items() if value not in ({}, [], None)}
    return Request(messages=messages, **fields, extra=extra), model, stream


def _system(rest: dict[str, Any], late: list[str]) -> str | None:
    """The system text; one with a mark for the cache stays in `rest` as it is."""
    given = rest.get("system") or []
    if isinstance(given, list) and any(set(block) != {"type", "text"} for block in given):
        return "\n\n".join(late) or None
    rest.pop("system", None)
    texts = [given] if isinstance(given, str) else [block["text"] for block in given]
    return "\n\n".join([*texts, *late]) or None


def _turns(raw: list[dict[str, Any]]) -> tuple[tuple[Message, ...], list[str]]:
    """The turns, results in turns of their own; and the texts of system messages among them."""
    messages: list[Message] = []
    late: list[str] = []
    for turn in raw:
        content = turn["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        if turn["role"] == "system":
            late.append("".join(block["text"] for block in blocks))
            continue
        results = [_result(block) for block in blocks if block["type"] == "tool_result"]
        if results and messages and messages[-1].role == "tool":
            results = [*messages.pop().content, *results]
        if results:
            messages.append(Message(role="tool", content=tuple(results)))
        parts = tuple(_part(block) for block in blocks if block["type"] != "tool_result")
        if parts:
            messages.append(Message(role=turn["role"], content=parts))
    return tuple(messages), late


def _part(block: dict[str, Any]) -> Content:
    """The block as content; with anything unusual on it, as it is."""
    match block:
        case {"type": "text", "text": text, **rest} if not rest:
            return Text(text=text)
        case {"type": "image", "source": source, **rest} if not rest:
            return _image(source)
        case {"type": "tool_use", "id": name, "name": tool, "input": given, **rest} if not rest:
            return ToolCall(id=name, name=tool, arguments=given)
        case {"type": "thinking" | "redacted_thinking"}:
            return Reasoning(
                text=block.get("thinking", ""), signature=block.get("signature", ""), raw=block
            )
    return Opaque(dialect="anthropic", raw=block)


def _result(block: dict[str, Any]) -> Content:
    """The result of a tool, where it is text and nothing else."""
    content = block.get("content")
    if isinstance(content, list) and [set(part) for part in content] == [{"type", "text"}]:
        content = content[0]["text"]
    if isinstance(content, str) and set(block) <= _RESULT_FIELDS:
        failed = block.get("is_error", False)
        return ToolResult(id=block["tool_use_id"], content=content, is_error=failed)
    return Opaque(dialect="anthropic", raw=block)


def _image(source: dict[str, str]) -> Image:
    if source["type"] == "url":
        return Image(url=source["url"])
    try:
        data = base64.b64decode(source["data"], validate=True)
    except binascii.Error:  # the recording holds a marker where the picture was
        return Image(url=f"data:{source['media_type']};base64,{source['data']}")
    return Image(data=data, media_type=source["media_type"])


def _tools(rest: dict[str, Any]) -> tuple[Tool, ...]:
    """The plain functions; tools with more to them stay in `rest`."""
    given = rest.pop("tools", [])
    plain = [tool for tool in given if {"input_schema"} <= set(tool) <= _TOOL_FIELDS]
    rest["tools"] = [tool for tool in given if tool not in plain]
    return tuple(
        Tool(name=t["name"], description=t.get("description", ""), parameters=t["input_schema"])
        for t in plain
    )


def _tool_choice(rest: dict[str, Any]) -> str | None:
    choice = rest.get("tool_choice")
    if choice is None or set(choice) - {"type", "name"}:
        return None
    del rest["tool_choice"]
    return choice["name"] if choice["type"] == "tool" else _CHOICES[choice["type"]]


def _schema(rest: dict[str, Any]) -> dict[str, Any] | None:
    config = dict(rest.get("output_config", {}))
    form = config.pop("format", None)
    rest["output_config"] = config
    return form and form["schema"]
