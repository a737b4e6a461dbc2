"""Request -> one call of the Responses API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from nbapimgr.wire import _json
from nbapimgr.wire._dialect import HttpCall
from nbapimgr.wire._extra import merged
from nbapimgr.wire._strict import is_strict
from nbapimgr.wire.openai_responses._items import input_items

if TYPE_CHECKING:
    from nbapimgr.models import Provider, Request, Tool

__all__ = ["build"]


def build(request: Request, provider: Provider, model: str, *, stream: bool) -> HttpCall:
    """The call that puts `request` to `model`.

    A `seed` is not sent: the format has none. `stop` has no place in it either, but is sent: to
    leave it out would change the answer, and a provider that does not know it says so.
    """
    body: dict[str, Any] = {
        "model": model,
        "input": input_items(request.system, request.messages),
    }
    if stream:
        body["stream"] = True
    body = merged(body | _settings(request), request.extra)
    headers = {"content-type": "application/json"}
    headers |= {name.lower(): value for name, value in provider.headers.items()}
    return HttpCall(method="POST", url=_url(provider), headers=headers, body=_json.dumps(body))


def _url(provider: Provider) -> str:
    """Where responses are made. A bare Azure resource is spoken to in its v1 API."""
    base = provider.base_url.rstrip("/")
    if provider.vendor == "azure" and not urlsplit(base).path:
        base += "/openai/v1"
    version = provider.options.get("api_version")
    query = f"?api-version={quote(str(version), safe='')}" if version else ""
    return f"{base}/responses{query}"


def _settings(request: Request) -> dict[str, Any]:
    settings = {
        "tools": [_declare(tool) for tool in request.tools] or None,
        "tool_choice": request.tool_choice and _choice(request.tool_choice),
        "temperature": request.temperature,
        "top_p": request.top_p,
        "max_output_tokens": request.max_tokens,
        "stop": list(request.stop) or None,
        "reasoning": request.reasoning and {"effort": request.reasoning},
        "text": request.schema and {"format": _form(request)},
    }
    return {name: value for name, value in settings.items() if value is not None}


def _declare(tool: Tool) -> dict[str, Any]:
    """A function. Without `strict` the API would make every parameter a required one."""
    declaration: dict[str, Any] = {"type": "function", "name": tool.name}
    if tool.description:
        declaration["description"] = tool.description
    parameters = tool.parameters or {"type": "object", "properties": {}}
    return declaration | {"parameters": parameters, "strict": is_strict(parameters)}


def _choice(choice: str) -> str | dict[str, Any]:
    if choice in {"auto", "none", "required"}:
        return choice
    return {"type": "function", "name": choice}


def _form(request: Request) -> dict[str, Any]:
    form = {"type": "json_schema", "name": request.schema_name, "schema": request.schema}
    return form | {"strict": True} if is_strict(request.schema) else form
