"""The vault of `llm.credentials`: made, opened, mended, and taken to another machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nbapimgr.errors import VaultError
from nbapimgr.models._record import Record
from nbapimgr.secret import Secret
from nbapimgr.vault import Keeper, export_keys, import_keys

if TYPE_CHECKING:
    import os

    from nbapimgr.vault import Credentials, Key, Made, Maker, Vault

__all__ = ["NewVault", "VaultStatus", "Vaulting"]

_WORDS = {
    "keychain": "OS keychain",
    "passphrase": "passphrase",
    "environment": "NBAPIMGR_KEK",
    "key file": "key file (same disk)",
    "recovery code": "recovery code",
}
"""What a chip says of a slot. A key file on the same disk protects copies and backups alone."""


class VaultStatus(Record, frozen=True, kw_only=True):
    """How keys are kept here."""

    state: str
    """ "none", "locked", "open", "read-only" or "memory-only"."""
    protection: str
    """In a few words, for a chip: "encrypted · OS keychain"."""
    why: str = ""
    """What stands in the way; empty where nothing does."""
    do: str = ""
    """What changes that."""
    slots: tuple[str, ...] = ()
    """The kinds of the ways to open it."""
    files: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


class NewVault(Record, frozen=True, kw_only=True):
    """A vault that was made, or has new slots."""

    recovery: Secret | None
    """The recovery code, which is nowhere else: to be written down."""
    slots: tuple[str, ...]
    moved: int
    """Keys of this kernel's memory that are in the vault now."""


