"""What the vault holds: credentials, each key sealed once more and bound to its provider."""

from __future__ import annotations

import secrets
from typing import Final, Literal, NamedTuple

import msgspec

from nbapimgr.errors import VaultDamaged, VaultLocked
from nbapimgr.secret import Secret
from nbapimgr.vault._format import canonical
from nbapimgr.vault._suite import KEY, derive, joined, mac, seal, unseal

__all__ = ["SPANS", "Document", "Key", "Record", "encode", "read_document"]

State = Literal["live", "retired", "removed"]
SPANS: Final = {"live": 0, "retired": 7 * 86_400, "removed": 30 * 86_400}
"""Seconds that a record stays in a state. A week is time to see that the new key works everywhere
and to revoke the old one; a month is what people remember."""


class Key(NamedTuple):
    """A key that is to be kept, and whose it is."""

    provider: str
    alias: str
    secret: Secret
    origin: str = ""


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One credential. Moments are Unix seconds, 0 for never."""

    id: str
    provider: str
    alias: str
    origin: str = ""
    """Where the key may be sent: scheme, host and port; "" where its provider has no address."""
    sealed: str
    fingerprint: str
    """Keyed hash of the key: tells keys apart without showing one."""
    created: int
    state: State = "live"
    """ "retired": still sent, after all others, for a week; "removed": kept for `undo` alone."""
    ended: int = 0
    """When it was retired or removed; 0 of a live one."""
    was_active: bool = False
    """It was the first of its provider when it was retired or removed."""
    checked: int = 0
    verdict: str = ""
    """Of the last check: "valid", "limited", "rejected", "unknown"; "" before the first."""
    reason: str = ""

    @property
    def until(self) -> int:
        """When a retired one is removed and a removed one is gone; 0 of a live one."""
        return self.ended + SPANS[self.state] if self.ended else 0


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a vault. Keys stay sealed in it until one is used."""

    root: str
    """Random: keys of the records and of the fingerprints come from it."""
    records: tuple[Record, ...] = ()
    """The first live one of a provider is its active one."""
    wraps: dict[str, str] = {}
    """The wrap keys of the slots, so that a new data key can be wrapped for each of them."""

    @classmethod
    def new(cls) -> Document:
        """An empty one."""
        return cls(root=secrets.token_hex(KEY))

    def of(self, provider: str, *states: State) -> tuple[Record, ...]:
        """The records of a provider in these states ("live" alone by default), in order."""
        wanted = states or ("live",)
        return tuple(r for r in self.records if r.provider == provider and r.state in wanted)

    def fingerprint(self, key: Secret) -> str:
        """Eight hexadecimal digits; means nothing without this vault."""
        pepper = derive(bytes.fromhex(self.root), "fingerprint")
        return mac(pepper, key.reveal().encode())[:4].hex()

    def new_record(
        self, provider: str, alias: str, key: Secret, *, origin: str, now: int
    ) -> Record:
        """A live record of a key."""
        blank = Record(
            id=secrets.token_hex(8),
            provider=provider,
            alias=alias,
            origin=origin,
            sealed="",
            fingerprint=self.fingerprint(key),
            created=now,
        )
        return self.sealed_into(blank, key)

    def sealed_into(self, record: Record, key: Secret) -> Record:
        """The record with this key, bound to the provider and origin it names."""
        sealed = seal(self._key(), key.reveal().encode(), _place(record))
        return msgspec.structs.replace(record, sealed=sealed.hex())

    def reveal(self, record: Record) -> Secret:
        """The key of a record.

        Raises:
            VaultDamaged: It was moved from another provider or origin.
        """
        try:
            return Secret(unseal(self._key(), bytes.fromhex(record.sealed), _place(record)))
        except VaultLocked:
            raise VaultDamaged(
                f"the key {record.alias!r} of {record.provider!r} is not the one that was put there"
            ) from None

    def keys(self) -> list[Key]:
        """The live keys."""
        return [
            Key(r.provider, r.alias, self.reveal(r), r.origin)
            for r in self.records
            if r.state == "live"
        ]

    def with_records(self, *records: Record) -> Document:
        """The same with these records in place of its own."""
        return msgspec.structs.replace(self, records=records)

    def _key(self) -> bytes:
        return derive(bytes.fromhex(self.root), "record")


def _place(record: Record) -> bytes:
    return joined("record", record.id, record.provider, record.origin)


def encode(document: Document) -> bytes:
    """The bytes of a body."""
    return canonical(document)


def read_document(body: bytes) -> tuple[Document, bool]:
    """A document, and whether the body holds what this version does not know.

    Raises:
        VaultDamaged: It is none.
    """
    try:
        document = msgspec.json.decode(body, type=Document)
    except (msgspec.MsgspecError, ValueError) as e:
        raise VaultDamaged(f"what is in it cannot be read: {type(e).__name__}") from None
    return document, canonical(document) != body.rstrip(b" ")
