"""What may be shown of a credential, and what should be done about it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import msgspec

__all__ = ["CredentialInfo", "KeyUse"]

_DAY: Final = 86_400
_OLD: Final = 90
"""Days after which vendors and CIS (Google Cloud benchmark 1.15) say to change a key."""


class KeyUse(msgspec.Struct, frozen=True, kw_only=True):
    """What the usage rows say of one credential; the sums are of the period that was looked at."""

    calls: int = 0
    """Attempts, failed ones too."""
    failed: int = 0
    """Of them, those that a provider failed."""
    tokens: int = 0
    cost: float | None = None
    """US dollars; None where no price is known."""
    last: int = 0
    """When it was used last, in Unix seconds; 0 for not in the period."""
    refused: int = 0
    """When its provider refused it, where that was the last that came of it; else 0."""


class CredentialInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What may be shown of a credential. Moments are Unix seconds, 0 for never."""

    provider: str
    alias: str
    active: bool
    source: str
    """ "this kernel", "vault", "Colab secret NAME" or "environment variable NAME"."""
    masked: str
    state: str = "live"
    """ "live", "retired" (sent last, until `until`), "removed" (comes back with undo)."""
    until: int = 0
    fingerprint: str = ""
    """Tells keys apart in the usage rows; of keys in the vault."""
    origin: str = ""
    """Where it may be sent; "" for where its provider is."""
    created: int = 0
    checked: int = 0
    verdict: str = ""
    reason: str = ""
    seen: str = ""
    """Where the last search for keys that lie around found it."""
    ending: str = ""
    """What its provider has announced of keys of this form."""
    use: KeyUse | None = None
    """None where the usage rows were not looked at."""
    unused: int = 0
    """Days for which nobody needed it; 0 where it is needed or that is not known."""

    def advice(self, now: float) -> str:
        """What should be done about the key at a moment, and why; "" where nothing should."""
        if self.state == "retired":
            return "revoke it on the provider's page"
        if self.state != "live":
            return ""
        if why := self.rotate(now):
            return f"rotate it: {why}"
        if self.unused:
            return f"remove it if nothing else needs it: it was not used for {self.unused} days"
        return ""

    def rotate(self, now: float) -> str:
        """Why another key should take the place of this live one; "" where none needs to.

        What has happened comes before what the calendar says.
        """
        refused = self.use.refused if self.use else 0
        days = int(now - self.created) // _DAY if self.created else 0
        reason = f" ({self.reason})" if self.reason else ""
        said = (
            (self.verdict == "rejected", f"the provider rejects it{reason}"),
            (refused > self.checked, f"the provider refused it on {_date(refused)}"),
            (self.seen, f"it was seen in {self.seen}"),
            (self.ending, self.ending),
            (days > _OLD, f"it is {days} days old"),
        )
        return next((why for so, why in said if so), "")


def _date(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).date().isoformat()
