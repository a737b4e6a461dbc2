"""Ways to open the vault: where the secret of each kind of slot is kept, made and found."""

from __future__ import annotations

import base64
import re
import secrets
from typing import TYPE_CHECKING, Final, NamedTuple

from nbapimgr.errors import NbApiMgrError, OptionError, VaultError, VaultLocked
from nbapimgr.secret import Secret
from nbapimgr.vault import _disk
from nbapimgr.vault._format import Slot
from nbapimgr.vault._passphrase import Kdf, check_passphrase, new_kdf, stretch
from nbapimgr.vault._recovery import new_code, read_code
from nbapimgr.vault._suite import KEY, derive

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from nbapimgr.vault._folders import Folders
    from nbapimgr.vault._format import Header
    from nbapimgr.vault._keychain import Keychain

__all__ = ["VARIABLE", "Made", "Maker", "Opener", "wrap_key"]

VARIABLE: Final = "NBAPIMGR_KEK"
_RANDOM_ENOUGH: Final = re.compile(r"[A-Za-z0-9+/_=-]{43,}")
"""32 random bytes in base 64 or hexadecimal: no passphrase, and not stretched as one."""
_KEY_FILE: Final = b"nbapimgr-key/1 "


class Made(NamedTuple):
    """A new slot, its wrap key and, of a recovery code, what the person must keep."""

    slot: Slot
    wrap: bytes
    code: Secret | None = None


class Maker:
    """Makes the slots of a vault."""

    def __init__(
        self, vault: str, folders: Folders, keychain: Keychain, environ: Mapping[str, str], now: int
    ) -> None:
        self._vault = vault
        self._folders = folders
        self._keychain = keychain
        self._environ = environ
        self._now = now

    @property
    def has_variable(self) -> bool:
        """Whether `NBAPIMGR_KEK` is set."""
        return bool(self._environ.get(VARIABLE))

    def has_keychain(self) -> bool:
        """Whether there is a keychain that keeps what it is given; takes 2 s at the most."""
        return not self._keychain.why_not()

    def passphrase(self, passphrase: Secret) -> Made:
        """A slot that a passphrase opens.

        Raises:
            OptionError: It is too short.
        """
        check_passphrase(passphrase)
        return self._stretched("passphrase", passphrase)

    def environment(self) -> Made:
        """A slot that `NBAPIMGR_KEK` opens.

        Raises:
            OptionError: The variable is not set, or too short.
        """
        secret = Secret(self._environ.get(VARIABLE, ""))
        if not secret:
            raise OptionError(f"{VARIABLE} is not set")
        if _RANDOM_ENOUGH.fullmatch(secret.reveal()):
            return self._made("environment", secret.reveal().encode())
        check_passphrase(secret)
        return self._stretched("environment", secret)

    def recovery_code(self) -> Made:
        """A slot that a code on paper opens."""
        code = new_code()
        return self._made("recovery code", read_code(code))._replace(code=code)

    def keychain(self) -> Made:
        """A slot that the operating system's keychain opens.

        Raises:
            VaultLocked: There is no keychain, or it does not take the secret.
        """
        secret = secrets.token_bytes(KEY)
        made = self._made("keychain", secret)
        self._keychain.put(_entry(self._vault, made.slot), _text(secret))
        return made

    def key_file(self) -> Made:
        """A slot that a file of one's own opens.

        Raises:
            OSError: It cannot be written.
        """
        secret = secrets.token_bytes(KEY)
        made = self._made("key file", secret)
        path = _key_file(self._folders, self._vault, made.slot)
        _disk.make_folder(path.parent)
        _disk.write_new(path, _KEY_FILE + _text(secret).encode() + b"\n")
        _disk.sync_folder(path.parent)
        return made

    def forget(self, slot: Slot) -> None:
        """Remove what a dropped slot has left in the keychain or in a file, as far as possible."""
        if slot.kind == "keychain":
            try:
                self._keychain.forget(_entry(self._vault, slot))
            except NbApiMgrError:
                return  # it opens nothing any more
        elif slot.kind == "key file":
            _disk.remove(_key_file(self._folders, self._vault, slot))

    def _stretched(self, kind: str, secret: Secret) -> Made:
        salt, kdf = secrets.token_bytes(16), new_kdf()
        return self._made(kind, stretch(kdf, secret, salt), salt, kdf)

    def _made(
        self, kind: str, secret: bytes, salt: bytes | None = None, kdf: Kdf | None = None
    ) -> Made:
        slot = Slot(
            id=secrets.token_hex(4),
            kind=kind,
            created=self._now,
            salt=(salt or secrets.token_bytes(16)).hex(),
            kdf=kdf,
        )
        return Made(slot, wrap_key(self._vault, slot, secret))


