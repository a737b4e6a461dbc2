"""Takes the key out of what a provider said: some servers repeat what they were sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from nbapimgr.secret import scrubber

if TYPE_CHECKING:
    from nbapimgr.models import Failure
    from nbapimgr.secret import Secret

__all__ = ["without_key"]

_WORDS: Final = ("message", "detail", "evidence", "type", "code", "request_id")
"""The fields of a failure that may hold words of the provider."""


def without_key(failure: Failure, request_id: str | None, key: Secret | None) -> Failure:
    """The failure with the id of its request, and with the key, or parts of it, masked."""
    said = {name: getattr(failure, name) for name in _WORDS}
    said["request_id"] = failure.request_id or request_id
    clean = scrubber([key] if key else [])
    words = {name: text for name, text in said.items() if text}
    whole = "\n".join(words.values())
    if clean(whole) != whole:  # as a rule there is nothing to mask, and one look is enough
        words = {name: clean(text) for name, text in words.items()}
    return msgspec.structs.replace(failure, **words)
