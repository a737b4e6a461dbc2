"""What the panel shows of a provider's keys, and when it advises a new one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbapimgr.vault import CredentialInfo

__all__ = ["advice", "key_row"]

_OLD: Final = 90
"""Days after which a key should be replaced: CIS Google Cloud benchmark 1.15, and what vendors'
help pages say."""
_DAY: Final = 86_400


def key_row(key: CredentialInfo) -> dict[str, Any]:
    """A key as the page may know it: by its alias, with no more of it than its mask."""
    notes = []
    if key.state == "retired":
        notes.append(f"asked with last, until {_date(key.until)}")
    if key.created:
        notes.append(f"since {_date(key.created)}")
    return {
        "alias": key.alias,
        "masked": key.masked,
        "source": key.source,
        "active": key.active,
        "ours": ":" not in key.alias,
        "note": ", ".join(notes),
    }


def advice(keys: Sequence[CredentialInfo], title: str, now: float) -> str:
    """What a person should do about the active key, in a sentence; empty when nothing.

    Args:
        keys: The provider's, the active one first.
        title: How the provider is called.
        now: Seconds since the epoch.
    """
    if not keys or not keys[0].created:
        return ""
    days = int((now - keys[0].created) // _DAY)
    if days <= _OLD:
        return ""
    return f"This key is {days} days old: make a new one at {title}, paste it here, revoke this."


def _date(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).date().isoformat()
