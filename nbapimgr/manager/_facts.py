"""What is known of a model, from failures, the user, its provider's list, the price list."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

import msgspec

from nbapimgr.manager._lists import Lists, said_of
from nbapimgr.models import Candidate, ModelInfo
from nbapimgr.usage import context_window
from nbapimgr.wire.failures import stated, unable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from nbapimgr.engine import Needs
    from nbapimgr.models import Attempt, Provider

__all__ = ["Facts"]

_LONG: Final = 24_000
"""Bytes of a prompt, about 6,000 tokens, from which on windows are looked up: nearly all models
that can be bought today take more."""
_FIELDS: Final = ("context_window", "max_output_tokens", "images", "tools", "schema")

_Key = tuple[str, str, str]
"""A provider's name and address, and a model."""


class Facts:
    """Merged in the order of how sure it is: a failure, the user, the provider's list, prices.

    Reading the lists and loading the prices takes up to a second, so it is done only for requests
    that need it; what is not known is tried.

    Args:
        folder: Where the providers' lists are kept.
    """

    def __init__(self, folder: Path) -> None:
        self._lists = Lists(folder)
        self._lock = threading.RLock()
        self._listed: dict[tuple[str, str], Mapping[str, ModelInfo]] = {}
        self._heard: set[tuple[str, str]] = set()
        """Whose lists were kept by this kernel."""
        self._taught: dict[_Key, dict[str, Any]] = {}
        self._priced = False
        self._merged: dict[tuple[str, str], tuple[Provider, ModelInfo]] = {}

    def of(self, provider: Provider, model: str) -> ModelInfo:
        """What is known of a model now."""
        found = self._merged.get((provider.name, model))
        if found is not None and found[0] is provider:
            return found[1]
        with self._lock:
            info = self._merge(provider, model, priced=self._priced)
            self._merged[provider.name, model] = (provider, info)
        return info

    def first_hand(self, provider: Provider, model: str) -> ModelInfo:
        """The same without what the price list says, which may be behind the provider."""
        with self._lock:
            return self._merge(provider, model, priced=False)

    def prepare(self, needs: Needs, providers: Iterable[Provider]) -> bool:
        """Look up what a request makes it worthwhile to look up; whether it does."""
        long = needs.most > _LONG
        if not (long or needs.abilities):
            return False
        self._read(providers, priced=long)
        return True

    def windows(self, candidates: Iterable[Candidate]) -> dict[str, int]:
        """The windows of candidates, in tokens, as far as they are known, by `str(candidate)`."""
        candidates = tuple(candidates)
        self._read((candidate.provider for candidate in candidates), priced=True)
        known = {str(c): self.of(c.provider, c.model).context_window for c in candidates}
        return {name: window for name, window in known.items() if window is not None}

    def heard(self, provider: Provider, models: tuple[ModelInfo, ...]) -> None:
        """A provider has listed its models; what it says again is not written again."""
        key = (provider.name, provider.base_url)
        with self._lock:
            if key in self._heard and self._listed[key] == said_of(models):
                return
            self._heard.add(key)
            self._listed[key] = self._lists.keep(provider, models)
            self._merged.clear()

    def learn(self, attempt: Attempt) -> None:
        """Remember, as long as this kernel lives, what a failure says of the model."""
        if attempt.failure is None:
            return
        window, ability = stated(attempt.failure).window, unable(attempt.failure)
        taught: dict[str, Any] = {"context_window": window} if window else {}
        if ability:
            taught[ability] = False
        if taught:
            provider, model = attempt.candidate.provider, attempt.candidate.model
            with self._lock:
                self._taught.setdefault((provider.name, provider.base_url, model), {}).update(
                    taught
                )
                self._merged.clear()

    def _read(self, providers: Iterable[Provider], *, priced: bool) -> None:
        with self._lock:
            for provider in providers:
                key = (provider.name, provider.base_url)
                if key not in self._listed:
                    self._listed[key] = self._lists.of(provider)
                    self._merged.clear()
            if priced and not self._priced:
                self._priced = True
                self._merged.clear()

    def _merge(self, provider: Provider, model: str, *, priced: bool) -> ModelInfo:
        url = provider.base_url
        sources: list[Any] = [
            self._taught.get((provider.name, url, model), {}),
            *(msgspec.structs.asdict(info) for info in provider.declared if info.id == model),
        ]
        if listed := self._listed.get((provider.name, url), {}).get(model):
            sources.append(msgspec.structs.asdict(listed))
        if priced:
            sources.append({"context_window": context_window(provider, model)})
        said = {
            field: next((one[field] for one in sources if one.get(field) is not None), None)
            for field in _FIELDS
        }
        return ModelInfo(id=model, **said)
