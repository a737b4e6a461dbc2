"""Reads recorded generateContent requests, in every spelling clients have, as `Request`s.

What `Request` has no word for goes into `extra`, so that it too must come back.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

import msgspec

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

_URL = re.compile(r"(?P<base>.*)/models/(?P<model>[^:/]+):(?P<verb>\w+)")
_SCHEMAS = {"parameters", "parametersJsonSchema", "responseSchema", "responseJsonSchema"}
_AS_SENT = {"args", "response", "labels"}
_BUDGETS = {0: "none", 1024: "low", 8192: "medium", 24576: "high"}


def provider(case) -> Provider:
    """The account whose base URL the recording shows."""
    return Provider(
        name="google", dialect="gemini", base_url=_URL.match(case.request["url"])["base"]
    )


def read_request(url: str, body: Any) -> tuple[Request, str, bool]:
    """What the request asked, of which model, and whether as a stream."""
    place = _URL.match(url)
    stream = place["verb"] == "streamGenerateContent"
    rest = _camel(body)
    messages, system = _system(rest.pop("systemInstruction", None))
    for content in rest.pop("contents"):
        _turn(content, messages)
    fields = {
        **_generation(rest, place["model"]),
        "tools": _tools(rest),
        "tool_choice": _tool_choice(rest),
    }
    extra = {name: value for name, value in rest.items() if value not in ({}, [])}
    request = Request(messages=tuple(messages), system=system, **fields, extra=extra)
    return request, place["model"], stream


def _camel(value: Any, name: str = "") -> Any:
    """Names in camel case, as the API documents them; users' own data is left alone."""
    if name in _SCHEMAS:
        return _json_schema(value)
    if name in _AS_SENT:
        return value
    if isinstance(value, list):
        return [_camel(item) for item in value]
    if not isinstance(value, dict):
        return value
    names = {old: re.sub(r"_(\w)", lambda m: m[1].upper(), old) for old in value}
    return {new: _camel(value[old], new) for old, new in names.items()}


