"""Reads `/api/tags`: the models an Ollama server has pulled."""

from __future__ import annotations

from nbapimgr.models import ModelInfo
from nbapimgr.wire._json import as_dict, as_str, loads

__all__ = ["read_models"]


def read_models(body: bytes) -> tuple[tuple[ModelInfo, ...], str | None]:
    """The models, all on one page. The list says nothing of windows or abilities.

    Raises:
        ValueError: The body is not Ollama's list.
    """
    models = as_dict(loads(body)).get("models")
    if not isinstance(models, list):
        raise ValueError("the body has no list `models`: not an Ollama server's /api/tags")  # noqa: TRY004  # the contract's error
    found = []
    for entry in models:
        name = as_str(as_dict(entry).get("model")) or as_str(as_dict(entry).get("name"))
        if name:
            found.append(ModelInfo(id=name, raw=entry))
    return tuple(found), None