class Vaulting:
    """The part of `llm.credentials` that looks after the vault."""

    def __init__(self, keys: Credentials) -> None:
        self._keys = keys

    @property
    def vault_id(self) -> str:
        """What tells the vault from others; "" where none is open."""
        return self._keys.vault.id if self._keys.vault else ""

    @property
    def trouble(self) -> tuple[str, ...]:
        """Why kept keys are not used or not saved; empty when all is well."""
        status = self.status()
        if status.state not in {"locked", "read-only"}:
            return ()
        return (f"keys: the vault is {status.state}: {status.why} – {status.do}",)

    def status(self) -> VaultStatus:
        """How keys are kept here, and what could be done about it."""
        vault = self._keys.vault
        if vault is None:
            why = self._keys.memory_only
            return VaultStatus(
                state="memory-only", protection=f"not stored · {why or 'memory'}", why=why
            )
        self._keys.document()
        state, notices = vault.state, (*vault.notices, *self._keys.platform.notices)
        if state == "none":
            return VaultStatus(
                state=state,
                protection="not stored · this kernel's memory",
                why="there is no vault yet",
                do="%llm keys setup",
                notices=notices,
            )
        files = tuple(map(str, vault.files))
        if state == "locked":
            why = vault.notices[-1] if vault.notices else "nothing has opened the vault yet"
            return VaultStatus(
                state=state,
                protection="encrypted · locked",
                why=why,
                do="%llm keys unlock",
                files=files,
                notices=notices,
            )
        kinds = tuple(slot.kind for slot in vault.slots)
        words = [_WORDS.get(kind, kind) for kind in kinds]
        return VaultStatus(
            state=state,
            protection="encrypted · " + (words[0] if words else ""),
            why=vault.why_not,
            do="nbapimgr keys repair" if vault.why_not else "",
            slots=kinds,
            files=files,
            notices=notices,
        )

    def setup(
        self,
        *,
        passphrase: str | Secret | None = None,
        keychain: bool | None = None,
        key_file: bool | None = None,
        recovery: bool = True,
        accept_loss: bool = False,
    ) -> NewVault:
        """Make the vault; keys that were given to this kernel move into it.

        Args:
            passphrase: One way to open it.
            keychain: The operating system's keychain as one; None where it works.
            key_file: A file of one's own as one; None where nothing else opens it unasked.
            recovery: A code to write down as one.
            accept_loss: One way is enough: who loses it has lost all keys.

        Raises:
            OptionError: There would be one way only.
            VaultError: There is a vault already, it cannot be written, or keys may not rest here.
        """
        passphrase = _secret(passphrase)
        made = self._vault().create(
            lambda maker: _slots(
                maker, passphrase, keychain=keychain, key_file=key_file, recovery=recovery
            ),
            accept_loss=accept_loss,
        )
        moved = self._move_in()
        return _new(made, moved)

    def rewrap(
        self,
        *,
        passphrase: str | Secret | None = None,
        keychain: bool | None = None,
        key_file: bool | None = None,
        recovery: bool = True,
        accept_loss: bool = False,
    ) -> NewVault:
        """Make all ways to open the vault anew, as `setup` does; the old ones open it no more.

        Raises:
            OptionError: There would be one way only.
            VaultError: It is not open, or was not saved: then the old ways still open it.
        """
        passphrase = _secret(passphrase)
        vault = self._vault()
        old = {slot.id for slot in vault.slots}
        made = vault.change_slots(
            lambda maker: _slots(
                maker, passphrase, keychain=keychain, key_file=key_file, recovery=recovery
            ),
            lambda slot: slot.id in old,
            accept_loss=accept_loss,
        )
        return _new(made, 0)

    def unlock(
        self, *, passphrase: str | Secret | None = None, recovery: str | Secret | None = None
    ) -> VaultStatus:
        """Open the vault with a passphrase or the recovery code, or what is at hand.

        Raises:
            VaultLocked: Nothing opens it; says for each way why.
            VaultError: There is none, or it is damaged.
        """
        passphrase, recovery = _secret(passphrase), _secret(recovery)
        self._vault().unlock(passphrase=passphrase, code=recovery)
        return self.status()

    def repair(
        self, *, passphrase: str | Secret | None = None, recovery: str | Secret | None = None
    ) -> tuple[str, ...]:
        """Bring a damaged vault back from what is left of it; says what was done and lost.

        Raises:
            VaultError: Nothing is left, or nothing opens it.
        """
        passphrase, recovery = _secret(passphrase), _secret(recovery)
        return self._vault().repair(passphrase=passphrase, code=recovery)

    def export(self, path: str | os.PathLike[str], passphrase: str | Secret) -> int:
        """Write all keys, those of the memory too, into one new encrypted file; how many.

        Raises:
            OptionError: The file is there already, or the passphrase is too short.
            VaultError: It cannot be written.
        """
        passphrase = Secret(passphrase)
        return export_keys(Path(path).expanduser(), self._all(), passphrase)

    def import_(self, path: str | os.PathLike[str], passphrase: str | Secret) -> tuple[Key, ...]:
        """Take the keys of an exported file over that are not here yet; none is replaced.

        Raises:
            VaultError: It cannot be read, is damaged, or is another passphrase's.
        """
        passphrase = Secret(passphrase)
        keys = import_keys(Path(path).expanduser(), passphrase)
        if self._keys.document() is not None:
            return tuple(Keeper(self._vault()).merge(keys))
        new = [key for key in keys if not self._keys.is_given(key.provider, key.alias)]
        for key in new:
            self._keys.add(key.provider, key.secret, alias=key.alias, origin=key.origin)
        return tuple(new)

    def _vault(self) -> Vault:
        if self._keys.vault is None:
            raise VaultError(
                f"keys are not stored here ({self._keys.memory_only or 'memory only'})"
            )
        return self._keys.vault

    def _all(self) -> list[Key]:
        document = self._keys.document()
        return [*self._keys.given(), *(document.keys() if document else ())]

    def _move_in(self) -> int:
        given = self._keys.given()
        if not given:
            return 0
        moved = Keeper(self._vault()).merge(given)
        for key in given:
            self._keys.remove(key.provider, key.alias)
        return len(moved)


def _slots(
    maker: Maker,
    passphrase: Secret | None,
    *,
    keychain: bool | None,
    key_file: bool | None,
    recovery: bool,
) -> list[Made]:
    made: list[Made] = []
    if maker.has_variable:
        made.append(maker.environment())
    if keychain or (keychain is None and maker.has_keychain()):
        made.append(maker.keychain())
    if passphrase:
        made.append(maker.passphrase(passphrase))
    if key_file or (key_file is None and not made):
        made.append(maker.key_file())
    if recovery:
        made.append(maker.recovery_code())
    return made


def _new(made: tuple[Made, ...], moved: int) -> NewVault:
    code = next((each.code for each in made if each.code), None)
    return NewVault(recovery=code, slots=tuple(each.slot.kind for each in made), moved=moved)


def _secret(value: str | Secret | None) -> Secret | None:
    return Secret(value) if value else None
