"""A value that must not be seen: redacted wherever it is shown, never copied, never pickled."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from typing import SupportsIndex

__all__ = ["Secret"]


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
        self._value = value.decode("utf-8") if isinstance(value, bytes) else str(value)

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
