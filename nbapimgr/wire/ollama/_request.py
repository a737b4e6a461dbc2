"""Writes `/api/chat` requests.

Source: docs.ollama.com/api/chat. What has no place there is not sent: `tool_choice` "required"
becomes the model's own choice; a tool's name leaves only that tool; "none" leaves no tools.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

from nbapimgr.errors import OptionError
from nbapimgr.models import Image, Reasoning, ToolCall, ToolResult
from nbapimgr.wire._dialect import HttpCall
from nbapimgr.wire._extra import merged
from nbapimgr.wire._json import dumps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nbapimgr.models import Content, Message, Provider, Request, Tool

__all__ = ["build", "endpoint"]

_THINK: Final = {"none": False, "minimal": "low"}
"""Ollama's own words are false, "low", "medium" and "high"."""


def endpoint(provider: Provider, name: str) -> str:
    """The URL of one call of the API, whether the base URL ends in `/api` or not."""
    return f"{provider.base_url.rstrip('/').removesuffix('/api')}/api/{name}"


def build(request: Request, provider: Provider, model: str, *, stream: bool) -> HttpCall:
    """The call that puts `request` to `model`.

    Raises:
        OptionError: A picture is given by URL.
    """
    # Streaming is Ollama's default, so the choice is always said.
    body: dict[str, Any] = {"model": model, "messages": _messages(request), "stream": stream}
    if tools := _tools(request):
        body["tools"] = tools
    if request.schema is not None:
        body["format"] = request.schema
    if request.reasoning is not None:
        body["think"] = _THINK.get(request.reasoning, request.reasoning)
    if options := _options(request):
        body["options"] = options
    return HttpCall(
        method="POST",
        url=endpoint(provider, "chat"),
        headers={"content-type": "application/json", **provider.headers},
        body=dumps(merged(body, request.extra)),
    )


def _options(request: Request) -> dict[str, Any]:
    options = {
        "temperature": request.temperature,
        "top_p": request.top_p,
        "seed": request.seed,
        "num_predict": request.max_tokens,
        "stop": request.stop or None,
    }
    return {name: value for name, value in options.items() if value is not None}


def _tools(request: Request) -> list[dict[str, Any]]:
    choice = request.tool_choice
    if choice in {None, "auto", "required"}:
        return [_tool(tool) for tool in request.tools]
    return [_tool(tool) for tool in request.tools if tool.name == choice]


def _tool(tool: Tool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    function["parameters"] = tool.parameters or {"type": "object", "properties": {}}
    return {"type": "function", "function": function}


def _messages(request: Request) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    if request.system is not None:
        messages.append({"role": "system", "content": request.system})
    names: dict[str, str] = {}
    for message in request.messages:
        names.update({part.id: part.name for part in message.content if isinstance(part, ToolCall)})
        messages += _turns(message, names)
    return messages


def _turns(message: Message, names: dict[str, str]) -> Iterator[dict[str, Any]]:
    """One message for each tool result, then one for the rest, if there is any."""
    results = [part for part in message.content if isinstance(part, ToolResult)]
    for result in results:
        turn = {"role": "tool", "content": result.content}
        if name := result.name or names.get(result.id):
            turn["tool_name"] = name
        if result.id:
            turn["tool_call_id"] = result.id
        yield turn
    if len(results) < len(message.content) or not results:
        yield _turn(message)


def _turn(message: Message) -> dict[str, Any]:
    role = "user" if message.role == "tool" else message.role
    turn: dict[str, Any] = {"role": role, "content": message.text}
    if thinking := "".join(_thinking(part) for part in message.content):
        turn["thinking"] = thinking
    if images := [_image(part) for part in message.content if isinstance(part, Image)]:
        turn["images"] = images
    if calls := [_call(part) for part in message.content if isinstance(part, ToolCall)]:
        turn["tool_calls"] = calls
    return turn


def _thinking(part: Content) -> str:
    """Reasoning goes back to where it came from and nowhere else."""
    if isinstance(part, Reasoning) and isinstance(part.raw, dict):
        return part.text if part.raw.keys() == {"thinking"} else ""
    return ""


def _call(call: ToolCall) -> dict[str, Any]:
    # What was no JSON object cannot be sent as one; the model sees what it wrote.
    arguments = call.arguments
    if arguments is None:
        arguments = {"invalid_json": call.raw_arguments or ""}
    sent: dict[str, Any] = {"function": {"name": call.name, "arguments": arguments}}
    if call.id:
        sent["id"] = call.id
    return sent


def _image(image: Image) -> str:
    if image.data:
        return base64.b64encode(image.data).decode("ascii")
    raise OptionError(
        f"Ollama takes pictures as bytes, not by URL: {image.url[:80]!r}",
        hint="give the picture as a file or as bytes",
    )
