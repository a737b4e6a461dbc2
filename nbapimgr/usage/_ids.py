"""Ids of calls: UUIDv7, so that they sort by time and need no coordination."""

from __future__ import annotations

import os

__all__ = ["ID_BYTES", "new_call_id"]

ID_BYTES = 16

_VERSION = 7 << 76
_VARIANT = 0b10 << 62


def new_call_id(now: float) -> bytes:
    """A new UUIDv7 as its 16 bytes.

    The twelve bits after the version hold the fraction of the millisecond (RFC 9562, section 6.2,
    method 3); the last 62 bits are from the operating system, so that a forked child never
    repeats its parent's.

    Args:
        now: Seconds since the epoch.
    """
    millis, micros = divmod(int(now * 1_000_000), 1000)
    time = (millis & 0xFFFF_FFFF_FFFF) << 80 | (micros * 4096 // 1000) << 64
    chance = int.from_bytes(os.urandom(8)) & (1 << 62) - 1
    return (time | _VERSION | _VARIANT | chance).to_bytes(ID_BYTES)
