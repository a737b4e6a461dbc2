"""A year's worth of outages for some providers, of which one is up at any time."""

from __future__ import annotations

import random
from bisect import bisect_right
from dataclasses import dataclass

__all__ = ["HARD", "KINDS", "Outage", "schedule", "standing"]

HARD = ("503", "500", "429", "402", "401", "404", "refused", "reset", "page")
"""Ways to fail that are known at once."""
LATE = ("cut", "garbled", "empty", "flapping")
"""Ways that are known when some of the answer is there, and one that comes and goes."""
SILENT = ("silent", "stalled", "slow")
"""Ways that are known only by waiting."""
KINDS = (*HARD, *LATE, *SILENT)
_LENGTHS = (20.0, 60.0, 300.0, 1200.0)
"""Seconds that outages last."""
_BETWEEN = 900.0
"""Mean seconds from the end of one to the beginning of the next, at one provider."""


@dataclass(frozen=True)
class Outage:
    """Some time in which a provider fails in one way."""

    begin: float
    end: float
    kind: str


def schedule(providers: int, seconds: float, chance: random.Random) -> list[list[Outage]]:
    """The outages of each provider, in order.

    Every kind is as likely as any other. One in which nobody at all would be up does not happen.
    """
    found: list[list[Outage]] = [[] for _ in range(providers)]
    ready = [chance.expovariate(1 / _BETWEEN) for _ in range(providers)]
    while min(ready) < seconds:
        who = ready.index(min(ready))
        begin = ready[who]
        end = begin + chance.choice(_LENGTHS) * chance.uniform(0.5, 1.5)
        outage = Outage(begin, end, chance.choice(KINDS))
        others = [outages for n, outages in enumerate(found) if n != who]
        if not _leaves_nobody(outage, others):
            found[who].append(outage)
        ready[who] = end + chance.expovariate(1 / _BETWEEN)
    return found


def standing(outages: list[Outage], at: float) -> Outage | None:
    """The outage a provider has at a moment."""
    place = bisect_right(outages, at, key=lambda outage: outage.begin) - 1
    return outages[place] if place >= 0 and at < outages[place].end else None


def _leaves_nobody(outage: Outage, others: list[list[Outage]]) -> bool:
    """Whether all others are down at some moment of an outage."""
    edges = {outage.begin} | {
        max(outage.begin, other.begin)
        for outages in others
        for other in outages[-3:]
        if other.begin < outage.end and other.end > outage.begin
    }
    return any(all(standing(outages, edge) for outages in others) for edge in edges)
