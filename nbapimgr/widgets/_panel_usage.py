"""How often each provider was asked on each of the last days: the numbers of the sparklines."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from nbapimgr.manager import Manager

__all__ = ["DAYS", "calls_by_day"]

DAYS: Final = 14
_ACCOUNT: Final = re.compile("[:#]")
"""What stands between an account and its key's alias or fingerprint (`credential_id`)."""


def calls_by_day(manager: Manager, today: datetime | None = None) -> dict[str, list[int]]:
    """Attempts of each configured provider on each day (UTC), the oldest first, today's last."""
    if not manager.places.data.exists():  # nothing was asked yet, and pandas takes a second
        return {}
    last = (today or datetime.now(UTC)).date()
    first = last - timedelta(days=DAYS - 1)
    frame = manager.usage(datetime.combine(first, time(), UTC), ["started_at", "credential_id"])
    counts = {name: [0] * DAYS for name in manager.providers}
    for moment, account in zip(frame["started_at"], frame["credential_id"], strict=True):
        days = counts.get(_ACCOUNT.split(str(account), maxsplit=1)[0])
        at = (moment.date() - first).days
        if days is not None and 0 <= at < DAYS:
            days[at] += 1
    return {name: days for name, days in counts.items() if any(days)}
