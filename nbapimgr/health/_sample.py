"""What one attempt says of its candidate; nothing, where it was not the candidate's doing.

An attempt that a limit cut off says that the candidate failed, and no number of seconds. It would
have taken at least as long as the limit, perhaps for ever: counted as the limit, silence drives
twice its 99th percentile up by itself (5 s, 10 s, 20 s), although nobody is slow who is dead;
counted as less, a slow candidate is cut off by what its own slowness has made shorter. What the
limit let pass is known, and twice its slowest leaves room to grow. A candidate that has become
slower than that all at once is seen where nobody waits who could be answered by another: probes
and last resorts are given the longest limit there is (`engine._limits.PATIENT`), and what they
measure is no censored value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from nbapimgr.models import Attempt, Failure

__all__ = ["Sample", "sample_of"]

_BLAMELESS: Final = frozenset({"request", "local"})
"""Scopes of failures that another candidate would have had too."""
_ONE_KEY: Final = frozenset({"credential", "account"})
_STALLED: Final = "network.stall"
_SHORTEST_STREAM: Final = 0.05
"""Seconds a stream must last for a speed to be taken from it; shorter ones came in one piece."""


class Sample(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One attempt. Durations are seconds; None where the attempt does not tell."""

    wall: float
    """When it ended, seconds since the epoch; for people."""
    ok: bool
    duration: float | None = None
    """Of a good attempt: a quick refusal is no quick answer."""
    first_token: float | None = None
    """Of a streamed attempt, from its sending; others have no first token."""
    gap: float | None = None
    """The longest silence after the first token."""
    speed: float | None = None
    """Output tokens a second once the answer had begun."""
    category: str = ""
    """Of a failure."""
    credential: str | None = None
    """Whose alone the failure is; None where it concerns every key."""


def sample_of(attempt: Attempt) -> Sample | None:
    """The sample of an attempt; None where it blames and praises nobody.

    So it is where the user stopped it, where the request was to blame, where the provider's content
    rules refused, and where nobody was asked because the answer had been kept. A probe that was
    ended when its answer began says that it began, and when.
    """
    failure = attempt.failure
    first = attempt.first_chunk if attempt.stream else None
    whole = attempt.outcome in {"ok", "error"}
    if not whole and (not attempt.probe or first is None):
        return None
    if failure and _is_blameless(failure):
        return None
    ok = failure is None
    category = failure.category if failure else ""
    return Sample(
        wall=attempt.started_at + attempt.duration,
        ok=ok,
        duration=attempt.duration if ok and whole else None,
        first_token=_since_sent(attempt, first),
        gap=attempt.longest_gap if whole and category != _STALLED else None,
        speed=_speed(attempt, first) if ok and whole else None,
        category=category,
        credential=attempt.candidate.credential if failure and failure.scope in _ONE_KEY else None,
    )


def _is_blameless(failure: Failure) -> bool:
    return failure.scope in _BLAMELESS or failure.category.startswith("user.")


def _since_sent(attempt: Attempt, first: float | None) -> float | None:
    """What limits are about: how long the provider took, and not what was waited for here."""
    return None if first is None else max(0.0, first - attempt.queued)


def _speed(attempt: Attempt, first: float | None) -> float | None:
    tokens = attempt.usage.output_tokens if attempt.usage else None
    if not tokens or first is None:
        return None
    lasted = attempt.duration - first
    return tokens / lasted if lasted >= _SHORTEST_STREAM else None
