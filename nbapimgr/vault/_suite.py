"""The cryptography of format 1: one suite, no negotiation. AES-256-GCM, HKDF- and HMAC-SHA256."""

from __future__ import annotations

import hmac
import secrets
from typing import Final

from nbapimgr.errors import VaultLocked

__all__ = ["KEY", "SUITE", "derive", "joined", "mac", "same", "seal", "unseal"]

SUITE: Final = "AES-256-GCM+HKDF-SHA256+HMAC-SHA256"
KEY: Final = 32
"""Bytes of every key."""
_NONCE: Final = 12
_PURPOSE: Final = "nbapimgr/v1/"


def derive(secret: bytes, purpose: str, *context: str, salt: bytes = b"") -> bytes:
    """A key for one purpose: HKDF-SHA256 of `secret`."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    info = joined(_PURPOSE + purpose, *context)
    return HKDF(algorithm=SHA256(), length=KEY, salt=salt or None, info=info).derive(secret)


def joined(*parts: str) -> bytes:
    """Texts as one, so that no other texts give the same: each after its length."""
    encoded = [part.encode() for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)


def seal(key: bytes, plain: bytes, associated: bytes) -> bytes:
    """Nonce and ciphertext. The nonce is random: no key here seals more than some 10^5 times."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, associated)


def unseal(key: bytes, sealed: bytes, associated: bytes) -> bytes:
    """The plain text.

    Raises:
        VaultLocked: Another key sealed it, or it is not what was sealed.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], associated)
    except (InvalidTag, ValueError):
        raise VaultLocked("this key does not open it") from None


def mac(key: bytes, data: bytes) -> bytes:
    """HMAC-SHA256."""
    return hmac.digest(key, data, "sha256")


def same(one: bytes, other: bytes) -> bool:
    """Whether they are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(one, other)
