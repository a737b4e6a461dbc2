"""The model lists that providers gave when they were asked, kept in the cache folder."""

from __future__ import annotations

import hashlib
import itertools
import logging
import os
import time
from typing import TYPE_CHECKING, Final

import msgspec

from nbapimgr.manager._whole_file import put
from nbapimgr.models import ModelInfo

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from nbapimgr.models import Provider

__all__ = ["Lists", "said_of"]

_MOST: Final = 5000
"""Models of one list: OpenRouter's has several hundred, Hugging Face's router a few."""
_MOST_BYTES: Final = 2 << 20
_AGE: Final = 30 * 86_400.0
"""Seconds for which a list is believed: windows and abilities change seldom, and grow."""
_log = logging.getLogger(__name__)


class _Kept(msgspec.Struct, frozen=True):
    """A list as it is written."""

    base_url: str
    asked_at: float
    """The moment, in seconds since the epoch."""
    models: list[ModelInfo]


def said_of(models: Iterable[ModelInfo]) -> dict[str, ModelInfo]:
    """What a list says of models besides their names, by model."""
    told = (msgspec.structs.replace(info, raw=None) for info in itertools.islice(models, _MOST))
    return {info.id: info for info in told if info != ModelInfo(id=info.id)}


class Lists:
    """One file a provider. What cannot be read or written is as if it had not been asked.

    Args:
        folder: Where they are kept; made when it is needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, provider: Provider, models: tuple[ModelInfo, ...]) -> Mapping[str, ModelInfo]:
        """Keep what a provider says of its models besides their names; the same by model."""
        told = said_of(models)
        kept = _Kept(base_url=provider.base_url, asked_at=time.time(), models=[*told.values()])
        try:
            put(self._path(provider), msgspec.json.encode(kept))
        except OSError as e:
            _log.warning("the models of %s are not kept: %s", provider.name, e.strerror)
        return told

    def of(self, provider: Provider) -> Mapping[str, ModelInfo]:
        """What is kept of a provider, by model; empty where it is too old or was another's."""
        path = self._path(provider)
        try:
            with path.open("rb") as file:
                if os.fstat(file.fileno()).st_size > _MOST_BYTES:
                    return {}
                kept = msgspec.json.decode(file.read(_MOST_BYTES), type=_Kept)
        except (OSError, msgspec.DecodeError):
            return {}
        age = time.time() - kept.asked_at
        if kept.base_url != provider.base_url or not -_AGE <= age <= _AGE:
            return {}
        return {info.id: info for info in kept.models}

    def _path(self, provider: Provider) -> Path:
        # By a hash: two names may differ in case alone, and one may be reserved on Windows.
        name = hashlib.sha256(provider.name.encode()).hexdigest()[:24]
        return self._folder / f"{name}.json"
