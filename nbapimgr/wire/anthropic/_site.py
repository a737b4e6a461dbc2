"""Where the format is served and how a key is shown there: Anthropic, Azure Foundry, Vertex AI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode, urlsplit

from nbapimgr.wire._dialect import HttpCall

if TYPE_CHECKING:
    from nbapimgr.models import Provider

__all__ = ["VERTEX_VERSION", "authorise", "is_vertex", "message_url", "models_call", "own_headers"]

_VERSION: Final = "2023-06-01"
VERTEX_VERSION: Final = "vertex-2023-10-16"
"""The `anthropic_version` Vertex AI wants in the body."""
_ENTRA: Final = "eyJ"
"""How every token of Microsoft Entra begins."""


def is_vertex(provider: Provider) -> bool:
    """Whether this is Google's Vertex AI: told by its host, or by a `project` in the options."""
    return "aiplatform" in urlsplit(provider.base_url).netloc or "project" in provider.options


def message_url(provider: Provider, model: str, *, stream: bool) -> str:
    """Where a message is posted.

    `options["query"]` is added to the URL: `{"beta": "true"}`, or what a gateway wants there.
    """
    if is_vertex(provider):
        verb = "streamRawPredict" if stream else "rawPredict"
        name = quote(model, safe="@")
        path = f"{_vertex_base(provider)}/publishers/anthropic/models/{name}:{verb}"
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
    """The list of models. Vertex AI has one for all projects, and only in `v1beta1`."""
    if is_vertex(provider):
        site = urlsplit(provider.base_url)
        url = f"{site.scheme}://{site.netloc}/v1beta1/publishers/anthropic/models?pageSize=100"
    else:
        url = f"{provider.base_url.rstrip('/')}/models?limit=1000"
    return HttpCall(method="GET", url=url, headers=own_headers(provider))


def _vertex_base(provider: Provider) -> str:
    """The URL before `/publishers`; `options` may name the `project` and the `location`."""
    base = provider.base_url.rstrip("/")
    project = provider.options.get("project")
    if project and "/projects/" not in base:
        location = provider.options.get("location", "global")
        base += f"/projects/{quote(project)}/locations/{quote(location)}"
    return base
