"""`llm.providers`: the configured providers as a mapping by name, with add, update, remove."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec

from nbapimgr.errors import OptionError, UnknownName
from nbapimgr.manager._from_catalogue import fields_of_vendor
from nbapimgr.manager._misplaced import misplaced
from nbapimgr.models import Provider
from nbapimgr.secret import Secret
from nbapimgr.settings import fields_of, naming_fault, provider_fields, provider_from
from nbapimgr.vault import origin_of
from nbapimgr.wire import dialect
from nbapimgr.wire.catalogue import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbapimgr.models import ModelInfo
    from nbapimgr.settings import Settings
    from nbapimgr.vault import Credentials

__all__ = ["Providers"]

_LIMITS: Final = frozenset({"rpm", "tpm", "rpd"})
_LAST: Final = 1000
"""The priority of a local model: it answers when nobody else does."""


class Providers(Mapping[str, Provider]):
    """The providers in force. Each change is one new snapshot of the settings."""

    def __init__(
        self,
        *,
        snapshot: Callable[[], Settings],
        change: Callable[[Callable[[Settings], Settings]], None],
        credentials: Credentials,
        models: Callable[[Provider], tuple[ModelInfo, ...]],
    ) -> None:
        self._snapshot = snapshot
        self._change = change
        self._credentials = credentials
        self._models = models

    def __getitem__(self, name: str) -> Provider:
        provider = self._snapshot().provider(name)
        if provider is None:
            raise KeyError(name)
        return provider

    def __iter__(self) -> Iterator[str]:
        return (p.name for p in self._snapshot().providers)

    def __len__(self) -> int:
        return len(self._snapshot().providers)

    def __repr__(self) -> str:
        return f"<Providers: {', '.join(self) or 'none'}>"

    def add(
        self,
        name: str,
        *,
        key: str | bytes | Secret | None = None,
        gguf: str | Path | None = None,
        **fields: Any,
    ) -> Provider:
        """Add a provider, or replace the one of that name.

        A name of the catalogue, or `vendor=` one, brings its dialect, base URL, models and
        environment variables along; any other name needs a `base_url`.

        Args:
            name: How it is called from now on: letters, digits, `_`, `.`, `-`.
            key: Its API key, kept in this kernel's memory.
            gguf: A model file that llama.cpp serves on this machine: the provider answers offline,
                and is tried after the others.
            fields: Fields of `Provider`: dialect ("openai-chat" unless the catalogue knows better),
                base_url, models, priority, rate_limits (rpm, tpm, rpd), enabled, env, keyless,
                headers, options, vendor. A model is a name, or a table that says what it can do:
                `{"id": "m", "context_window": 4096, "images": False}`; also `max_output_tokens`,
                `tools`, `schema`.

        Raises:
            OptionError: A field is wrong; says which and what it should be.
            UnknownName: No such field, dialect or vendor; names the nearest.
        """
        key = None if key is None else Secret(key)  # tracebacks may show variables
        _check_name(name)
        if gguf is not None:
            fields = _served_here(Path(gguf).expanduser(), fields)
        provider = _checked(name, _with_defaults(name, fields))
        if key is not None:
            self._credentials.add(name, key, origin=origin_of(provider.base_url))
        elif "keyless" not in fields and not provider.env and not provider.vendor:
            provider = msgspec.structs.replace(provider, keyless=True)
        self.put(provider)
        return provider

    def update(self, name: str, **fields: Any) -> Provider:
        """Change some fields of a provider.

        Raises:
            UnknownName: There is none of that name, or no such field.
            OptionError: A field is wrong.
        """
        provider = _checked(name, {**fields_of(self.known(name)), **_known_fields(fields)})
        self.put(provider)
        return provider

    def remove(self, name: str) -> None:
        """Remove a provider. Its key in this kernel stays until the kernel ends.

        Raises:
            UnknownName: There is none of that name.
        """
        self.known(name)

        def without(settings: Settings) -> Settings:
            kept = tuple(p for p in settings.providers if p.name != name)
            return msgspec.structs.replace(settings, providers=kept)

        self._change(without)

    def test(self, name: str) -> tuple[ModelInfo, ...]:
        """Check a provider with its free call; the models it lists.

        Raises:
            UnknownName: There is none of that name.
            AllProvidersFailed: It does not answer, or not well.
        """
        return self._models(self.known(name))

    def known(self, name: str) -> Provider:
        """The provider of that name.

        Raises:
            UnknownName: There is none.
        """
        provider = self._snapshot().provider(name)
        if provider is None:
            raise UnknownName("provider", name, self)
        return provider

    def put(self, provider: Provider) -> None:
        """Add a provider as it is, or replace the one of its name."""

        def with_it(settings: Settings) -> Settings:
            others = [p for p in settings.providers if p.name != provider.name]
            place = next(
                (i for i, p in enumerate(settings.providers) if p.name == provider.name),
                len(others),
            )
            others.insert(place, provider)
            return msgspec.structs.replace(settings, providers=tuple(others))

        self._change(with_it)


def _known_fields(fields: dict[str, Any]) -> dict[str, Any]:
    for field in fields:
        if field not in provider_fields:
            raise UnknownName("provider field", field, provider_fields)
    return fields


def _with_defaults(name: str, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields given, over those of the catalogue."""
    fields = dict(_known_fields(fields))
    if not isinstance(fields.get("vendor", ""), str):
        raise OptionError(f"provider {name!r}: vendor is a name of the catalogue")
    vendor_name = fields.get("vendor") or (name if "base_url" not in fields else "")
    if vendor_name in CATALOGUE:
        return fields_of_vendor(name, CATALOGUE[vendor_name], fields)
    if fields.get("vendor"):
        raise UnknownName("vendor", vendor_name, CATALOGUE)
    options = fields.get("options")
    if "base_url" not in fields and not (isinstance(options, dict) and "gguf" in options):
        raise UnknownName("known provider", name, CATALOGUE, hint=_nearest_or_needs(name))
    return {"dialect": "openai-chat", "base_url": "", **fields}


