"""`llm.credentials`: the keys of the configured providers, by provider name and alias."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING

from msgspec.structs import replace

from nbapimgr.errors import OptionError, UnknownName, VaultError
from nbapimgr.manager._key_usage import with_use
from nbapimgr.manager._receipt import Receipt
from nbapimgr.manager._vaulting import Vaulting
from nbapimgr.models import Candidate
from nbapimgr.secret import Secret, scrub
from nbapimgr.vault import Keeper, Key, origin_of, read_key
from nbapimgr.wire.catalogue import guess_vendor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nbapimgr.health import Checked
    from nbapimgr.manager._key_usage import KeyUses
    from nbapimgr.models import Provider
    from nbapimgr.vault import CredentialInfo, Credentials

__all__ = ["ManagedCredentials"]

_FREE = ("env:", "platform:")
"""Aliases of keys that are somebody else's to change."""


class ManagedCredentials(Vaulting):
    """The keys in force. Nothing here gives a key back."""

    def __init__(
        self,
        keys: Credentials,
        provider: Callable[[str], Provider | None],
        *,
        check: Callable[[Candidate], Checked],
        uses: KeyUses,
    ) -> None:
        super().__init__(keys)
        self._provider = provider
        self._check = check
        self._uses = uses

    def add(
        self,
        provider: str,
        key: str | bytes | Secret,
        *,
        alias: str = "default",
        spare: bool = False,
        keep: bool | None = None,
    ) -> Receipt:
        """Take a key. With an open vault it is on the disk, encrypted and twice, when this returns.

        Another key of the same alias is retired for a week; in this kernel's memory it is replaced.

        Args:
            provider: Whose key it is.
            key: The key.
            alias: What it is called.
            spare: Take the next free alias, so that nothing gives way to it.
            keep: False keeps it in this kernel's memory alone; True keeps it on the disk or fails;
                None keeps it on the disk where the vault is open.

        Raises:
            UnknownName: There is no such provider.
            OptionError: The key is empty, masked or malformed, or is there under another alias.
            VaultError: It was not saved; it is in this kernel's memory.
        """
        key = Secret(key)  # a traceback that shows variables shows no key
        key = read_key(key, provider)
        owner = self._known(provider)
        wanted = Key(owner.name, alias, key, origin_of(owner.base_url))
        if keep is False or (keep is None and self._keys.document() is None):
            return self._remember(wanted, spare=spare)
        return self._keep(wanted, spare=spare)

    def spare(self, provider: str, key: str | bytes | Secret, *, alias: str = "spare") -> Receipt:
        """Take a key that is used when the active one fails.

        Raises:
            As `add`.
        """
        key = Secret(key)
        return self.add(provider, key, alias=alias, spare=True)

    def list(
        self, provider: str | Provider, *, removed: bool = False, usage: bool = False
    ) -> tuple[CredentialInfo, ...]:
        """What may be shown of a provider's keys, the active one first.

        Args:
            provider: Whose, by name; or a provider that may have been removed since.
            removed: Those too that `undo` takes back.
            usage: Read the usage rows for what each was used, which takes a second when it is done
                first; what was read last is said anyway.
        """
        owner = self._known(provider) if isinstance(provider, str) else provider
        found = self._keys.list(owner, removed=removed)
        uses = self._uses.fresh() if usage else self._uses.known
        return found if uses is None else with_use(found, uses, time.time())

    def activate(self, provider: str, alias: str) -> None:
        """Make a key the first one tried; a retired one is live again.

        Raises:
            UnknownName: There is none of that alias.
            OptionError: It is not ours to change.
            VaultError: It was not saved.
        """
        name = self._known(provider).name
        if self._is_kept(name, alias):
            Keeper(self._vault()).activate(name, alias)
        else:
            self._keys.activate(name, alias)

    def remove(self, provider: str, alias: str = "default") -> str:
        """Forget a key; what can be done about that, in one line.

        A key of the vault is sent no more and comes back with `undo`, for a month.

        Raises:
            As `activate`.
        """
        name = self._known(provider).name
        if not self._is_kept(name, alias):
            self._keys.remove(name, alias)
            return ""
        Keeper(self._vault()).remove(name, alias)
        return f"%llm keys undo {name} takes it back for 30 days"

    def undo(self, provider: str, alias: str | None = None) -> str:
        """Take back the newest removal or retirement of a key; its alias.

        Raises:
            UnknownName: There is nothing to take back.
            VaultError: It was not saved.
        """
        name = self._known(provider).name
        return Keeper(self._vault()).undo(name, alias).alias

    def rotate(
        self, provider: str, key: str | bytes | Secret, *, alias: str = "default"
    ) -> Receipt:
        """Put a new key in the place of an old one: kept where that is, checked, promoted.

        The old key is asked with last for a week, and can be taken back. A key that could not be
        checked stays a spare; one that is rejected goes, and the old one stays what it is.

        Raises:
            OptionError: The provider rejects the new key, or it is no key.
            UnknownName: There is no key of that alias.
            VaultError: It was not saved.
        """
        key = Secret(key)
        owner = self._known(provider)
        name, aliases = owner.name, self._keys.aliases(owner)
        if alias not in aliases:
            raise UnknownName(f"key of {name}", alias, aliases)
        keep = None if self._is_kept(name, alias) else False
        receipt, works = self._tried(self.add(name, key, alias="new", spare=True, keep=keep))
        if not works:
            return receipt
        if receipt.durable:
            Keeper(self._vault()).promote(name, receipt.alias, alias)
        else:
            self._keys.rename(name, receipt.alias, alias)
        return replace(receipt, alias=alias, hint="revoke the old key on the provider's page")

    def introduce(
        self, provider: str, key: str | bytes | Secret, *, alias: str = "default"
    ) -> Receipt:
        """Take a key that comes first once it is known to work: `rotate` where its alias is taken.

        No good key gives way to one that is rejected, wherever it comes from. A provider's only
        key is taken unchecked: it may be the network that is wrong.

        Raises:
            As `rotate`.
        """
        key = Secret(key)
        live = [info.alias for info in self.list(provider) if info.state == "live"]
        if alias in live:
            return self.rotate(provider, key, alias=alias)
        receipt = self.add(provider, key, alias=alias, spare=True)
        if not live:
            return receipt
        receipt, works = self._tried(receipt)
        if works:
            self.activate(provider, receipt.alias)
        return receipt

    def _tried(self, receipt: Receipt) -> tuple[Receipt, bool]:
        """What came of the check of a new key, and whether it works; a rejected one is gone.

        Raises:
            OptionError: The provider rejects it.
        """
        name, alias = receipt.provider, receipt.alias
        found = self.test(name, alias)
        if found.verdict == "rejected":
            self.remove(name, alias)
            raise OptionError(
                f"{name} rejects the new key: {found.reason or 'it is not valid'}",
                hint="the old key is as it was",
            )
        if found.verdict == "unknown":
            first = self._keys.aliases(self._known(name))[0] == alias  # before the environment's
            place = "is tried first" if first else "is a spare"
            note = f"it {place}: it could not be checked ({found.reason or 'no answer'})"
            hint = "" if first else f"%llm keys activate {name} {alias}"
            return replace(receipt, note=note, hint=hint), False
        note = f"works, but: {found.reason}" if found.verdict == "limited" else ""
        return replace(receipt, note=note, hint=""), True

    def test(self, provider: str, alias: str | None = None) -> Checked:
        """Check a key by the provider's free call; the active one where none is named.

        Whatever comes of it, no key is removed or demoted.

        Raises:
            UnknownName: There is no such provider or key.
        """
        owner = self._known(provider)
        aliases = self._keys.aliases(owner)
        if alias is not None and alias not in aliases:
            raise UnknownName(f"key of {owner.name}", alias, aliases)
        chosen = alias or next(iter(aliases), "")
        found = self._check(Candidate(provider=owner, model="", credential=chosen))
        if self._is_kept(owner.name, chosen):
            with contextlib.suppress(VaultError):  # what was found stands whether it is noted
                Keeper(self._vault()).checked(owner.name, chosen, found.verdict, found.reason)
        return found

    def confirm(self, provider: str, alias: str | None = None) -> str:
        """Let a provider's keys, or one of them, be sent to where it is now; the origin.

        Raises:
            VaultError: It was not saved.
        """
        owner = self._known(provider)
        origin = origin_of(owner.base_url)
        self._keys.bind(owner.name, origin, alias)
        if self._keys.document() is not None:
            Keeper(self._vault()).bind(owner.name, origin, alias)
        return origin

    def suggest(self, key: str | bytes | Secret) -> tuple[str, ...]:
        """The vendors whose keys look like this one; of several nobody knows. Nothing is sent."""
        return guess_vendor(Secret(key).reveal().strip())

    @contextlib.contextmanager
    def env(self, provider: str, alias: str | None = None) -> Iterator[None]:
        """Have a provider's key in the variable its own tools read, inside a `with` block alone.

        Raises:
            OptionError: The provider has no such variable, or no key.
        """
        owner = self._known(provider)
        chosen = alias or next(iter(self._keys.aliases(owner)), "")
        secret = self._keys.secret(Candidate(provider=owner, model="", credential=chosen))
        if not owner.env or secret is None:
            missing = "a key" if owner.env else "the name of a variable"
            raise OptionError(f"{owner.name} has not {missing}")
        variable = owner.env[0]
        before = os.environ.get(variable)
        os.environ[variable] = secret.reveal()
        try:
            yield
        finally:
            if before is None:
                os.environ.pop(variable, None)
            else:
                os.environ[variable] = before

    def _remember(self, key: Key, *, spare: bool) -> Receipt:
        if spare:
            taken = self._keys.aliases(self._known(key.provider))
            numbered = (f"{key.alias}-{n}" for n in range(2, len(taken) + 3))
            free = next(a for a in (key.alias, *numbered) if a not in taken)
            key = key._replace(alias=free)
        self._keys.add(key.provider, key.secret, alias=key.alias, origin=key.origin)
        status = self.status()
        note = f"in this kernel's memory alone: {status.why}" if status.why else ""
        return Receipt(
            provider=key.provider,
            alias=key.alias,
            durable=False,
            source="this kernel",
            masked=key.secret.tail(),
            note=note or self._stranger(key),
            hint=status.do,
        )

    def _keep(self, key: Key, *, spare: bool) -> Receipt:
        try:
            record = Keeper(self._vault()).add(key, spare=spare)
        except VaultError as e:
            self._keys.add(key.provider, key.secret, alias=key.alias, origin=key.origin)
            raise type(e)(
                f"{e}; the key of {key.provider} is in this kernel's memory until it ends",
                hint=e.hint,
            ) from None
        if self._keys.is_given(key.provider, record.alias):
            self._keys.remove(key.provider, record.alias)
        return Receipt(
            provider=key.provider,
            alias=record.alias,
            durable=True,
            source="vault",
            masked=key.secret.tail(),
            fingerprint=record.fingerprint,
            note=self._stranger(key),
        )

    def _stranger(self, key: Key) -> str:
        """Whose key it looks like, where that is not its provider's. A hint: shapes change."""
        vendors = guess_vendor(key.secret.reveal())
        if not vendors or {self._known(key.provider).vendor, key.provider} & set(vendors):
            return ""
        return f"it looks like a key of {' or '.join(vendors)}"

    def _is_kept(self, name: str, alias: str) -> bool:
        """Whether a key is the vault's.

        Raises:
            OptionError: It is the environment's or the platform's.
        """
        if alias.startswith(_FREE):
            raise OptionError(f"{alias} is not kept here", hint="change it where it is set")
        document = self._keys.document()
        if document is None or self._keys.is_given(name, alias):
            return False
        return any(r.alias == alias for r in document.of(name, "live", "retired"))

    def _known(self, name: str) -> Provider:
        provider = self._provider(name)
        if provider is None:
            raise UnknownName("provider", name, hint=f"add it: llm.providers.add({scrub(name)!r})")
        return provider
