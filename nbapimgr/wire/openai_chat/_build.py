"""A `Request` becomes one HTTP call of the chat completions format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from nbapimgr.wire import _json
from nbapimgr.wire._dialect import HttpCall
from nbapimgr.wire._extra import merged
from nbapimgr.wire.openai_chat._messages import messages
from nbapimgr.wire.openai_chat._schema import response_format, schema_prompt
from nbapimgr.wire.openai_chat._vendors import Vendor, vendor

if TYPE_CHECKING:
    from nbapimgr.models import Provider, Request, Tool

__all__ = ["authorise", "build"]

_AZURE_VERSION = "2024-10-21"
"""The last general version of Azure's classic API."""
_AZURE_OLD = "2024-09"
"""Classic versions before this one know only `max_tokens`."""


def build(request: Request, provider: Provider, model: str, *, stream: bool) -> HttpCall:
    """The HTTP call that puts `request` to `model`."""
    ways = vendor(provider.vendor)
    body: dict[str, Any] = {"messages": messages(request, ways)}
    path = "/chat/completions"
    if _classic(provider):
        path = f"/openai/deployments/{quote(model, safe='')}{path}"
    elif model:  # a server of one model needs no name
        body["model"] = model
    body |= _sampling(request, provider, ways)
    body |= _tools(request)
    if request.schema is not None:
        body["response_format"] = response_format(request, ways)
        body["messages"] = schema_prompt(request, ways) + body["messages"]
    if stream:
        body["stream"] = True
        if ways.usage_asked:
            body["stream_options"] = {"include_usage": True}
    body = merged(body, request.extra)
    accept = "text/event-stream" if stream else "application/json"
    headers = {"content-type": "application/json", "accept": accept} | {
        name.lower(): value for name, value in provider.headers.items()
    }
    return HttpCall(
        method="POST", url=_endpoint(provider, path), headers=headers, body=_json.dumps(body)
    )


def authorise(call: HttpCall, key: str, provider: Provider) -> dict[str, str]:  # noqa: ARG001  # a contract
    """The headers that prove who asks. Azure takes its keys in `api-key`, Entra tokens like all."""
    if not key:
        return {}
    header = vendor(provider.vendor).key_header
    if header == "authorization" or key.startswith("eyJ"):  # a JSON web token
        return {"authorization": f"Bearer {key}"}
    return {header: key}


def _endpoint(provider: Provider, path: str) -> str:
    """The URL of `path` at this provider, with the API version where there is one."""
    version = _version(provider)
    query = f"?api-version={quote(version, safe='')}" if version else ""
    return provider.base_url.rstrip("/") + path + query


def _classic(provider: Provider) -> bool:
    """Whether this is an Azure resource spoken to by deployment: a base URL without a path."""
    return provider.vendor == "azure" and not urlsplit(provider.base_url).path.strip("/")


def _version(provider: Provider) -> str:
    default = _AZURE_VERSION if _classic(provider) else ""
    return str(provider.options.get("api_version", default))


def _sampling(request: Request, provider: Provider, ways: Vendor) -> dict[str, Any]:
    bound = ways.max_tokens
    if _classic(provider) and "" < _version(provider) < _AZURE_OLD:
        bound = "max_tokens"
    given = {
        "temperature": request.temperature,
        "top_p": request.top_p,
        bound: request.max_tokens,
        ways.seed: request.seed,
        "stop": list(request.stop) or None,
    }
    fields: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if request.reasoning == "none":
        fields |= ways.no_reasoning
    elif request.reasoning is not None:
        fields["reasoning_effort"] = request.reasoning
    return fields


def _tools(request: Request) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if request.tools:
        fields["tools"] = [_tool(tool) for tool in request.tools]
    choice = request.tool_choice
    if choice in {"auto", "none", "required"}:
        fields["tool_choice"] = choice
    elif choice is not None:
        fields["tool_choice"] = {"type": "function", "function": {"name": choice}}
    return fields


def _tool(tool: Tool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    function["parameters"] = tool.parameters or {"type": "object", "properties": {}}
    return {"type": "function", "function": function}
