"""Request -> one call of the Messages API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from nbapimgr.wire import _json
from nbapimgr.wire._dialect import HttpCall
from nbapimgr.wire._extra import merged
from nbapimgr.wire._vertex import is_vertex
from nbapimgr.wire.anthropic._claude import default_max_tokens, thinking
from nbapimgr.wire.anthropic._messages import conversation
from nbapimgr.wire.anthropic._schema import accepted
from nbapimgr.wire.anthropic._site import VERTEX_VERSION, message_url, own_headers

if TYPE_CHECKING:
    from nbapimgr.models import Provider, Request, Tool

__all__ = ["build"]

_CHOICES: Final = {"auto": "auto", "none": "none", "required": "any"}


def build(request: Request, provider: Provider, model: str, *, stream: bool) -> HttpCall:
    """The call that puts `request` to `model`.

    `max_tokens` is the only thing sent unasked (`options["max_tokens"]`, or what models of that age
    take). A `seed` is not sent: the format has none.
    """
    body: dict[str, Any] = {"model": model}
    if is_vertex(provider):
        body = {"anthropic_version": VERTEX_VERSION}
    limit = request.max_tokens
    if limit is None:
        limit = provider.options.get("max_tokens") or default_max_tokens(model)
    system, messages = conversation(request.system, request.messages)
    body |= {"max_tokens": limit, "messages": messages}
    if system:
        body["system"] = system
    if stream:
        body["stream"] = True
    body = merged(merged(body, _settings(request, model, limit)), request.extra)
    return HttpCall(
        method="POST",
        url=message_url(provider, model, stream=stream),
        headers={"content-type": "application/json", **own_headers(provider)},
        body=_json.dumps(body),
    )


def _settings(request: Request, model: str, limit: int) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "tools": [_declare(tool) for tool in request.tools] or None,
        "tool_choice": request.tool_choice and _choice(request.tool_choice),
        "temperature": request.temperature,
        "top_p": request.top_p,
        "stop_sequences": list(request.stop) or None,
    }
    settings = {name: value for name, value in settings.items() if value is not None}
    if request.schema is not None:
        form = {"type": "json_schema", "schema": accepted(request.schema)}
        settings["output_config"] = {"format": form}
    if request.reasoning is not None:
        settings = merged(settings, thinking(request.reasoning, model, limit))
    return settings


def _declare(tool: Tool) -> dict[str, Any]:
    declaration: dict[str, Any] = {"name": tool.name}
    if tool.description:
        declaration["description"] = tool.description
    declaration["input_schema"] = tool.parameters or {"type": "object"}
    return declaration


def _choice(choice: str) -> dict[str, Any]:
    if choice in _CHOICES:
        return {"type": _CHOICES[choice]}
    return {"type": "tool", "name": choice}
