"""The keys this kernel knows: those given to it, then those in its environment."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Final

import msgspec

from nbapimgr.errors import OptionError, UnknownName
from nbapimgr.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from nbapimgr.models import Candidate, Provider

__all__ = ["CredentialInfo", "Credentials"]

_ENV: Final = "env:"


class CredentialInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What may be shown of a credential."""

    provider: str
    alias: str
    active: bool
    source: str
    """ "this kernel" or "environment variable NAME"."""
    masked: str


class Credentials:
    """Credentials by provider and alias. The first of a provider is the active one.

    A key given here lives in this kernel's memory and is gone with it. Safe to use from any thread.
    """

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ
        self._given: dict[str, dict[str, Secret]] = {}
        self._lock = threading.Lock()

    def add(self, provider: str, key: str | bytes | Secret, *, alias: str = "default") -> None:
        """Take a key; one of the same alias is replaced.

        Raises:
            OptionError: The key is empty or masked, or the alias is not a plain name.
        """
        key = Secret(key)  # a traceback that shows variables shows no key
        if fault := _fault(key):
            raise OptionError(f"the key for {provider!r} {fault[0]}", hint=fault[1])
        if not alias or alias.startswith(_ENV):
            raise OptionError(f"{alias!r} cannot be an alias")
        with self._lock:
            self._given.setdefault(provider, {})[alias] = Secret(key.reveal().strip())

    def remove(self, provider: str, alias: str = "default") -> None:
        """Forget a key that was given to this kernel.

        Raises:
            UnknownName: There is none of that alias.
        """
        with self._lock:
            given = self._given.get(provider, {})
            if alias not in given:
                raise UnknownName(f"key of {provider}", alias, given)
            del given[alias]

    def activate(self, provider: str, alias: str) -> None:
        """Make a given key the first one tried.

        Raises:
            UnknownName: There is none of that alias.
        """
        with self._lock:
            given = self._given.get(provider, {})
            if alias not in given:
                raise UnknownName(f"key of {provider}", alias, given)
            self._given[provider] = {alias: given.pop(alias), **given}

    def aliases(self, provider: Provider) -> tuple[str, ...]:
        """The aliases of a provider's keys in the order they are tried.

        A keyless provider has the one alias "": it is asked without a key. One that can do with and
        without has its keys first.
        """
        with self._lock:
            given = tuple(self._given.get(provider.name, ()))
        found = tuple(f"{_ENV}{name}" for name in provider.env if self._environ.get(name))
        return given + found or (("",) if provider.keyless else ())

    def secret(self, candidate: Candidate) -> Secret | None:
        """The key an attempt is sent with; None when it needs none."""
        alias = candidate.credential
        if not alias:
            return None
        if alias.startswith(_ENV):
            value = self._environ.get(alias.removeprefix(_ENV))
            return Secret(value.strip()) if value else None
        with self._lock:
            return self._given.get(candidate.provider.name, {}).get(alias)

    def list(self, provider: Provider) -> tuple[CredentialInfo, ...]:
        """What may be shown of a provider's keys, the active one first."""
        from nbapimgr.models import Candidate

        rows: list[CredentialInfo] = []
        for alias in filter(None, self.aliases(provider)):
            secret = self.secret(Candidate(provider=provider, model="", credential=alias))
            source = "this kernel"
            if alias.startswith(_ENV):
                source = f"environment variable {alias.removeprefix(_ENV)}"
            rows.append(
                CredentialInfo(
                    provider=provider.name,
                    alias=alias,
                    active=not rows,
                    source=source,
                    masked=secret.tail() if secret else "…",
                )
            )
        return tuple(rows)

    def values(self, providers: Iterable[Provider] = ()) -> tuple[Secret, ...]:
        """Every key given here, and these providers' in the environment: what must not be kept."""
        with self._lock:
            given = tuple(key for keys in self._given.values() for key in keys.values())
        names = {name for provider in providers for name in provider.env}
        return given + tuple(Secret(self._environ[name]) for name in names & self._environ.keys())


def _fault(key: Secret) -> tuple[str, str] | None:
    """What is wrong with a key, and the hint; None when it can be one."""
    value = key.reveal().strip()
    if not value:
        return "is empty", ""
    if "…" in value or "***" in value or "•" in value:
        return "is masked", "paste the key itself, not its display"
    if not value.isascii() or any(c.isspace() for c in value):
        return "holds spaces or letters no key has", ""
    return None
