"""What the panel shows of a provider's keys, and when it advises a new one or none."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbapimgr.vault import CredentialInfo, KeyUse

__all__ = ["advice", "key_row"]


def key_row(key: CredentialInfo, now: float) -> dict[str, Any]:
    """A key as the page may know it: by its alias, with no more of it than its mask."""
    notes = []
    if key.state == "retired":
        notes.append(f"asked with last, until {_date(key.until)}")
    if key.created:
        notes.append(f"since {_date(key.created)}")
    if key.use and key.use.calls:
        notes.append(_used(key.use))
    if key.state == "live" and not key.active and (todo := key.advice(now)):
        notes.append(todo)
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
    if not keys or keys[0].state != "live":
        return ""
    if why := keys[0].rotate(now):
        return f"Change this key: {why}. Make a new one at {title}, paste it here, revoke this."
    if days := keys[0].unused:
        return f"This key was not used for {days} days: remove it if nothing else needs it."
    return ""


def _used(use: KeyUse) -> str:
    """What the usage rows of the last 90 days say."""
    said = [f"{use.calls} call{'s' * (use.calls != 1)} in 90 days"]
    if use.failed:
        said.append(f"{use.failed / use.calls:.0%} failed")
    said.append(f"{use.tokens:,} tokens")
    if use.cost is not None:
        said.append(f"${use.cost:,.2f}")
    return ", ".join([*said, f"last on {_date(use.last)}"])


def _date(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).date().isoformat()
