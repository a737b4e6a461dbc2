"""What went wrong, in words that decide: every error of every provider becomes one `Failure`."""

from __future__ import annotations

from nbapimgr.wire.failures._classes import CATEGORIES, Class
from nbapimgr.wire.failures._classify import broken, classify, from_event, network
from nbapimgr.wire.failures._stated import Ability, Stated, stated, unable

__all__ = [
    "CATEGORIES",
    "Ability",
    "Class",
    "Stated",
    "broken",
    "classify",
    "from_event",
    "network",
    "stated",
    "unable",
]
