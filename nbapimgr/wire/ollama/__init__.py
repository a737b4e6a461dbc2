"""The dialect `ollama`: Ollama's own API, on this machine or at ollama.com.

Its streams are lines of JSON, tool arguments are objects, and a call for tools ends with the reason
"stop". It has no `tool_choice` and takes no pictures by URL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbapimgr.wire._dialect import HttpCall
from nbapimgr.wire.ollama._decode import decoder, read_embeddings
from nbapimgr.wire.ollama._models import read_models
from nbapimgr.wire.ollama._request import build, endpoint

if TYPE_CHECKING:
    from nbapimgr.models import Provider

__all__ = [
    "NAME",
    "authorise",
    "build",
    "decoder",
    "models_call",
    "read_embeddings",
    "read_models",
]

NAME = "ollama"


def authorise(call: HttpCall, key: str, provider: Provider) -> dict[str, str]:  # noqa: ARG001  # the contract's
    """A bearer token for ollama.com; a server on this machine asks for none."""
    return {"authorization": f"Bearer {key}"} if key else {}


def models_call(provider: Provider) -> HttpCall:
    """The list of the models that are pulled."""
    return HttpCall(method="GET", url=endpoint(provider, "tags"), headers=dict(provider.headers))
