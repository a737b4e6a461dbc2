"""What came of the free call that checks a provider and its key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from nbapimgr.models._record import Record

if TYPE_CHECKING:
    from nbapimgr.models import Failure

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
    category: str = ""
    """Of the failure, where there was one."""
    at: float = 0.0
    """Seconds since the epoch."""
    elapsed: float = 0.0
    models: int | None = None
    """How many the provider listed, where the check was its list."""

    @property
    def answered(self) -> bool:
        """Whether the provider was there, whatever it thinks of the key."""
        return not self.category.startswith(_NO_ANSWER)


def verdict_on(failure: Failure) -> Verdict:
    """What a failed check says of the key."""
    if failure.category in _REJECTED:
        return "rejected"
    return "limited" if failure.category in _LIMITED else "unknown"