def _json_schema(schema: Any) -> Any:
    """OpenAPI's type names in capitals are JSON Schema's in small letters."""
    if isinstance(schema, list):
        return [_json_schema(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: value.lower() if key == "type" and isinstance(value, str) else _json_schema(value)
        for key, value in schema.items()
    }


# --- messages ----------------------------------------------------------------------------------


def _system(content: Any) -> tuple[list[Message], str | None]:
    if not content:
        return [], None
    parts = content["parts"] if isinstance(content, dict) else content
    texts = [part["text"] for part in (parts if isinstance(parts, list) else [parts])]
    rest = [Message(role="system", content=(Text(text=text),)) for text in texts[1:]]
    return rest, texts[0] or None


def _turn(content: dict[str, Any], messages: list[Message]) -> None:
    parts = [part for raw in content["parts"] for part in _part(raw)]
    if content.get("role") == "model":
        role = "assistant"
    else:
        role = "tool" if any(isinstance(part, ToolResult) for part in parts) else "user"
    if role == "tool" and messages and messages[-1].role == "tool":
        parts = [*messages.pop().content, *parts]
    messages.append(Message(role=role, content=tuple(parts)))


def _part(raw: dict[str, Any]) -> list[Any]:
    raw = {name: value for name, value in raw.items() if (name, value) != ("thought", False)}
    signature = raw.get("thoughtSignature")
    own = set(raw) - {"thoughtSignature"}
    if own == {"functionCall"}:
        return [_call(raw["functionCall"], signature)]
    if raw.get("thought"):
        return [Reasoning(text=raw.get("text", ""), signature=signature or "", raw=raw)]
    if own == {"text"} and signature and not raw["text"]:
        return [Reasoning(signature=signature, raw=raw)]
    if own == {"text"}:
        part: Any = Text(text=raw["text"])
    elif own == {"inlineData"}:
        part = _inline(raw["inlineData"])
    elif own == {"fileData"} and set(raw["fileData"]) == {"fileUri", "mimeType"}:
        part = Image(url=raw["fileData"]["fileUri"], media_type=raw["fileData"]["mimeType"])
    elif own == {"functionResponse"} and "parts" not in raw["functionResponse"]:
        part = _result(raw["functionResponse"])
    else:
        return [Opaque(dialect="gemini", raw=raw)]
    if signature:
        return [part, Reasoning(signature=signature, raw={"thoughtSignature": signature})]
    return [part]


def _call(raw: dict[str, Any], signature: str | None) -> ToolCall:
    return ToolCall(
        id=raw.get("id", ""),
        name=raw["name"],
        arguments=raw["args"],
        extra={"thoughtSignature": signature} if signature else {},
    )


def _inline(raw: dict[str, str]) -> Image:
    try:
        data = base64.b64decode(raw["data"], validate=True)
    except binascii.Error:  # the recording holds a marker where the picture was
        return Image(url=f"data:{raw['mimeType']};base64,{raw['data']}")
    return Image(data=data, media_type=raw["mimeType"])


def _result(raw: dict[str, Any]) -> ToolResult:
    response = raw["response"]
    content = msgspec.json.encode(response).decode()
    if set(response) == {"output"} and isinstance(response["output"], str):
        content = response["output"]
    return ToolResult(id=raw.get("id", ""), name=raw["name"], content=content)


# --- settings ----------------------------------------------------------------------------------


def _generation(rest: dict[str, Any], model: str) -> dict[str, Any]:
    config = rest.pop("generationConfig", None) or {}
    fields = {
        "temperature": config.pop("temperature", None),
        "top_p": config.pop("topP", None),
        "max_tokens": config.pop("maxOutputTokens", None),
        "seed": config.pop("seed", None),
        "stop": tuple(config.pop("stopSequences", ())),
    }
    schemas = [config[name] for name in ("responseJsonSchema", "responseSchema") if name in config]
    if schemas and config.get("responseMimeType") == "application/json":
        fields["schema"] = schemas[0]
        for name in ("responseJsonSchema", "responseSchema", "responseMimeType"):
            config.pop(name, None)
    thinking = config.get("thinkingConfig", {})
    if "thinkingLevel" in thinking:
        fields["reasoning"] = thinking.pop("thinkingLevel").lower()
    elif "gemini-2.5" in model and thinking.get("thinkingBudget") in _BUDGETS:
        fields["reasoning"] = _BUDGETS[thinking.pop("thinkingBudget")]
    if not thinking:
        config.pop("thinkingConfig", None)
    if config:
        rest["generationConfig"] = config
    return fields


def _tools(rest: dict[str, Any]) -> tuple[Tool, ...]:
    tools, others = [], []
    for entry in rest.pop("tools", None) or []:
        unsaid = []
        for raw in entry.pop("functionDeclarations", []):
            tool = _tool(raw)
            if tool is None:
                unsaid.append(raw)
            else:
                tools.append(tool)
        if unsaid:
            entry["functionDeclarations"] = unsaid
        if entry:
            others.append(entry)
    rest["tools"] = others
    return tuple(tools)


def _tool(raw: dict[str, Any]) -> Tool | None:
    """A function as `Tool`; None where it also says what it gives back."""
    if set(raw) - {"name", "description", "parameters", "parametersJsonSchema"}:
        return None
    return Tool(
        name=raw["name"],
        description=raw.get("description", ""),
        parameters=raw.get("parametersJsonSchema") or raw.get("parameters") or {},
    )


def _tool_choice(rest: dict[str, Any]) -> str | None:
    config = rest.get("toolConfig") or {}
    calling = config.get("functionCallingConfig", {})
    names = calling.get("allowedFunctionNames", [])
    mode = {"AUTO": "auto", "NONE": "none", "ANY": "required"}.get(calling.get("mode"))
    if mode is None or len(names) > 1 or (names and mode != "required"):
        return None
    del config["functionCallingConfig"]
    return names[0] if names else mode