class Opener:
    """Finds the secrets that are at hand: what was typed, then what opens without anybody."""

    def __init__(
        self,
        folders: Folders,
        keychain: Keychain,
        environ: Mapping[str, str],
        *,
        passphrase: Secret | None = None,
        code: Secret | None = None,
    ) -> None:
        self._folders = folders
        self._keychain = keychain
        self._environ = environ
        self._typed = {"passphrase": passphrase, "recovery code": code}

    def wrap_keys(self, header: Header) -> Iterator[tuple[Slot, bytes | str]]:
        """For each slot its wrap key, or why there is none; the quickest first."""
        order = ("passphrase", "recovery code", "environment", "key file", "keychain")
        kinds = {kind: place for place, kind in enumerate(order)}
        for slot in sorted(header.slots, key=lambda s: kinds.get(s.kind, len(order))):
            try:
                yield slot, wrap_key(header.vault, slot, self._secret(header.vault, slot))
            except (NbApiMgrError, OSError) as e:
                yield slot, str(e)

    def _secret(self, vault: str, slot: Slot) -> bytes:
        if slot.kind in self._typed:
            typed = self._typed[slot.kind]
            if typed is None:
                raise VaultLocked(f"no {slot.kind} was given")
            return read_code(typed) if slot.kind == "recovery code" else _from(slot, typed)
        if slot.kind == "environment":
            if not self._environ.get(VARIABLE):
                raise VaultLocked(f"{VARIABLE} is not set")
            return _from(slot, Secret(self._environ[VARIABLE]))
        if slot.kind == "key file":
            return _read_key_file(_key_file(self._folders, vault, slot))
        if slot.kind == "keychain":
            return _bytes(self._keychain.get(_entry(vault, slot)))
        raise VaultLocked(f"a {slot.kind} is nothing this version knows")


def wrap_key(vault: str, slot: Slot, secret: bytes) -> bytes:
    """The key that seals the data key for this slot of this vault."""
    return derive(secret, "wrap", vault, slot.id, salt=bytes.fromhex(slot.salt))


def _from(slot: Slot, secret: Secret) -> bytes:
    if slot.kdf is None:
        return secret.reveal().encode()
    return stretch(slot.kdf, secret, bytes.fromhex(slot.salt))


def _read_key_file(path: Path) -> bytes:
    """The secret in a key file.

    Raises:
        OSError: It cannot be read.
        VaultError: It is no key file, or others can read it.
    """
    data = _disk.read(path)
    if not _disk.is_private(path):
        raise VaultError(f"{path} can be read by others: chmod 600 {path}")
    if not data.startswith(_KEY_FILE):
        raise VaultError(f"{path} is not a key file")
    return _bytes(data[len(_KEY_FILE) :].strip().decode("ascii", "replace"))


def _key_file(folders: Folders, vault: str, slot: Slot) -> Path:
    return folders.key / f"{vault[:8]}-{slot.id}.key"


def _entry(vault: str, slot: Slot) -> str:
    return f"{vault}/{slot.id}"


def _text(secret: bytes) -> str:
    return base64.urlsafe_b64encode(secret).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise VaultError("the secret that was kept is damaged") from None
