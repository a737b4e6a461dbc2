"""Finds a secret where it does not belong: settings are plain text, and people pass them on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlsplit

from nbapimgr.secret import scrub

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nbapimgr.models import Provider

__all__ = ["misplaced"]

_SECRET_NAMES: Final = frozenset(
    {
        "authorization", "proxy_authorization", "cookie", "key", "api_key", "apikey", "x_api_key",
        "x_goog_api_key", "token", "access_token", "auth_token", "x_auth_token", "session_token",
        "password", "secret", "client_secret",
    }
)  # fmt: skip
"""Names of headers, options and URL parameters whose value is a secret, with `_` for `-`."""


def misplaced(provider: Provider) -> str:
    """Which field of a provider holds a secret; empty when none does."""
    return next((place for place, name, value in _values(provider) if _secret(name, value)), "")


def _values(provider: Provider) -> Iterator[tuple[str, str, Any]]:
    url = urlsplit(provider.base_url)
    yield "base_url", "password" if "@" in url.netloc else "", url.netloc
    for name, value in parse_qsl(url.query):
        yield f"base_url ({name})", name, value
    for name, value in provider.headers.items():
        yield f"headers[{name!r}]", name, value
    for name, value in provider.options.items():
        yield f"options[{name!r}]", name, value


def _secret(name: str, value: object) -> bool:
    if name.lower().replace("-", "_") in _SECRET_NAMES:
        return True
    return isinstance(value, str) and scrub(value) != value
