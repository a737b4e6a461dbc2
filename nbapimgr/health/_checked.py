"""What came of the free call that checks a provider and its key."""

from __future__ import annotations

from typing import Final, Literal

from nbapimgr.models import Failure, ModelInfo
from nbapimgr.models._record import Record

__all__ = ["Checked", "Verdict", "verdict_on"]

Verdict = Literal["valid", "limited", "rejected", "unknown"]

_REJECTED: Final = frozenset({"auth.invalid_key"})
_LIMITED: Final = frozenset(
    {
        "auth.permission",
        "auth.region",
        "quota.exhausted",
        "rate_limit.daily",
    }
)
"""The key was known, or it would not have been told this."""
_NO_ANSWER: Final = ("network.", "service.")


class Checked(Record, frozen=True, kw_only=True):
    """The result of a check: what is known of the key, and whether anybody answered."""

    provider: str
    verdict: Verdict
    """valid: the key works. limited: it works, and `reason` stands in the way. rejected: it does
    not. unknown: nobody answered, or what answered says nothing about a key."""
    reason: str = ""
    """In words for people; empty where all is well."""
    failure: Failure | None = None
    """Why there was no good answer."""
    at: float = 0.0
    """Seconds since the epoch."""
    elapsed: float = 0.0
    models: int | None = None
    """How many the provider listed, where the check was its list."""
    listed: tuple[ModelInfo, ...] = ()
    """What it said of them, where the list came whole; for whoever asked, and not kept."""

    @property
    def answered(self) -> bool:
        """Whether the provider was there, whatever it thinks of the key."""
        return self.failure is None or not self.failure.category.startswith(_NO_ANSWER)


def verdict_on(failure: Failure) -> Verdict:
    """What a failed check says of the key."""
    if failure.category in _REJECTED:
        return "rejected"
    return "limited" if failure.category in _LIMITED else "unknown"
