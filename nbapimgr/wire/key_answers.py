"""What a good response to a key check says of the key besides that it is known.

By the names of its fields, whoever sent it: Cohere's `valid`, DeepSeek's `is_available`,
OpenRouter's `limit_remaining`, xAI's `api_key_blocked`, `api_key_disabled` and `team_blocked`, as
their references have them (autumn 2026).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from nbapimgr.wire._json import as_dict, loads
from nbapimgr.wire.catalogue import CATALOGUE

if TYPE_CHECKING:
    from nbapimgr.models import Provider

__all__ = ["answer_on_key", "has_public_models"]

_NO: Final[tuple[tuple[str, Any, Literal["rejected", "limited"], str], ...]] = (
    ("valid", False, "rejected", "the provider does not know this key"),
    ("api_key_disabled", True, "rejected", "the key is disabled"),
    ("api_key_blocked", True, "rejected", "the key is blocked"),
    ("team_blocked", True, "limited", "the key's team is blocked"),
    ("is_available", False, "limited", "the account's balance does not suffice for calls"),
)
"""Field, the value that is no good, what it says of the key, and the reason."""


def answer_on_key(body: bytes) -> tuple[Literal["valid", "limited", "rejected"], str]:
    """What the body of a 2xx says of the key, and the reason where that is not "valid".

    Raises:
        ValueError: It is not JSON.
    """
    said = as_dict(loads(body))
    said = as_dict(said.get("data")) or said  # OpenRouter's envelope
    for field, bad, verdict, reason in _NO:
        if said.get(field) is bad:
            return verdict, reason
    left = said.get("limit_remaining")
    if isinstance(left, int | float) and left <= 0:
        return "limited", "the key's spending limit is used up"
    return "valid", ""


def has_public_models(provider: Provider) -> bool:
    """Whether the list of models is given to anybody, so that it says nothing of the key."""
    entry = CATALOGUE.get(provider.vendor)
    at_home = entry is not None and provider.base_url.rstrip("/") == entry.base_url
    return entry is not None and at_home and entry.public_models
