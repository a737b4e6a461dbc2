"""Ollama's local models: what its `/api/tags` lists."""

from __future__ import annotations

from nbapimgr.imports._found import Account, Found

__all__ = ["found_models"]


def found_models(base_url: str, models: tuple[str, ...]) -> Found:
    """The account of a server on this machine that has these models; nothing where it has none."""
    if not models:
        return Found(notes=("no model is pulled yet: ollama pull …",))
    fields = {"vendor": "ollama", "base_url": base_url, "models": models}
    return Found(accounts=(Account(name="ollama", fields=fields),))
