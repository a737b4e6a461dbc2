"""Google's Vertex AI, which serves its own models and Anthropic's under one kind of address."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from nbapimgr.models import Provider

__all__ = ["is_vertex", "list_url", "project_url"]


def is_vertex(provider: Provider) -> bool:
    """Whether this is Vertex AI: told by its host, or by a `project` in the options."""
    return "aiplatform" in urlsplit(provider.base_url).netloc or "project" in provider.options


def project_url(provider: Provider) -> str:
    """The URL before `/publishers`; `options` may name the `project` and the `location`."""
    base = provider.base_url.rstrip("/")
    project = provider.options.get("project")
    if project and "/projects/" not in base:
        location = provider.options.get("location", "global")
        base += f"/projects/{quote(project)}/locations/{quote(location)}"
    return base


def list_url(provider: Provider, publisher: str) -> str:
    """Where a publisher's models are listed: one list for all projects, and only in `v1beta1`."""
    site = urlsplit(provider.base_url)
    return f"{site.scheme}://{site.netloc}/v1beta1/publishers/{publisher}/models?pageSize=100"
