"""Finds AWS's secret access keys: 40 letters and digits, known by what stands beside them alone."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["AWS_MARKS", "aws_secrets"]

_NAMES: Final = (
    "secret_access_key", "SECRET_ACCESS_KEY", "secretAccessKey", "SecretAccessKey",
    "secret-access-key", "aws_secret_key", "AWS_SECRET_KEY",
)  # fmt: skip
_IDS: Final = ("AKIA", "ASIA")
"""How ids of lasting and of temporary keys begin (IAM's "Unique ID prefixes")."""
AWS_MARKS: Final = (*_NAMES, *_IDS)
"""A text without any of these holds no secret that can be told from other words."""

_FORM: Final = r"(?<![A-Za-z0-9/+])([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])"
_LONE: Final = re.compile(_FORM)
_NAMED: Final = re.compile(
    rf"(?:{'|'.join(_NAMES)})[\\\"'\s\])]{{0,6}}[:=,]?>?[\\\"'\s]{{0,6}}{_FORM}"
)
_ID: Final = re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(_IDS)})[A-Z2-7]{{16}}(?![A-Za-z0-9])")
_NEAR: Final = 200
"""Characters between an id and its secret, in an order that may be either."""
_LEAST_BITS: Final = 4.25
"""Entropy of a letter, as gitleaks asks for: 40 random ones have some 4.8, words and paths less."""


def aws_secrets(text: str) -> Iterator[str]:
    """The secrets that are named as such, or stand close to the id of an access key.

    AWS's own examples, which are in countless tutorials and end in EXAMPLE or EXAMPLEKEY, are none.
    """
    for found in _NAMED.finditer(text):
        if _is_random(found[1]):
            yield found[1]
    for found in _ID.finditer(text):
        if not found[0].endswith("EXAMPLE"):
            near = text[max(found.start() - _NEAR, 0) : found.end() + _NEAR]
            yield from (one[1] for one in _LONE.finditer(near) if _is_random(one[1]))


def _is_random(value: str) -> bool:
    """Whether it is no checksum, path or long name, and no example."""
    kinds = (str.isupper, str.islower, str.isdigit)
    if "EXAMPLE" in value or not all(any(map(kind, value)) for kind in kinds):
        return False
    counts = Counter(value).values()
    bits = -sum(n / len(value) * math.log2(n / len(value)) for n in counts)
    return bits >= _LEAST_BITS
