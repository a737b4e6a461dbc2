"""Writes Converse and ConverseStream requests.

Sources: the service model `bedrock-runtime` of botocore 1.44, recorded requests, and for schemas
docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html. Converse has no seed and no way
to forbid tools it is told of; neither is sent.
"""

from __future__ import annotations

import base64
import re
from itertools import count
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from nbapimgr.errors import OptionError
from nbapimgr.models import Image, Opaque, Reasoning, Text, ToolCall, ToolResult
from nbapimgr.wire._dialect import HttpCall
from nbapimgr.wire._extra import merged
from nbapimgr.wire._json import dumps
from nbapimgr.wire.anthropic._schema import accepted
from nbapimgr.wire.bedrock._effort import effort_fields
from nbapimgr.wire.bedrock._eventstream import CONTENT_TYPE
from nbapimgr.wire.bedrock._place import base_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nbapimgr.models import Content, Message, Provider, Request, Tool

__all__ = ["build"]

_FORMATS: Final = {
    "image/png": "png",
    "image/jpeg": "jpeg",
    "image/jpg": "jpeg",
    "image/gif": "gif",
    "image/webp": "webp",
}
_NOT_IN_ID: Final = re.compile(r"[^a-zA-Z0-9_.:-]")
_LONGEST_ID: Final = 64


def build(request: Request, provider: Provider, model: str, *, stream: bool) -> HttpCall:
    """The call that puts `request` to `model`.

    Raises:
        OptionError: A picture is given by URL, or is of a kind Converse does not take.
        SettingsError: The provider's region is not known.
    """
    body = {"messages": _messages(request), **_settings(request), **_tool_config(request)}
    if request.schema is not None:
        # AWS takes the same part of JSON Schema as Anthropic, for every family, and as text.
        schema = dumps(accepted(request.schema)).decode()
        shape = {"name": request.schema_name, "schema": schema}
        text = {"type": "json_schema", "structure": {"jsonSchema": shape}}
        body["outputConfig"] = {"textFormat": text}
    if request.reasoning is not None:
        body = merged(body, effort_fields(model, request.reasoning, request.max_tokens))
    # a colon stays: the client sends one for %3A, and what is signed must be what is sent
    path = f"/model/{quote(model, safe=':')}/converse{'-stream' if stream else ''}"
    return HttpCall(
        method="POST",
        url=base_url(provider) + path,
        headers={
            "content-type": "application/json",
            "accept": CONTENT_TYPE if stream else "application/json",
            **provider.headers,
        },
        body=dumps(merged(body, request.extra)),
    )


def _settings(request: Request) -> dict[str, Any]:
    system = [request.system] if request.system is not None else []
    system += [message.text for message in request.messages if message.role == "system"]
    inference = {
        "maxTokens": request.max_tokens,
        "temperature": request.temperature,
        "topP": request.top_p,
        "stopSequences": request.stop or None,
    }
    inference = {name: value for name, value in inference.items() if value is not None}
    settings: dict[str, Any] = {}
    if texts := [{"text": text} for text in system if text]:
        settings["system"] = texts
    if inference:
        settings["inferenceConfig"] = inference
    return settings


# --- tools -------------------------------------------------------------------------------------


def _tool_config(request: Request) -> dict[str, Any]:
    choice = request.tool_choice
    if not request.tools or (choice == "none" and not _tools_used(request)):
        return {}
    config: dict[str, Any] = {"tools": [_tool(tool) for tool in request.tools]}
    if choice == "auto":
        config["toolChoice"] = {"auto": {}}
    elif choice == "required":
        config["toolChoice"] = {"any": {}}
    elif choice not in {None, "none"}:
        config["toolChoice"] = {"tool": {"name": choice}}
    return {"toolConfig": config}


def _tools_used(request: Request) -> bool:
    """Whether a tool was called before: Converse then insists on being told of the tools."""
    parts = (part for message in request.messages for part in message.content)
    return any(isinstance(part, ToolCall | ToolResult) for part in parts)


def _tool(tool: Tool) -> dict[str, Any]:
    spec: dict[str, Any] = {"name": tool.name}
    if tool.description:
        spec["description"] = tool.description
    spec["inputSchema"] = {"json": tool.parameters or {"type": "object", "properties": {}}}
    return {"toolSpec": spec}


# --- messages ----------------------------------------------------------------------------------


def _messages(request: Request) -> list[dict[str, Any]]:
    """The turns; neighbours of one role become one, since most models insist on taking turns."""
    calls, results = count(1), count(1)
    turns: list[dict[str, Any]] = []
    for message in request.messages:
        if message.role == "system":
            continue
        blocks = list(_blocks(message, calls, results))
        role = "assistant" if message.role == "assistant" else "user"
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        elif blocks:
            turns.append({"role": role, "content": blocks})
    return turns


def _blocks(message: Message, calls: count[int], results: count[int]) -> Iterator[dict[str, Any]]:
    for part in message.content:
        if isinstance(part, ToolCall):
            yield _call(part, _id(part.id, calls))
        elif isinstance(part, ToolResult):
            yield _result(part, _id(part.id, results))
        elif (block := _block(part)) is not None:
            yield block


def _block(part: Content) -> dict[str, Any] | None:
    if isinstance(part, Text):
        # Blank text is a ValidationException, yet models begin tool calls with an empty block.
        return {"text": part.text} if part.text.strip() else None
    if isinstance(part, Image):
        return _image(part)
    raw = part.raw if isinstance(part, Reasoning | Opaque) else None
    if isinstance(part, Opaque):
        return raw if part.dialect == "bedrock" else None
    return raw if _signed(raw) else None


def _signed(raw: Any) -> bool:
    """Whether a reasoning block is ours and may go back: it is then signed or encrypted."""
    block = raw.get("reasoningContent") if isinstance(raw, dict) else None
    if not isinstance(block, dict):
        return False
    text = block.get("reasoningText")
    return "redactedContent" in block or (isinstance(text, dict) and bool(text.get("signature")))


def _id(given: str, numbers: count[int]) -> str:
    """An id in Converse's alphabet. Providers that send none pair calls and results by order."""
    return _NOT_IN_ID.sub("_", given)[-_LONGEST_ID:] or f"call_{next(numbers)}"


def _call(call: ToolCall, name: str) -> dict[str, Any]:
    # What was no JSON object cannot be sent as one; the model sees what it wrote.
    arguments = call.arguments
    if arguments is None:
        arguments = {"invalid_json": call.raw_arguments or ""}
    return {"toolUse": {"toolUseId": name, "name": call.name, "input": arguments}}


def _result(result: ToolResult, name: str) -> dict[str, Any]:
    block: dict[str, Any] = {"toolUseId": name, "content": [{"text": result.content}]}
    if result.is_error:
        block["status"] = "error"
    return {"toolResult": block}


def _image(image: Image) -> dict[str, Any]:
    kind = _FORMATS.get(image.media_type.lower())
    if kind is None:
        raise OptionError(
            f"Bedrock takes no pictures of type {image.media_type!r}",
            hint=f"it takes {', '.join(sorted(set(_FORMATS.values())))}",
        )
    if image.data:
        source: dict[str, Any] = {"bytes": base64.b64encode(image.data).decode("ascii")}
    elif image.url.startswith("s3://"):
        source = {"s3Location": {"uri": image.url}}
    else:
        raise OptionError(
            f"Bedrock takes pictures as bytes or from s3://, not by URL: {image.url[:80]!r}",
            hint="give the picture as a file or as bytes",
        )
    return {"image": {"format": kind, "source": source}}
