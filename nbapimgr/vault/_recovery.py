"""The recovery code: 160 random bits that a person can write down, read out and type in."""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Final

from nbapimgr.errors import OptionError
from nbapimgr.secret import Secret

__all__ = ["new_code", "read_code"]

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O and U, which are taken for others."""
_MEANT: Final = str.maketrans("OIL", "011")
_BYTES: Final = 20
_CHARS: Final = 32
_CHECK: Final = 4
"""Characters of the checksum: one mistake in a million goes unseen."""


def new_code() -> Secret:
    """A new code: nine groups of four characters, the last of which is the checksum."""
    value = secrets.token_bytes(_BYTES)
    text = _text(int.from_bytes(value, "big"), _CHARS) + _checksum(value)
    return Secret("-".join(re.findall("....", text)))


def read_code(code: Secret) -> bytes:
    """The bits of a code, however it is cased and grouped.

    Raises:
        OptionError: It is no code, or a character of it is wrong.
    """
    text = re.sub(r"[\s-]", "", code.reveal()).upper().translate(_MEANT)
    if len(text) != _CHARS + _CHECK:
        raise OptionError(
            f"a recovery code has {_CHARS + _CHECK} letters and digits, this has {len(text)}"
        )
    if strange := set(text) - set(_ALPHABET):
        raise OptionError(f"no recovery code has {min(strange)!r}")
    number = 0
    for character in text[:_CHARS]:
        number = number * 32 + _ALPHABET.index(character)
    value = number.to_bytes(_BYTES, "big")
    if _checksum(value) != text[_CHARS:]:
        raise OptionError("a character of the recovery code is wrong", hint="look at each group")
    return value


def _checksum(value: bytes) -> str:
    digest = hashlib.sha256(b"nbapimgr-recovery/1" + value).digest()
    return _text(int.from_bytes(digest[:3], "big") >> 4, _CHECK)


def _text(number: int, length: int) -> str:
    return "".join(_ALPHABET[number >> 5 * place & 31] for place in reversed(range(length)))
