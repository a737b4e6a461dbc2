"""What is known of a candidate at one moment, and the one word for it."""

from __future__ import annotations

from typing import Final, Literal

from nbapimgr.models._record import Record

__all__ = ["STATES", "Snapshot", "State"]

State = Literal["ok", "slow", "failing", "open", "unknown", "off"]

STATES: Final[dict[State, str]] = {
    "ok": "answers well",
    "slow": "answers, and begins late",
    "failing": "fails more often than not",
    "open": "is left alone until its breaker closes",
    "unknown": "was not asked lately",
    "off": "is disabled or has no key",
}
"""Each state, and what it means; in the words of a tooltip."""

_KNOWN: Final = 0.1
"""Weight of attempts below which nothing is known: one that is 66 minutes old."""
_FAILING: Final = 0.5
_SLOW: Final = 5.0
"""Seconds to the first token that half of the answers exceed."""


class Snapshot(Record, frozen=True, kw_only=True):
    """Durations are seconds, moments seconds since the epoch. None where nothing is known."""

    provider: str
    model: str
    credential: str | None = None
    """The key this is about; None for all of them together."""
    attempts: int = 0
    """How many there were since the memory began; they do not fade."""
    weight: float = 0.0
    """How many of them still count."""
    success_rate: float
    """Faded, and drawn towards what is believed of an unknown candidate: what decisions go by."""
    observed_rate: float | None = None
    """The share of good attempts alone, faded: what people are told."""
    failures_in_a_row: int = 0
    duration_p50: float | None = None
    duration_p95: float | None = None
    first_token_p50: float | None = None
    first_token_p95: float | None = None
    first_token_p99: float | None = None
    gap_p99: float | None = None
    """Between two pieces of a stream."""
    tokens_per_second: float | None = None
    last_ok: float | None = None
    last_failed: float | None = None
    last_category: str = ""

    @property
    def state(self) -> State:
        """The word for it, as far as the attempts tell: "ok", "slow", "failing" or "unknown"."""
        if self.weight < _KNOWN:
            return "unknown"
        if self.success_rate < _FAILING:
            return "failing"
        if self.first_token_p50 is not None and self.first_token_p50 > _SLOW:
            return "slow"
        return "ok"
