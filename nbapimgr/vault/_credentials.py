"""The keys this kernel knows: given to it, in the vault, of the platform, in its environment."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any, Final

import msgspec

from nbapimgr.errors import MissingKey, UnknownName, VaultError
from nbapimgr.secret import Secret
from nbapimgr.vault._changes import check_alias
from nbapimgr.vault._entry import origin_of, read_key
from nbapimgr.vault._folders import Folders, memory_only
from nbapimgr.vault._frames import without_frames
from nbapimgr.vault._info import CredentialInfo
from nbapimgr.vault._platform import PlatformSecrets
from nbapimgr.vault._records import Document, Key
from nbapimgr.vault._vault import Vault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from nbapimgr.models import Candidate, Provider
    from nbapimgr.vault._records import Record

__all__ = ["Credentials", "credentials_of"]

_ENV: Final = "env:"
_PLATFORM: Final = "platform:"
_CALL: Final = 0.05
"""Seconds for which a call's plan has looked at the vault for its first attempt and its row too:
its files are looked at once a call, not three times."""


class _Given(msgspec.Struct, frozen=True):
    """A key in this kernel's memory."""

    key: Secret
    origin: str


class Credentials:
    """Credentials by provider and alias. The first of a provider is the active one.

    Explicit ones come first (in this kernel's memory and gone with it), then those of the vault,
    of the platform, of the environment. An alias that was given hides the same one of the vault.
    Safe to use from any thread.

    Attributes:
        vault: The encrypted ones; None where keys may not rest on the disk.
        memory_only: Why they may not; "" where they may.
        platform: The secrets of Colab or Kaggle.
        remarks: What else is known of a provider's key: fields of `CredentialInfo`.
    """

    def __init__(
        self,
        environ: Mapping[str, str] | None = None,
        *,
        vault: Vault | None = None,
        platform: PlatformSecrets | None = None,
    ) -> None:
        self._environ = os.environ if environ is None else environ
        self.vault = vault
        self.memory_only = memory_only(self._environ) if vault is None else ""
        self.platform = platform or PlatformSecrets(self._environ)
        self.remarks: Callable[[Provider, Secret], Mapping[str, Any]] = lambda *_: {}
        self._given: dict[str, dict[str, _Given]] = {}
        self._pepper = Document.new()
        self._lock = threading.Lock()

    def add(
        self,
        provider: str,
        key: str | bytes | Secret,
        *,
        alias: str = "default",
        origin: str = "",
    ) -> None:
        """Take a key into this kernel's memory; one of the same alias is replaced.

        Args:
            provider: Whose it is.
            key: The key.
            alias: Its name among the provider's keys.
            origin: The only origin it may be sent to; "" for wherever its provider is.

        Raises:
            OptionError: The key is empty or masked, or the alias is not a plain name.
        """
        key = Secret(key)
        given = _Given(read_key(key, provider), origin)
        check_alias(alias)
        with self._lock:
            self._given.setdefault(provider, {})[alias] = given

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

    def bind(self, provider: str, origin: str, alias: str | None = None) -> None:
        """Let the given keys, or one of them, be sent to this origin."""
        with self._lock:
            given = self._given.get(provider, {})
            for name, one in given.items():
                if alias in (None, name):
                    given[name] = _Given(one.key, origin)

    def rename(self, provider: str, alias: str, new: str) -> None:
        """Let a given key take another alias, in the place of the key that has it."""
        with self._lock:
            given = self._given[provider]
            one = given.pop(alias)
            self._given[provider] = {new: one, **{a: k for a, k in given.items() if a != new}}

    def given(self) -> tuple[Key, ...]:
        """The keys in this kernel's memory."""
        with self._lock:
            return tuple(
                Key(provider, alias, one.key, one.origin)
                for provider, keys in self._given.items()
                for alias, one in keys.items()
            )

    def is_given(self, provider: str, alias: str) -> bool:
        """Whether a key of that alias is in this kernel's memory."""
        with self._lock:
            return alias in self._given.get(provider, {})

    def document(self, *, within: float = 0.0) -> Document | None:
        """What is in the vault; None where there is none or it cannot be opened.

        Args:
            within: Seconds for which an earlier look at its files is good enough.
        """
        return self.vault.ready(within=within) if self.vault else None

    def aliases(self, provider: Provider) -> tuple[str, ...]:
        """The aliases of a provider's keys in the order they are tried; a retired key comes last.

        A keyless provider without a key has the one alias "": it is asked without one.
        """
        return self._aliases(provider, self.document())

    def look(self) -> Callable[[Provider], tuple[str, ...]]:
        """`aliases` by one look at the vault, for a plan of many providers."""
        document = self.document()
        return lambda provider: self._aliases(provider, document)

    @without_frames
    def secret(self, candidate: Candidate) -> Secret | None:
        """The key an attempt is sent with; None when it needs none.

        Raises:
            MissingKey: The key was given for another address than this provider's.
        """
        provider = candidate.provider
        if not candidate.credential:
            return None
        for alias, found in self._found(provider, self.document(within=_CALL)):
            if alias == candidate.credential:
                here, there = origin_of(provider.base_url), _origin(found)
                if there and here and here != there:
                    raise MissingKey(
                        f"the key {alias!r} of {provider.name} is for {there}, "
                        f"and {provider.name} is now at {here}",
                        hint=f"llm.credentials.confirm({provider.name!r}) lets it go there",
                    )
                return self._reveal(found)
        return None

    @without_frames
    def list(self, provider: Provider, *, removed: bool = False) -> tuple[CredentialInfo, ...]:
        """What may be shown of a provider's keys, the active one first.

        Args:
            provider: Whose.
            removed: Those too that `undo` would take back.
        """
        rows = [
            self._info(provider, alias, found, active=not place)
            for place, (alias, found) in enumerate(self._found(provider, self.document()))
        ]
        document = self.document() if removed else None
        gone = document.of(provider.name, "removed") if document else ()
        rows += [self._info(provider, r.alias, r, active=False) for r in gone]
        return tuple(rows)

    @without_frames
    def values(self, providers: Iterable[Provider] = ()) -> tuple[Secret, ...]:
        """Every key that is known, and those of these providers' variables: never to be kept."""
        with self._lock:
            given = tuple(one.key for keys in self._given.values() for one in keys.values())
        document = self.document()
        kept = tuple(document.reveal(r) for r in document.records) if document else ()
        names = {name for provider in providers for name in provider.env}
        platform = (self.platform.get(name) for name in sorted(names))
        return (
            *given,
            *kept,
            *(secret for secret in platform if secret),
            *(Secret(self._environ[name]) for name in names & self._environ.keys()),
        )

    def fingerprint(self, key: Secret) -> str:
        """What tells a key from others: the vault's; without one it holds for this kernel alone."""
        return (self.document() or self._pepper).fingerprint(key)

    def credential_id(self, candidate: Candidate) -> str:
        """What usage rows call a credential: its account and alias, or fingerprint; never its key.

        The fingerprint stays when the key gets another alias; it means nothing without the vault.
        """
        name, alias = candidate.provider.name, candidate.credential
        kept = alias and not self.is_given(name, alias)
        document = self.document(within=_CALL) if kept else None
        records = document.of(name, "live", "retired") if document else ()
        print_ = next((r.fingerprint for r in records if r.alias == alias), "")
        if print_:
            return f"{name}#{print_}"
        return f"{name}:{alias}" if alias else name

    def _aliases(self, provider: Provider, document: Document | None) -> tuple[str, ...]:
        if document is None and not provider.env:  # a plan asks this of everybody
            with self._lock:
                found = tuple(self._given.get(provider.name, ()))
        else:
            found = tuple(alias for alias, _ in self._found(provider, document))
        return found or (("",) if provider.keyless else ())

    def _found(
        self, provider: Provider, document: Document | None
    ) -> Iterator[tuple[str, _Given | Record | Secret]]:
        """The keys of a provider in the order they are tried, each alias once."""
        with self._lock:
            given = dict(self._given.get(provider.name, {}))
        yield from given.items()
        if document is not None:
            for record in document.of(provider.name):
                if record.alias not in given:
                    yield record.alias, record
        for name in provider.env if self.platform.name else ():
            if secret := self.platform.get(name):
                yield f"{_PLATFORM}{name}", secret
        for name in provider.env:
            if value := self._environ.get(name):
                yield f"{_ENV}{name}", Secret(value.strip())
        if document is not None:
            for record in document.of(provider.name, "retired"):
                yield record.alias, record

    def _reveal(self, found: _Given | Record | Secret) -> Secret:
        if isinstance(found, Secret):
            return found
        if isinstance(found, _Given):
            return found.key
        document = self.document()
        if document is None:  # between two looks at it
            raise VaultError("the vault is not open any more")
        return document.reveal(found)

    def _info(
        self, provider: Provider, alias: str, found: _Given | Record | Secret, *, active: bool
    ) -> CredentialInfo:
        key = self._reveal(found)
        row = CredentialInfo(
            provider=provider.name,
            alias=alias,
            active=active,
            source="this kernel",
            masked=key.tail(),
            **self.remarks(provider, key),
        )
        if isinstance(found, _Given):
            return msgspec.structs.replace(row, origin=found.origin)
        if isinstance(found, Secret):
            kind, _, name = alias.partition(":")
            platform = f"{self.platform.name} secret {name}"
            source = f"environment variable {name}" if f"{kind}:" == _ENV else platform
            return msgspec.structs.replace(row, source=source)
        return msgspec.structs.replace(
            row,
            source="vault",
            state=found.state,
            until=found.until,
            fingerprint=found.fingerprint,
            origin=found.origin,
            created=found.created,
            checked=found.checked,
            verdict=found.verdict,
            reason=found.reason,
        )


def credentials_of(home: str | os.PathLike[str] | None = None) -> Credentials:
    """The credentials of the vault in `home`, or in memory alone where they may not rest there."""
    vault = None if memory_only(os.environ) else Vault(Folders.of(home))
    return Credentials(vault=vault)


def _origin(found: _Given | Record | Secret) -> str:
    return "" if isinstance(found, Secret) else found.origin
