"""The throw-away home of a demo: the rehearsal providers, and behind them a real small model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from nbapimgr.errors import NbApiMgrError
from nbapimgr.local import SMOLLM2, fetch
from nbapimgr.models import Provider
from nbapimgr.settings import Settings, places, save

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

__all__ = ["LOCAL", "furnish", "local_model", "provider_of", "settings_for"]

LOCAL: Final = "smollm2"
_MODELS: Final = "models"
"""Folder in the cache of the platform, shared by all demos."""


def local_model(progress: Callable[[int, int], None] | None = None) -> Provider:
    """The embedded model as a provider; fetched on first use.

    Raises:
        NbApiMgrError: It cannot be fetched, or there is nothing to run it with.
    """
    import importlib.util

    if importlib.util.find_spec("xllamacpp") is None:
        raise NbApiMgrError("xllamacpp is not installed", hint='pip install "nbapimgr[demo]"')
    return provider_of(fetch(SMOLLM2, places().cache / _MODELS, progress=progress))


def provider_of(gguf: Path | None) -> Provider:
    """The embedded model as a provider; without its file it can be named and not asked."""
    return Provider(
        name=LOCAL,
        dialect="openai-chat",
        base_url="",
        models=(SMOLLM2.name,),
        priority=90,
        keyless=True,
        options={"gguf": str(gguf)} if gguf else {},
    )


def settings_for(rehearsed: Iterable[Provider], *others: Provider) -> Settings:
    """The settings of a demo."""
    return Settings(providers=(*rehearsed, *others))


def furnish(home: Path, settings: Settings) -> None:
    """Write the settings into a home."""
    save(places(home).settings, msgspec.structs.replace(settings))
