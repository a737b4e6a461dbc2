r"""The file: a line a person can recognise, an authenticated header, the sealed body, a checksum.

    nbapimgr-vault/1\n | length of the header, 4 bytes | header, JSON | nonce and body | SHA-256

The checksum needs no key, so that anyone can tell a damaged file from a wrong key. It is the last
32 bytes in every version of the format. All before the body is associated data of the body. A
reader of version 1 that meets fields it does not know opens the file, and does not write it.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Any, Final, NamedTuple

import msgspec

from nbapimgr.errors import VaultDamaged, VaultError, VaultLocked
from nbapimgr.vault._passphrase import Kdf
from nbapimgr.vault._suite import KEY, SUITE, derive, joined, mac, same, seal, unseal

__all__ = ["Header", "Parsed", "Slot", "canonical", "compose", "data_key", "open_body", "parse"]

_FAMILY: Final = b"nbapimgr-vault/"
_LINE: Final = _FAMILY + b"1\n"
_CHECKSUM: Final = 32
_MOST_SLOTS: Final = 16
"""Each may cost a stretching before anything is authenticated."""
_STEP: Final = 1024
"""The body is padded to a multiple of this, which hides how many keys there are."""


class Slot(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One way to open the vault. Holds no secret: `wrapped` is the sealed data key."""

    id: str
    kind: str
    """ "keychain", "passphrase", "key file", "environment" or "recovery code"."""
    created: int
    salt: str
    kdf: Kdf | None = None
    """How its secret is stretched; None where the secret is random."""
    wrapped: str = ""


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What is readable without a key. Byte strings are hexadecimal, moments Unix seconds."""

    vault: str
    """Random, for ever the same; binds what is sealed to this vault."""
    generation: int
    created: int
    written: int
    writer: str
    suite: str = SUITE
    slots: tuple[Slot, ...]
    commit: str = ""
    """Commitment to the data key: AES-GCM alone lets one file open to two keys differently."""
    mac: str = ""
    """HMAC of the slots: none is added or taken away by who cannot open the vault."""


class Parsed(NamedTuple):
    """A file whose checksum is right."""

    header: Header
    head: bytes
    """All before the body."""
    body: bytes
    slots: tuple[dict[str, Any], ...]
    """As they are in the file, with what this version does not know."""
    strange: bool
    """Holds what this version does not know, and is therefore not written."""


def canonical(value: Any) -> bytes:
    """JSON with one form for one value."""
    return msgspec.json.encode(value, order="sorted")


def parse(data: bytes) -> Parsed:
    """Take a file apart; nothing is decrypted.

    Raises:
        VaultDamaged: It is no vault, or not as it was written.
        VaultError: A newer version wrote it.
    """
    if not data.startswith(_FAMILY):
        raise VaultDamaged("it is not a vault of nbapimgr")
    if not same(hashlib.sha256(data[:-_CHECKSUM]).digest(), data[-_CHECKSUM:]):
        raise VaultDamaged("its checksum is wrong")
    if not data.startswith(_LINE):
        version = data[len(_FAMILY) :].partition(b"\n")[0][:12].decode("ascii", "replace")
        raise VaultError(
            f"a newer nbapimgr wrote it (version {version!r})", hint="pip install -U nbapimgr"
        )
    start = len(_LINE) + 4
    end = start + int.from_bytes(data[len(_LINE) : start], "big")
    head, body, text = data[:end], data[end:-_CHECKSUM], data[start:end]
    try:
        raw = msgspec.json.decode(text)
        header = msgspec.convert(raw, Header)
        _check(header)
        if canonical(raw) != text or len(body) % _STEP != _OVERHEAD:
            raise VaultDamaged("it is not written as a vault is")
    except (msgspec.MsgspecError, ValueError, TypeError) as e:
        raise VaultDamaged(f"its header cannot be read: {e}") from None
    return Parsed(header, head, body, tuple(raw["slots"]), canonical(header) != text)


_OVERHEAD: Final = 12 + 16
"""Bytes of nonce and tag."""


def _check(header: Header) -> None:
    """That fields which are used before they are authenticated are what they should be."""
    if header.suite != SUITE:
        raise VaultDamaged(f"version 1 has no suite {header.suite!r}")
    if not 0 < header.generation < 2**63 or len(header.slots) > _MOST_SLOTS:
        raise VaultDamaged("its header is impossible")
    bytes.fromhex(header.vault + header.commit + header.mac)
    for slot in header.slots:
        bytes.fromhex(slot.id + slot.salt + slot.wrapped)


def compose(header: Header, wraps: dict[str, bytes], body: bytes) -> bytes:
    """The bytes of a file, sealed with a new data key.

    Args:
        header: Without what this function makes: `wrapped`, `commit` and `mac`.
        wraps: The wrap key of each slot, by its id.
        body: What is to be sealed, ending in what may be followed by spaces.
    """
    key = secrets.token_bytes(KEY)
    slots = tuple(
        msgspec.structs.replace(
            slot,
            wrapped=seal(wraps[slot.id], key, _of_slot(header.vault, _plain(slot))).hex(),
        )
        for slot in header.slots
    )
    header = msgspec.structs.replace(
        header,
        slots=slots,
        commit=derive(key, "commit", header.vault).hex(),
        mac=mac(derive(key, "mac", header.vault), canonical(slots)).hex(),
    )
    text = canonical(header)
    head = _LINE + len(text).to_bytes(4, "big") + text
    padded = body + b" " * (-len(body) % _STEP)
    data = head + seal(derive(key, "body", header.vault), padded, head)
    return data + hashlib.sha256(data).digest()


def data_key(parsed: Parsed, slot_id: str, wrap_key: bytes) -> bytes:
    """The key of the file, out of one slot.

    Raises:
        VaultLocked: That slot is not there, or is not opened by this key.
        VaultDamaged: It opens, and the file was tampered with.
    """
    raw = next((slot for slot in parsed.slots if slot["id"] == slot_id), None)
    if raw is None:
        raise VaultLocked("the vault has no such slot any more")
    vault = parsed.header.vault
    key = unseal(wrap_key, bytes.fromhex(raw.get("wrapped", "")), _of_slot(vault, raw))
    for name, should in (
        ("commit", derive(key, "commit", vault)),
        ("mac", mac(derive(key, "mac", vault), canonical(parsed.slots))),
    ):
        if not same(should, bytes.fromhex(getattr(parsed.header, name))):
            raise VaultDamaged("it was tampered with: its header does not belong to its key")
    return key


def open_body(parsed: Parsed, key: bytes) -> bytes:
    """What was sealed, with its padding.

    Raises:
        VaultDamaged: The file was tampered with.
    """
    try:
        return unseal(derive(key, "body", parsed.header.vault), parsed.body, parsed.head)
    except VaultLocked:
        raise VaultDamaged("it was tampered with: its body does not belong to its key") from None


def _plain(slot: Slot) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(slot)
    return plain


def _of_slot(vault: str, raw: dict[str, Any]) -> bytes:
    """Associated data of a slot: all of it but the sealed key."""
    rest = {name: value for name, value in raw.items() if name != "wrapped"}
    return joined("slot", vault) + canonical(rest)
