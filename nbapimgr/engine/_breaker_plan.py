"""The plan with those that are left alone behind the others. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from nbapimgr.engine._breaker_keys import is_keyed
from nbapimgr.models import Skip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbapimgr.engine._breaker_view import Standing
    from nbapimgr.models import Candidate, Plan

__all__ = ["Arranged", "arrange"]


class Arranged(NamedTuple):
    """A plan, and how those in it stand."""

    plan: Plan
    fit: int
    """How many of its candidates are not left alone; they come first."""
    probe: Candidate | None = None
    """Who is due for a probe beside the call."""


def arrange(plan: Plan, standings: Sequence[Standing | None], wall: float) -> Arranged:
    """The order in which a plan's candidates are tried as they stand.

    Who is left alone is a last resort, the one that is due soonest first, and the very last those
    with what has to be mended: it may have been, and one more refusal is cheaper than a lost cell
    (of 12,000 calls over providers that fail in turn, 1,210 were lost without). A probe is worth
    its cost where the user would rather have asked the candidate than who is asked now.

    Args:
        plan: As the user wishes it.
        standings: One for each candidate; None for those that can be asked.
        wall: Seconds since the epoch, for the reasons.
    """
    pairs = list(zip(plan.candidates, standings, strict=True))
    fit = [candidate for candidate, standing in pairs if standing is None]
    held = [(candidate, standing) for candidate, standing in pairs if standing is not None]
    if not held:
        return Arranged(plan, len(fit))
    probe = _probe(pairs) if fit else None
    held.sort(key=lambda pair: (pair[1].definite, pair[1].trying, pair[1].wait))
    order = fit + [candidate for candidate, _ in held]
    resorts = tuple(
        Skip(candidate=str(candidate), reason=_why(candidate, standing, wall))
        for candidate, standing in held
    )
    arranged = msgspec.structs.replace(plan, candidates=tuple(order), resorts=resorts)
    return Arranged(arranged, len(fit), probe)


def _probe(pairs: Sequence[tuple[Candidate, Standing | None]]) -> Candidate | None:
    """Who before the first fit candidate is due and not being tried."""
    first = next(place for place, (_, standing) in enumerate(pairs) if standing is None)
    due = (c for c, standing in pairs[:first] if standing and _is_due(standing))
    return next(due, None)


def _is_due(standing: Standing) -> bool:
    return not standing.wait and not standing.trying


def _why(candidate: Candidate, standing: Standing, wall: float) -> str:
    breaker = standing.breaker
    reason = breaker.line(wall)
    if is_keyed(breaker) and candidate.credential:
        return f"{reason} (key {candidate.credential})"
    return reason
