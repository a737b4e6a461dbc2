"""Forms of keys of which their vendors have said that they will be taken no more."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["key_ending"]

_GOOGLE: Final = re.compile(r"AIza[\w-]{35}")
"""The old form; new keys begin with AQ. (discuss.ai.google.dev, topic 171786)."""


def key_ending(vendor: str, key: str) -> str:
    """What a vendor has announced of keys of this form, in words; "" where nothing is known."""
    if vendor == "google" and _GOOGLE.fullmatch(key):
        return "Google has announced to take keys of this form (AIza…) no more from September 2026"
    return ""
