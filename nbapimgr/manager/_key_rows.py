"""Every key with all that may be shown of it, as plain rows."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from nbapimgr.vault import KeyUse

if TYPE_CHECKING:
    from nbapimgr.manager._manager import Manager

__all__ = ["credential_rows"]


def credential_rows(manager: Manager) -> list[dict[str, Any]]:
    """Every key, masked: what it is for, what its last check said, and until when it can go back.

    With what the usage rows of the last 90 days say of it. The retired and the removed are listed
    too.
    """
    return [
        {
            "provider": info.provider,
            "alias": info.alias,
            "active": info.active,
            "key": info.masked,
            "source": info.source,
            "state": info.state,
            "until": _day(info.until),
            "check": info.verdict,
            "why": info.reason,
            "checked": _day(info.checked),
            "created": _day(info.created),
            "address": info.origin,
            "fingerprint": info.fingerprint,
            **_use(info.use or KeyUse()),
            "do": info.advice(time.time()),
        }
        for name in manager.providers
        for info in manager.credentials.list(name, removed=True, usage=True)
    ]


def _use(use: KeyUse) -> dict[str, Any]:
    return {
        "calls": use.calls,
        "error_rate": round(use.failed / use.calls, 3) if use.calls else None,
        "tokens": use.tokens,
        "cost_usd": use.cost,
        "last_used": _day(use.last),
    }


def _day(moment: int) -> str:
    """A date in UTC; "" for never."""
    return datetime.fromtimestamp(moment, UTC).date().isoformat() if moment else ""
