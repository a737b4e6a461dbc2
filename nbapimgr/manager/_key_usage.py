"""What the usage rows say of each key: how often, how much, when last, and whether it was refused.

Rows name a key by its account and its fingerprint, or its alias where it is not of the vault.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import msgspec

from nbapimgr.vault import CredentialInfo, KeyUse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from nbapimgr.usage import UsageStore

__all__ = ["KeyUses", "key_uses", "with_use"]

_DAYS: Final = 90
"""How far back is looked: three times as long as a key may rest before that is said."""
_UNUSED: Final = 30
"""Days after which a key that nobody needs is better removed."""
_DAY: Final = 86_400
_FRESH: Final = 60.0
"""Seconds for which what was read is good."""
_COLUMNS: Final = (
    "credential_id", "started_at", "outcome", "error_type", "input_tokens", "output_tokens",
    "cost_amount",
)  # fmt: skip
_REFUSED: Final = "auth.invalid_key"


class KeyUses:
    """The use of all keys, read from the rows when it is asked for and kept for a minute.

    Args:
        read: Reads the rows; takes a second when it is called first.

    Attributes:
        known: What was read last; None before the first time.
    """

    def __init__(self, read: Callable[[], dict[str, KeyUse]]) -> None:
        self.known: dict[str, KeyUse] | None = None
        self._read = read
        self._at = 0.0

    def fresh(self) -> dict[str, KeyUse]:
        """What the rows say now, or said within the last minute."""
        now = time.monotonic()
        if self.known is None or now - self._at > _FRESH:
            self.known, self._at = self._read(), now
        return self.known


def key_uses(store: UsageStore) -> dict[str, KeyUse]:
    """The use of each key by its name in the rows, of the last 90 days. Kept answers are none."""
    frame = store.frame(f"{_DAYS}d", _COLUMNS)
    frame = frame[frame["outcome"] != "cached"]
    found = {}
    for name, rows in frame.groupby("credential_id", observed=True):
        last = rows.iloc[-1]  # they come oldest first
        moment = int(last["started_at"].timestamp())
        cost = rows["cost_amount"].sum(min_count=1)
        tokens = rows[["input_tokens", "output_tokens"]].sum().sum()
        found[str(name)] = KeyUse(
            calls=len(rows),
            failed=int((rows["outcome"] == "error").sum()),
            tokens=int(tokens),
            cost=None if cost != cost else float(cost),  # noqa: PLR0124  # NaN is unknown
            last=moment,
            refused=moment if last["error_type"] == _REFUSED else 0,
        )
    return found


def _name(info: CredentialInfo) -> str:
    """What the usage rows call a key (`Credentials.credential_id`)."""
    if info.fingerprint:
        return f"{info.provider}#{info.fingerprint}"
    return f"{info.provider}:{info.alias}"


def with_use(
    infos: Sequence[CredentialInfo], uses: Mapping[str, KeyUse], now: float
) -> tuple[CredentialInfo, ...]:
    """A provider's keys with what the rows say of them.

    A spare is there to be unused: it counts as needed as long as a key of its provider is used.
    """
    infos = [msgspec.structs.replace(info, use=uses.get(_name(info), KeyUse())) for info in infos]
    lasts = {info.alias: _last(info) for info in infos}
    rested = min(int(now - max(lasts.values(), default=0)) // _DAY, _DAYS)
    return tuple(
        msgspec.structs.replace(info, unused=rested)
        if rested >= _UNUSED and info.state == "live" and lasts[info.alias]
        else info
        for info in infos
    )


def _last(info: CredentialInfo) -> int:
    """When a key was used last, or taken: a new one has had no time. 0 where nobody knows."""
    return max(info.created, info.use.last if info.use else 0)
