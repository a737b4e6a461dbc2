"""Request -> one call of Cohere's chat."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

from nbapimgr.models import Image, Reasoning, Text, ToolCall, ToolResult
from nbapimgr.wire import _json
from nbapimgr.wire._dialect import HttpCall
from nbapimgr.wire._extra import merged

if TYPE_CHECKING:
    from nbapimgr.models import Content, Message, Provider, Request, Tool

__all__ = ["NAME", "authorise", "build", "models_call"]

NAME: Final = "cohere"

_CHOICES: Final = {"none": "NONE", "required": "REQUIRED"}
_BUDGETS: Final = {"minimal": 512, "low": 1024, "medium": 8192}
"""Thinking tokens for each effort. Cohere has no efforts: the numbers are ours, near Google's."""
_BESIDE: Final = frozenset({"tool_plan", "citations"})
"""What an answer has beside its content blocks; an `Opaque` carries it back."""


def build(request: Request, provider: Provider, model: str, *, stream: bool) -> HttpCall:
    """The call that puts `request` to `model`."""
    body: dict[str, Any] = {
        "model": model,
        "messages": _messages(request),
        "stream": stream or None,
        "temperature": request.temperature,
        "p": request.top_p,
        "max_tokens": request.max_tokens,
        "seed": request.seed,
        "stop_sequences": list(request.stop) or None,
    }
    _put_tools(request, body)
    if request.schema is not None:
        body["response_format"] = {"type": "json_object", "json_schema": request.schema}
    if request.reasoning is not None:
        body["thinking"] = _thinking(request.reasoning)
    body = {name: value for name, value in body.items() if value is not None}
    return HttpCall(
        method="POST",
        url=f"{_root(provider)}/v2/chat",
        headers={"content-type": "application/json", **provider.headers},
        body=_json.dumps(merged(body, request.extra)),
    )


def authorise(call: HttpCall, key: str, provider: Provider) -> dict[str, str]:  # noqa: ARG001  # the contract's
    """The key is a bearer token."""
    return {"authorization": f"Bearer {key}"}


def models_call(provider: Provider) -> HttpCall:
    """The list of models, which has stayed in version 1."""
    url = f"{_root(provider)}/v1/models?page_size=1000"
    return HttpCall(method="GET", url=url, headers=dict(provider.headers))


def _root(provider: Provider) -> str:
    return provider.base_url.rstrip("/").removesuffix("/v2").removesuffix("/v1")


def _messages(request: Request) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = []
    if request.system:
        out.append({"role": "system", "content": request.system})
    for message in request.messages:
        if message.role == "system":
            out.append({"role": "system", "content": message.text})
        elif message.role == "assistant":
            out += _assistant(message)
        else:
            out += _user(message)
    return out


def _user(message: Message) -> list[dict[str, Any]]:
    """Each tool result is a message of its own; what else there is follows them."""
    out = [
        {"role": "tool", "tool_call_id": part.id, "content": part.content}
        for part in message.content
        if isinstance(part, ToolResult)
    ]
    content = _content(message.content)
    return [*out, {"role": "user", "content": content}] if content else out


def _assistant(message: Message) -> list[dict[str, Any]]:
    out: dict[str, Any] = {}
    for part in message.content:
        if not isinstance(part, Text | Image | Reasoning | ToolCall | ToolResult):
            raw = _json.as_dict(part.raw) if part.dialect == NAME else {}
            out |= {name: raw[name] for name in raw.keys() & _BESIDE}
    if content := _content(message.content):
        out["content"] = content
    calls = [_call(part) for part in message.content if isinstance(part, ToolCall)]
    if calls:
        out["tool_calls"] = calls
    return [{"role": "assistant", **out}] if out else []


def _content(parts: tuple[Content, ...]) -> str | list[dict[str, Any]]:
    """Text alone is sent as a string; empty text says nothing and is left out."""
    blocks = [block for part in parts if (block := _block(part))]
    if len(blocks) == 1 and blocks[0]["type"] == "text":
        return str(blocks[0]["text"])
    return blocks


def _block(part: Content) -> dict[str, Any] | None:
    if isinstance(part, Text):
        return {"type": "text", "text": part.text} if part.text else None
    if isinstance(part, Image):
        data = base64.b64encode(part.data).decode("ascii")
        url = part.url or f"data:{part.media_type};base64,{data}"
        return {"type": "image_url", "image_url": {"url": url}}
    if isinstance(part, Reasoning):
        raw = _json.as_dict(part.raw)
        return raw if raw.keys() == {"type", "thinking"} else None  # its own, not Anthropic's
    if isinstance(part, ToolCall | ToolResult) or part.dialect != NAME:
        return None
    return part.raw if "type" in part.raw else None


def _call(part: ToolCall) -> dict[str, Any]:
    arguments = part.raw_arguments or _json.dumps(part.arguments or {}).decode()
    return {
        "id": part.id,
        "type": "function",
        "function": {"name": part.name, "arguments": arguments},
    }


def _put_tools(request: Request, body: dict[str, Any]) -> None:
    """Cohere cannot be told which tool to call: the one that is wanted is the only one it sees."""
    tools, choice = request.tools, request.tool_choice
    if choice is not None and choice != "auto" and choice not in _CHOICES:
        tools = tuple(tool for tool in tools if tool.name == choice)
        choice = "required"
    if tools:
        body["tools"] = [_declare(tool) for tool in tools]
    if choice in _CHOICES:
        body["tool_choice"] = _CHOICES[choice]


def _declare(tool: Tool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    if tool.parameters:
        function["parameters"] = tool.parameters
    return {"type": "function", "function": function}


def _thinking(effort: str) -> dict[str, Any]:
    if effort == "none":
        return {"type": "disabled"}
    budget = _BUDGETS.get(effort)
    return {"type": "enabled"} | ({"token_budget": budget} if budget else {})