def _served_here(gguf: Path, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a provider that is a model file."""
    if not gguf.is_file():
        raise OptionError(f"no model file {str(gguf)!r}")
    options = {**fields.pop("options", {}), "gguf": str(gguf.resolve())}
    return {
        "models": (gguf.stem,),
        "priority": _LAST,
        "keyless": True,
        **fields,
        "options": options,
    }


def _nearest_or_needs(name: str) -> str:
    from nbapimgr.errors import nearest

    close = nearest(name, CATALOGUE)
    needs = 'a server of your own needs base_url="http://…"'
    return f"did you mean {close[0]!r}? {needs}" if close else needs


def _check_name(name: object) -> None:
    if fault := naming_fault(name):
        raise OptionError(fault, hint="up to 64 letters, digits, '_', '.' and '-' can")


def _checked(name: str, fields: dict[str, Any]) -> Provider:
    if isinstance(fields.get("models"), str | dict):
        fields["models"] = (fields["models"],)
    try:
        provider = provider_from({**fields, "name": name})
        msgspec.to_builtins(provider)  # what cannot be written into the settings
    except (msgspec.ValidationError, TypeError) as e:
        raise OptionError(f"provider {name!r}: {e}") from None
    dialect(provider.dialect)
    _check_address(provider)
    for limit in provider.rate_limits.keys() - _LIMITS:
        raise UnknownName("rate limit", limit, _LIMITS)
    return provider


def _check_address(provider: Provider) -> None:
    """That the base URL is one, and that no field holds a secret, which is never shown."""
    wrong = f"provider {provider.name!r}: base_url"
    hint = 'e.g. base_url="http://127.0.0.1:8000/v1"'
    try:
        url = urlsplit(provider.base_url)
        _ = url.port
    except ValueError:  # whose words may be a part of a password
        raise OptionError(f"{wrong} is no http(s) address", hint=hint) from None
    if place := misplaced(provider):
        raise OptionError(
            f"provider {provider.name!r}: {place} holds a secret", hint="give it as key="
        )
    if provider.base_url and (url.scheme not in {"http", "https"} or not url.hostname):
        raise OptionError(f"{wrong} {provider.base_url!r} is no http(s) address", hint=hint)
