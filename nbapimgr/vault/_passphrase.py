"""From a passphrase to key bytes: Argon2id, and scrypt where Argon2id is missing."""

from __future__ import annotations

import os
import unicodedata
from typing import TYPE_CHECKING, Final

import msgspec

from nbapimgr.errors import OptionError, VaultDamaged, VaultError
from nbapimgr.vault._suite import KEY

if TYPE_CHECKING:
    from nbapimgr.secret import Secret

__all__ = ["Kdf", "check_passphrase", "new_kdf", "stretch"]

_SHORTEST: Final = 8
"""Characters of a passphrase (NIST SP 800-63B-4 asks for 8 at the least where it is not alone)."""
_STRONG: Final = (64 * 1024, 3, 4)
"""KiB, passes and lanes: the second recommendation of RFC 9106; 0.6 s on two cores."""
_FLOOR: Final = (19 * 1024, 2, 1)
"""OWASP's minimum, for machines with little memory."""
_SCRYPT: Final = (2**17, 8, 1)
"""OWASP's minimum for scrypt."""
_LITTLE_MEMORY: Final = 2 * 2**30
_BOUNDS: Final = {
    "argon2id": ((19 * 1024, 2**20), (2, 16), (1, 16)),
    "scrypt": ((2**17, 2**20), (8, 8), (1, 16)),
}
"""What a file may ask for: more than 1 GiB or 16 passes would be an attack on this machine."""


class Kdf(msgspec.Struct, frozen=True):
    """How a passphrase was stretched; recorded in the slot."""

    name: str
    cost: tuple[int, int, int]
    """Argon2id: KiB, passes, lanes. scrypt: N, r, p."""


def check_passphrase(passphrase: Secret) -> None:
    """That it can be one.

    Raises:
        OptionError: It is too short.
    """
    if len(passphrase.reveal()) < _SHORTEST:
        raise OptionError(f"a passphrase needs {_SHORTEST} characters or more")


def new_kdf() -> Kdf:
    """The stretching of a new slot on this machine."""
    if not _has_argon2():
        return Kdf("scrypt", _SCRYPT)
    return Kdf("argon2id", _STRONG if _memory() > _LITTLE_MEMORY else _FLOOR)


def stretch(kdf: Kdf, passphrase: Secret, salt: bytes) -> bytes:
    """The key bytes. Takes 0.1 to 1 s, on purpose.

    Raises:
        VaultDamaged: The file asks for a function or a cost that no vault has.
        VaultError: This machine cannot do it.
    """
    bounds = _BOUNDS.get(kdf.name)
    if bounds is None or any(
        not low <= cost <= high for cost, (low, high) in zip(kdf.cost, bounds, strict=True)
    ):
        raise VaultDamaged(f"the file asks for {kdf.name} {kdf.cost}, which no vault does")
    from cryptography.exceptions import UnsupportedAlgorithm

    secret = unicodedata.normalize("NFC", passphrase.reveal()).encode()
    try:
        return _stretch(kdf, secret, salt)
    except UnsupportedAlgorithm:
        raise VaultError(
            "this Python's OpenSSL has no Argon2id, with which the passphrase was stretched",
            hint="pip install -U cryptography, or open the vault another way",
        ) from None


def _stretch(kdf: Kdf, secret: bytes, salt: bytes) -> bytes:
    one, two, three = kdf.cost
    if kdf.name == "scrypt":
        from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

        return Scrypt(salt=salt, length=KEY, n=one, r=two, p=three).derive(secret)
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    function = Argon2id(salt=salt, length=KEY, memory_cost=one, iterations=two, lanes=three)
    return function.derive(secret)


def _has_argon2() -> bool:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    try:
        Argon2id(salt=bytes(16), length=KEY, memory_cost=32, iterations=1, lanes=1)
    except UnsupportedAlgorithm:
        return False
    return True


def _memory() -> int:
    """Bytes of this machine; 0 where it does not say."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 0
