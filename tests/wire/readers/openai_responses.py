"""Reads recorded Responses requests as `Request`s.

What `Request` has no word for goes into `extra` or an `Opaque` item: so it too must come back.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
from wire_corpus import Unreadable

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

_TOOL_FIELDS = {"type", "name", "description", "parameters", "strict"}
_POINTERS = {"id", "status"}
"""What points to the provider's store; we send items back for what they hold."""


def provider(case) -> Provider:
    """The account whose base URL the recording shows."""
    url = case.request["url"]
    options = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    return Provider(
        name="somebody",
        dialect="openai-responses",
        base_url=url.partition("/responses")[0],
        options={name.replace("-", "_"): value for name, value in options.items()},
    )


def read_request(url: str, body: Any) -> tuple[Request, str, bool]:
    """What the request asked, of which model, and whether as a stream."""
    if "input" not in body:
        raise Unreadable("the prompt is kept by the provider")
    rest = dict(body)
    stream = bool(rest.pop("stream", False))
    model = rest.pop("model")
    given = rest.pop("input")
    system, messages = _turns(
        [{"role": "user", "content": given}] if isinstance(given, str) else given
    )
    if rest.get("instructions"):
        system = [rest.pop("instructions"), *system]
    fields = {
        "tools": _tools(rest),
        "tool_choice": _tool_choice(rest),
        "max_tokens": rest.pop("max_output_tokens", None),
        "temperature": rest.pop("temperature", None),
        "top_p": rest.pop("top_p", None),
        **_reasoning(rest),
        **_schema(rest),
    }
    extra = {name: value for name, value in rest.items() if value not in ({}, [], None)}
    whole = "\n\n".join(system) or None
    return Request(messages=messages, system=whole, **fields, extra=extra), model, stream


# --- items -------------------------------------------------------------------------------------


def _turns(items: list[dict[str, Any]]) -> tuple[list[str], tuple[Message, ...]]:
    """The system texts at the start, and the turns; items of one side that adjoin are one turn."""
    system: list[str] = []
    turns: list[tuple[str, list[Content]]] = []
    for item in items:
        role, parts = _item(item)
        if role == "system" and not turns:
            system += [part.text for part in parts]
        elif turns and turns[-1][0] == role != "user":
            turns[-1][1].extend(parts)
        else:
            turns.append((role, parts))
    return system, tuple(Message(role=role, content=tuple(parts)) for role, parts in turns)


def _item(item: dict[str, Any]) -> tuple[str, list[Content]]:
    """Whose turn the item belongs to, and what it says."""
    match item:
        case {"type": "function_call_output", "call_id": call, "output": str(text)}:
            return "tool", [ToolResult(id=call, content=text)]
        case {"type": "function_call", "call_id": call, "name": name, "arguments": given}:
            parsed = msgspec.json.decode(given)
            return "assistant", [
                ToolCall(id=call, name=name, arguments=parsed, raw_arguments=given)
            ]
        case {"type": "reasoning"}:
            raw = {name: item[name] for name in item if name not in _POINTERS}
            return "assistant", [Reasoning(raw=raw)]
        case {"phase": _}:
            return "assistant", [Opaque(dialect="openai-responses", raw=item)]
        case {"role": role, "content": content}:
            return {"developer": "system"}.get(role, role), _parts(content)
    return "assistant", [Opaque(dialect="openai-responses", raw=item)]


def _parts(content: Any) -> list[Content]:
    if isinstance(content, str):
        return [Text(text=content)]
    return [_part(part) for part in content]


def _part(part: dict[str, Any]) -> Content:
    match part:
        case {"type": "input_text" | "output_text", "text": text}:
            return Text(text=text)
        case {"type": "input_image", "image_url": str(url), **rest} if rest in (
            {},
            {"detail": "auto"},
        ):
            return _image(url)
    return Opaque(dialect="openai-responses", raw=part)


def _image(url: str) -> Image:
    head, _, data = url.partition(";base64,")
    if not data:
        return Image(url=url)
    try:
        return Image(data=base64.b64decode(data, validate=True), media_type=head[len("data:") :])
    except binascii.Error:  # the recording holds a marker where the picture was
        return Image(url=url)


# --- settings ----------------------------------------------------------------------------------


def _tools(rest: dict[str, Any]) -> tuple[Tool, ...]:
    """The plain functions; the provider's own tools stay in `rest`."""
    given = rest.pop("tools", None) or []
    plain = [tool for tool in given if {"name", "parameters"} <= set(tool) <= _TOOL_FIELDS]
    rest["tools"] = [tool for tool in given if tool not in plain]
    return tuple(
        Tool(name=t["name"], description=t.get("description") or "", parameters=t["parameters"])
        for t in plain
    )


def _tool_choice(rest: dict[str, Any]) -> str | None:
    match rest.get("tool_choice"):
        case str(choice) | {"type": "function", "name": choice}:
            del rest["tool_choice"]
            return choice
    return None


def _reasoning(rest: dict[str, Any]) -> dict[str, Any]:
    wanted = dict(rest.pop("reasoning", None) or {})
    effort = wanted.pop("effort", None)
    rest["reasoning"] = wanted
    return {"reasoning": effort}


def _schema(rest: dict[str, Any]) -> dict[str, Any]:
    text = dict(rest.get("text") or {})
    form = text.get("format") or {}
    if form.get("type") != "json_schema":
        return {}
    del text["format"]
    rest["text"] = text
    return {"schema": form["schema"], "schema_name": form["name"]}
