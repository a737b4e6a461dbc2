"""A value that must not be seen: redacted wherever it is shown, and taken out of others' words."""

from __future__ import annotations

import base64
import hmac
import json
import re
from typing import TYPE_CHECKING, Final, NoReturn
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import SupportsIndex

__all__ = ["Secret", "scrub", "scrubber"]

_MASK: Final = "[secret]"
_RUN: Final = 12
"""Characters of a key in a row that are as good as the key for whoever searches with them."""
_LEAST: Final = 8
"""Shorter values than this are words that a text may hold by chance ("ollama", "EMPTY")."""
_LOOKS_LIKE_A_KEY: Final = re.compile(
    r"\b(?=[-\w]*\d)(?:(?:sk|rk|pk|csk|xai|pplx|nvapi)-|(?:gsk|hf|fw)_|tgp_v1_|AIza|ABSK)[-\w+/]{20,}"
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{12,}(?::[^\s\"']+)?"
    r"|\bBearer\s+[-._~+/A-Za-z0-9]{16,}=*"
)
"""Keys of vendors that mark them; a digit tells them from words with hyphens."""


class Secret:
    """A key or token in memory.

    `repr`, `str` and `format` show `Secret(…)`. The value leaves only through `reveal()`, which is
    called where the bytes go onto the wire or into the vault, and nowhere else. Python cannot wipe
    memory: a process that can read this kernel's memory can read the key.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str | bytes | Secret) -> None:
        if isinstance(value, Secret):
            value = value.reveal()
        # Bytes that are no UTF-8 are not refused here: Python's own error would show them.
        self._value = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)

    def reveal(self) -> str:
        """The value itself. Never log it, show it or put it in an exception."""
        return self._value

    def tail(self, shown: int = 4) -> str:
        """A mask for people: `…a1b2`, or `…` alone when the value is too short to mask."""
        return f"…{self._value[-shown:]}" if len(self._value) >= 4 * shown else "…"

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    __hash__ = None  # type: ignore[assignment]  # a hash of a key would be a fingerprint of it

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        msg = "a Secret cannot be pickled or copied"
        raise TypeError(msg)

    def __copy__(self) -> NoReturn:
        self.__reduce_ex__(0)

    def __deepcopy__(self, memo: object) -> NoReturn:
        self.__reduce_ex__(0)


def scrub(text: str, secrets: Iterable[Secret] = ()) -> str:
    """`text` without these secrets, parts of them, and what looks like a key of a known vendor.

    A secret is found as it is, in a URL, in JSON, in base64 and in hex; of a cut one every run of
    12 characters.
    """
    return scrubber(secrets)(text)


def scrubber(secrets: Iterable[Secret]) -> Callable[[str], str]:
    """`scrub` for many texts: what to look for is worked out once."""
    runs: set[str] = set()
    for secret in secrets:
        value = secret.reveal()
        if len(value) >= _LEAST:
            for form in _forms(value):
                runs.update(form[i : i + _RUN] for i in range(max(1, len(form) - _RUN + 1)))
    return lambda text: _LOOKS_LIKE_A_KEY.sub(_MASK, _without(text, runs))


def _forms(value: str) -> set[str]:
    """How a value looks where it has been put into something else."""
    raw = value.encode()
    forms = {value, quote(value, safe=""), json.dumps(value)[1:-1].replace("/", "\\/")}
    forms |= {raw.hex(), raw.hex().upper()}
    for before in range(3):  # where it begins within base64's groups of three bytes
        encoded = base64.b64encode(bytes(before) + raw).decode()
        end = (before + len(raw)) * 4 // 3
        inner = encoded[-(-before * 4 // 3) : end]  # the characters that no neighbour has a part in
        forms |= {inner, inner.replace("+", "-").replace("/", "_")}
    return forms


def _without(text: str, runs: set[str]) -> str:
    """`text` with a mask for each stretch that `runs` cover."""
    if not any(run in text for run in runs):
        return text
    kept: list[str] = []
    end = 0
    lengths = sorted({len(run) for run in runs}, reverse=True)
    for start in range(len(text)):
        length = next((n for n in lengths if text[start : start + n] in runs), 0)
        if length:
            if start > end or not kept:
                kept += [text[end:start], _MASK]
            end = max(end, start + length)
    return "".join([*kept, text[end:]])
