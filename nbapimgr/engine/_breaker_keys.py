"""Whose breaker it is: what the failures of a candidate are laid to."""

from __future__ import annotations

import functools
import hashlib
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from nbapimgr.engine._breaker_rules import Identity, is_definite
from nbapimgr.engine._hosts import origin_of

if TYPE_CHECKING:
    from nbapimgr.models import Breaker, Candidate, Scope
    from nbapimgr.secret import Secret

    Id = tuple[Scope, str]

__all__ = [
    "KEYED",
    "SCOPES",
    "fingerprint",
    "home_of",
    "host_of",
    "identity_of",
    "ids_of",
    "is_keyed",
]

SCOPES: Final = ("provider", "host", "model", "credential", "account")
"""What can be left alone."""
KEYED: Final = frozenset({"credential", "account"})
"""What another key is not."""


def fingerprint(key: Secret | None, salt: bytes) -> str:
    """What tells one key from another and gives neither away; empty for none."""
    if not key:
        return ""
    return hashlib.blake2b(key.reveal().encode(), key=salt, digest_size=8).hexdigest()


@functools.lru_cache(1024)
def host_of(name: str, base_url: str) -> str:
    """Scheme, host and port; the name of a provider that this machine starts itself."""
    parts = urlsplit(origin_of(base_url))
    # What stands before the @ may be a password.
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else name


@functools.lru_cache(1024)
def home_of(name: str, base_url: str) -> str:
    """A provider at its address: with another base URL it starts afresh."""
    return f"{name} {host_of(name, base_url)}"


def is_keyed(breaker: Breaker) -> bool:
    """Whether it is of one key, and says nothing of another.

    So it is, too, where a model is not there or may not be used until something changes: providers
    answer alike when it does not exist and when this key has no right to it.
    """
    return breaker.scope in KEYED or (breaker.scope == "model" and is_definite(breaker))


def identity_of(
    scope: Scope, candidate: Candidate, mark: str, *, definite: bool = False
) -> Identity:
    """Whose breaker a failure of that scope is.

    Args:
        scope: What the failure names.
        candidate: Who was asked.
        mark: The fingerprint of the key that was sent.
        definite: Whether it will fail again until somebody changes something.
    """
    provider = candidate.provider
    name, home = provider.name, home_of(provider.name, provider.base_url)
    match scope:
        case "credential" | "account":
            # Another key may belong to another account, and one refusal tells at once.
            return Identity(scope, f"{home} {mark}", _with_key(name, candidate), name)
        case "model" if definite:
            key = f"{home} {candidate.model} {mark}"
            return Identity(scope, key, _with_key(str(candidate), candidate), name)
        case "model":
            return Identity(scope, f"{home} {candidate.model}", str(candidate), name)
        case "host":
            host = host_of(name, provider.base_url)
            return Identity(scope, host, host.rpartition("/")[2], name)
        case _:
            return Identity("provider", home, name, name)


def ids_of(candidate: Candidate, mark: str | None) -> tuple[Id, ...]:
    """The breakers that a candidate may be under; without those of its key where `mark` is None."""
    provider = candidate.provider
    home = home_of(provider.name, provider.base_url)
    ids: tuple[Id, ...] = (
        ("provider", home),
        ("host", host_of(provider.name, provider.base_url)),
        ("model", f"{home} {candidate.model}"),
    )
    if mark is None:
        return ids
    return (
        *ids,
        ("model", f"{home} {candidate.model} {mark}"),
        ("credential", f"{home} {mark}"),
        ("account", f"{home} {mark}"),
    )


def _with_key(label: str, candidate: Candidate) -> str:
    return f"{label} (key {candidate.credential})" if candidate.credential else label
