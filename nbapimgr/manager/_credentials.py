"""`llm.credentials`: the keys of the configured providers, by provider name and alias."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbapimgr.errors import UnknownName
from nbapimgr.secret import Secret, scrub

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbapimgr.models import Provider
    from nbapimgr.vault import CredentialInfo, Credentials

__all__ = ["ManagedCredentials"]


class ManagedCredentials:
    """The keys in force. Nothing here gives a key back."""

    def __init__(self, keys: Credentials, provider: Callable[[str], Provider | None]) -> None:
        self._keys = keys
        self._provider = provider

    def add(self, provider: str, key: str | bytes | Secret, *, alias: str = "default") -> None:
        """Take a key into this kernel's memory; one of the same alias is replaced.

        Raises:
            UnknownName: There is no such provider.
            OptionError: The key is empty, masked or malformed.
        """
        key = Secret(key)  # a traceback that shows variables shows no key
        self._keys.add(self._known(provider).name, key, alias=alias)

    def list(self, provider: str) -> tuple[CredentialInfo, ...]:
        """What may be shown of a provider's keys, the active one first."""
        return self._keys.list(self._known(provider))

    def activate(self, provider: str, alias: str) -> None:
        """Make a key the first one tried."""
        self._keys.activate(self._known(provider).name, alias)

    def remove(self, provider: str, alias: str = "default") -> None:
        """Forget a key."""
        self._keys.remove(self._known(provider).name, alias)

    def _known(self, name: str) -> Provider:
        provider = self._provider(name)
        if provider is None:
            raise UnknownName("provider", name, hint=f"add it: llm.providers.add({scrub(name)!r})")
        return provider
