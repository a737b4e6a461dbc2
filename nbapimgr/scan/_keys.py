"""Finds keys in a text: those of vendors that mark theirs, and any that are known."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from nbapimgr.scan._aws import AWS_MARKS, aws_secrets
from nbapimgr.secret import Secret
from nbapimgr.wire.catalogue import CATALOGUE, guess_vendor

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Find", "Finder"]

_LEAST: Final = 16
"""Characters of a known key that is looked for as it is: a shorter one is a word."""


_AWS_PAGE: Final = "https://console.aws.amazon.com/iam/home#/security_credentials"


class Find(NamedTuple):
    """A key that was found."""

    key: Secret
    whose: str
    """The vendors whose keys look like this, for people."""
    page: str = ""
    """Where another one is made, if that can be told."""


class Finder:
    """Looks for keys.

    Args:
        known: Keys of this user, which may have any form.
    """

    def __init__(self, known: Iterable[Secret] = ()) -> None:
        own = {secret.reveal() for secret in known}
        own = {value for value in own if len(value) >= _LEAST}
        forms = _marked()
        marked = rf"(?<![\w-])(?:{'|'.join(forms)})(?![\w-])"
        self._pattern = re.compile("|".join([*map(re.escape, own), marked]))
        self._marks = (*own, *dict.fromkeys(map(_literal, forms)), *AWS_MARKS)

    def may_hold(self, text: str) -> bool:
        """Whether a text may hold a key: quick, and says so too often."""
        return any(mark in text for mark in self._marks)

    def keys(self, text: str) -> Iterator[Find]:
        """Each key in a text, as often as it is there."""
        for found in self._pattern.finditer(text):
            yield _marked_key(Secret(found[0]))
        for secret in aws_secrets(text):
            yield Find(Secret(secret), "AWS secret access key", _AWS_PAGE)


def _marked_key(key: Secret) -> Find:
    vendors = guess_vendor(key.reveal())
    page = CATALOGUE[vendors[0]].key_page if len(vendors) == 1 else ""
    return Find(key, " or ".join(vendors) or "a key of yours", page)


@cache
def _marked() -> tuple[str, ...]:
    """The patterns of keys that begin with a mark of their vendor's.

    32 hexadecimal digits are a key of Azure's and a checksum of anybody's: such forms are left out.
    """
    forms = (form for vendor in CATALOGUE.values() for form in _alternatives(vendor.key_pattern))
    return tuple(dict.fromkeys(form for form in forms if re.match(r"[A-Za-z]{2}", form)))


def _literal(form: str) -> str:
    """What a pattern begins with, as it is: "sk-or-v1-" of "sk-or-v1-[0-9a-f]{64}"."""
    start = re.match(r"(?:[\w-]|\\\.)*", form)
    return start[0].replace("\\", "") if start else ""


def _alternatives(pattern: str) -> list[str]:
    """The forms of a pattern: its parts between bars that stand outside of brackets."""
    parts, depth = [""], 0
    for piece in re.findall(r"\\.|\[(?:\\.|[^\]])*\]|.", pattern):
        depth += {"(": 1, ")": -1}.get(piece, 0)
        if piece == "|" and depth == 0:
            parts.append("")
        else:
            parts[-1] += piece
    return parts
