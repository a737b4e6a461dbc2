"""What people do with kept keys, each as one change of the vault."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from nbapimgr.vault import _changes as changes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from nbapimgr.vault._records import Document, Key, Record
    from nbapimgr.vault._vault import Vault

__all__ = ["Keeper"]

T = TypeVar("T")


class Keeper:
    """Changes the credentials of a vault. When a method returns, the change is on the disk twice.

    All raise VaultError where it was not saved, and UnknownName where there is no such key.
    """

    def __init__(self, vault: Vault, clock: Callable[[], float] = time.time) -> None:
        self._vault = vault
        self._clock = clock

    def add(self, key: Key, *, spare: bool = False) -> Record:
        """Keep a key; another one of its alias is retired. A spare takes the next free alias."""

        def change(document: Document) -> tuple[Document, str]:
            alias = key.alias
            if spare:
                alias = changes.free_alias(document, key.provider, alias)
            return changes.add(document, key._replace(alias=alias), self._now()), alias

        changes.check_alias(key.alias)
        document, alias = self._change(change)
        return changes.found(document, key.provider, alias)

    def activate(self, provider: str, alias: str) -> Record:
        """Make a key the first one tried."""
        document, _ = self._change(
            lambda d: (changes.activate(d, changes.found(d, provider, alias)), None)
        )
        return changes.found(document, provider, alias)

    def promote(self, provider: str, new: str, old: str) -> Record:
        """Let a key take the place of another, which is retired for a week."""

        def change(document: Document) -> tuple[Document, None]:
            one, other = (changes.found(document, provider, alias) for alias in (new, old))
            return changes.promote(document, one, other, self._now()), None

        document, _ = self._change(change)
        return changes.found(document, provider, old)

    def remove(self, provider: str, alias: str) -> Record:
        """Send a key no more; `undo` takes it back for a month."""

        def change(document: Document) -> tuple[Document, Record]:
            record = changes.found(document, provider, alias)
            return changes.remove(document, record, self._now()), record

        return self._change(change)[1]

    def undo(self, provider: str, alias: str | None = None) -> Record:
        """Take back the newest removal or retirement of a provider's keys."""
        return self._change(lambda d: changes.undo(d, provider, alias))[1]

    def bind(self, provider: str, origin: str, alias: str | None = None) -> None:
        """Let a provider's keys, or one of them, be sent to this origin."""

        def change(document: Document) -> tuple[Document, None]:
            for record in document.of(provider, "live", "retired"):
                if alias in (None, record.alias):
                    document = changes.bind(document, record, origin)
            return document, None

        self._change(change)

    def checked(self, provider: str, alias: str, verdict: str, reason: str) -> None:
        """Note what a check has found."""

        def change(document: Document) -> tuple[Document, None]:
            record = changes.found(document, provider, alias)
            return changes.checked(document, record, verdict, reason, self._now()), None

        self._change(change)

    def merge(self, keys: Iterable[Key]) -> list[Key]:
        """Keep those keys that are not there yet; under the aliases that were free for them."""
        wanted = list(keys)
        return self._change(lambda d: changes.merge(d, wanted, self._now()))[1]

    def _change(self, change: Callable[[Document], tuple[Document, T]]) -> tuple[Document, T]:
        """The document as it is on the disk, and what the change gave besides."""
        given: list[T] = []

        def applied(document: Document) -> Document:
            document, value = change(document)
            given[:] = [value]
            return document

        return self._vault.change(applied), given[0]

    def _now(self) -> int:
        return int(self._clock())
