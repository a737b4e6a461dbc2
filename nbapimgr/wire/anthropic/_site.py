"""Where the format is served and how a key is shown there: Anthropic, Azure Foundry, Vertex AI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode

from nbapimgr.wire._dialect import HttpCall
from nbapimgr.wire._vertex import is_vertex, list_url, project_url

if TYPE_CHECKING:
    from nbapimgr.models import Provider

__all__ = ["VERTEX_VERSION", "authorise", "message_url", "models_call", "own_headers"]

_VERSION: Final = "2023-06-01"
VERTEX_VERSION: Final = "vertex-2023-10-16"
"""The `anthropic_version` Vertex AI wants in the body."""
_ENTRA: Final = "eyJ"
"""How every token of Microsoft Entra begins."""


def message_url(provider: Provider, model: str, *, stream: bool) -> str:
    """Where a message is posted.

    `options["query"]` is added to the URL: `{"beta": "true"}`, or what a gateway wants there.
    """
    if is_vertex(provider):
        verb = "streamRawPredict" if stream else "rawPredict"
        name = quote(model, safe="@")
        path = f"{project_url(provider)}/publishers/anthropic/models/{name}:{verb}"
    else:
        path = f"{provider.base_url.rstrip('/')}/messages"
    query = provider.options.get("query")
    return f"{path}?{urlencode(query)}" if query else path


def own_headers(provider: Provider) -> dict[str, str]:
    """The headers of every call. The version is in the body at Vertex AI."""
    version = {} if is_vertex(provider) else {"anthropic-version": _VERSION}
    return version | {name.lower(): value for name, value in provider.headers.items()}


def authorise(call: HttpCall, key: str, provider: Provider) -> dict[str, str]:  # noqa: ARG001  # the contract's
    """The key in Anthropic's own header, which Foundry takes too; tokens of clouds are bearers."""
    if not key:
        return {}
    if is_vertex(provider) or key.startswith(_ENTRA):
        return {"authorization": f"Bearer {key}"}
    return {"x-api-key": key}


def models_call(provider: Provider) -> HttpCall:
    """The list of models."""
    if is_vertex(provider):
        url = list_url(provider, "anthropic")
    else:
        url = f"{provider.base_url.rstrip('/')}/models?limit=1000"
    return HttpCall(method="GET", url=url, headers=own_headers(provider))
