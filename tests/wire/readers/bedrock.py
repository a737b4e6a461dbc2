"""Reads recorded Converse requests as `Request`s; what has no word there goes into `extra`."""

from __future__ import annotations

import base64
import binascii
import re
from itertools import groupby
from typing import Any
from urllib.parse import unquote

import msgspec
from wire_corpus import Unreadable

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

MAY_ADD: frozenset[str] = frozenset()

_URL = re.compile(r"(?P<base>.*)/model/(?P<model>[^/]+)/converse(?P<stream>-stream)?$")


def provider(case) -> Provider:
    """The account whose region the recording shows."""
    base = _URL.match(case.request["url"])["base"]
    return Provider(name="bedrock", dialect="bedrock", base_url=base)


def read_request(url: str, body: Any) -> tuple[Request, str, bool]:
    """What the request asked, of which model, and whether as a stream."""
    place = _URL.match(url)
    rest = msgspec.json.decode(msgspec.json.encode(body))
    system, others = _system(rest.pop("system", []))
    inference = rest.pop("inferenceConfig", {})
    fields = {
        "max_tokens": inference.pop("maxTokens", None),
        "temperature": inference.pop("temperature", None),
        "top_p": inference.pop("topP", None),
        "stop": tuple(inference.pop("stopSequences", ())),
        **_tools(rest.pop("toolConfig", {})),
        **_schema(rest),
    }
    if inference:
        raise Unreadable(f"settings without a word: {sorted(inference)}")
    extra = {name: value for name, value in rest.items() if value != {} and name != "messages"}
    extra.update(fields.pop("extra"))
    if others:
        extra["system"] = others
    messages = [*system[1:], *_messages(rest["messages"])]
    first = system[0].text if system else None
    request = Request(messages=tuple(messages), system=first, **fields, extra=extra)
    return request, unquote(place["model"]), bool(place["stream"])


def _system(blocks: list[Any]) -> tuple[list[Message], list[Any]]:
    texts = [block["text"] for block in blocks if set(block) == {"text"}]
    others = [block for block in blocks if set(block) != {"text"}]
    return [Message(role="system", content=(Text(text=text),)) for text in texts], others


def _messages(raw: list[Any]) -> list[Message]:
    """Neighbours of one role are one turn."""
    turns = []
    for role, neighbours in groupby(raw, key=lambda message: message["role"]):
        parts = [part for message in neighbours for part in map(_part, message["content"]) if part]
        results = any(isinstance(part, ToolResult) for part in parts)
        turns.append(Message(role="tool" if results else role, content=tuple(parts)))
    return turns


def _part(block: dict[str, Any]) -> Any:
    (kind,) = block
    raw = block[kind]
    if kind == "text":
        return Text(text=raw) if raw.strip() else None
    if kind == "image" and set(raw["source"]) == {"bytes"}:
        return Image(data=_bytes(raw["source"]["bytes"]), media_type=f"image/{raw['format']}")
    if kind == "toolUse":
        return ToolCall(id=raw["toolUseId"], name=raw["name"], arguments=raw["input"])
    if kind == "toolResult" and [list(part) for part in raw["content"]] == [["text"]]:
        return ToolResult(
            id=raw["toolUseId"],
            content=raw["content"][0]["text"],
            is_error=raw.get("status") == "error",
        )
    if kind == "reasoningContent":
        text = raw["reasoningText"]
        return Reasoning(text=text["text"], signature=text.get("signature", ""), raw=block)
    return Opaque(dialect="bedrock", raw=block)


def _bytes(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error:  # the recording holds a marker where the picture was
        return data.encode()


def _tools(config: dict[str, Any]) -> dict[str, Any]:
    tools, others = [], []
    for entry in config.pop("tools", []):
        spec = entry.get("toolSpec")
        if spec is None or set(spec) - {"name", "description", "inputSchema"}:
            others.append(entry)
        else:
            described = spec.get("description", "")
            schema = spec["inputSchema"]["json"]
            tools.append(Tool(name=spec["name"], description=described, parameters=schema))
    choice = config.pop("toolChoice", None)
    named = {"auto": "auto", "any": "required"}
    fields = {"tools": tuple(tools), "extra": {}}
    if choice and tools:
        (word,) = choice
        fields["tool_choice"] = named.get(word) or choice["tool"]["name"]
    elif choice:
        config["toolChoice"] = choice
    if others:
        config["tools"] = others
    if config:
        fields["extra"] = {"toolConfig": config}
    return fields


def _schema(rest: dict[str, Any]) -> dict[str, Any]:
    form = rest.get("outputConfig", {}).get("textFormat")
    if form is None:
        return {}
    said = form["structure"]["jsonSchema"]
    schema = msgspec.json.decode(said.pop("schema"))
    name = said.pop("name", "answer")
    rest["outputConfig"] = {"textFormat": {"structure": {"jsonSchema": said}}} if said else {}
    return {"schema": schema, "schema_name": name}
