"""What a person gives as a key: taken, or refused with the reason and without being shown."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from nbapimgr.errors import OptionError
from nbapimgr.secret import Secret

__all__ = ["origin_of", "read_key"]

_MASKS: Final = ("…", "•", "●", "***", "....", "[secret]", "Secret(")
_QUOTES: Final = frozenset("\"'`“”«»")
_PORTS: Final = {"http": 80, "https": 443}


def read_key(key: str | bytes | Secret, whose: str) -> Secret:
    """A key without the white space around it.

    Raises:
        OptionError: It is empty, the display of a key, in quotes, or holds what no key has.
    """
    key = Secret(Secret(key).reveal().strip())  # a traceback that shows variables shows no key
    if fault := _fault(key):
        raise OptionError(f"the key for {whose!r} {fault[0]}", hint=fault[1])
    return key


def _fault(key: Secret) -> tuple[str, str] | None:
    """What is wrong with a key, and the hint; None when it can be one."""
    value = key.reveal()
    name, _, rest = value.partition("=")
    faults = (
        (not value, "is empty", ""),
        (
            any(mask in value for mask in _MASKS) or set(value) <= set("*.-_"),
            "is masked",
            "paste the key itself, not its display",
        ),
        ({value[:1], value[-1:]} & _QUOTES, "is in quotes", "paste it without them"),
        (
            rest.strip("=") and name.isupper() and name.isidentifier(),
            "is a line of an .env file",
            "paste what is behind the =",
        ),
        (value.startswith("Bearer "), "is a header", "paste what is behind Bearer"),
        (
            not value.isascii() or " " in value or not value.isprintable(),
            "holds spaces or letters no key has",
            "",
        ),
    )
    return next(((what, hint) for wrong, what, hint in faults if wrong), None)


def origin_of(url: str) -> str:
    """Scheme, host and port of an address: where a key may be sent. "" where there is none."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return url
    return f"{parts.scheme}://{(parts.hostname or '').lower()}:{port}" if url else ""
