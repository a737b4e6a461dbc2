"""What a person is told when a key was taken."""

from __future__ import annotations

from nbapimgr.models._record import Record

__all__ = ["Receipt"]


class Receipt(Record, frozen=True, kw_only=True):
    """What was done with a key."""

    provider: str
    alias: str
    durable: bool
    """It is encrypted on the disk, twice, and was read back: no crash can lose it."""
    source: str
    """ "vault" or "this kernel"."""
    masked: str
    fingerprint: str = ""
    note: str = ""
    """What a person should know, in one line; empty when all is well."""
    hint: str = ""
    """What to do about it."""
