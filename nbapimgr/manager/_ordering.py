"""Puts policies in force: each part of a route is ordered by its own, from what is known now."""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from nbapimgr.manager._estimates import price
from nbapimgr.manager._policies import Figure, Known, ordered
from nbapimgr.manager._routes import parts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from nbapimgr.manager._monitor import HealthMonitor
    from nbapimgr.manager._routes import Target
    from nbapimgr.models import Candidate, Plan
    from nbapimgr.settings import Settings

__all__ = ["Ordering"]

_INPUT: Final = 1_000
_OUTPUT: Final = 300
"""Tokens of the call that prices are compared by: a page is asked about, a paragraph answered.
One and the same for all, so that the order does not change from cell to cell."""


class Ordering:
    """Orders plans. Safe to use from any thread.

    Prices come from the user's list, else from that of genai-prices, which is loaded when the first
    plan is ordered by price (0.3 to 0.9 s, once) and keeps the rates of each model that was asked
    about. Without it prices are unknown, and no call fails.

    Args:
        monitor: Knows how long answers took, those of other kernels of the last two hours too.
        prices: The user's own price list.
    """

    def __init__(self, monitor: HealthMonitor, prices: Path) -> None:
        self._monitor = monitor
        self._prices = prices
        self._lock = threading.Lock()
        self._turns: dict[tuple[str | None, int], int] = {}
        """Route and part -> calls so far, of `spread`."""

    def ordered(self, plan: Plan, route: str | None, settings: Settings, *, take: bool) -> Plan:
        """The plan of a route with the candidates of each of its parts in their policy's order.

        Args:
            plan: In the order of `priority`.
            route: As the user wrote it.
            settings: Those the plan was made with.
            take: Whether the call is made, so that the next one has another turn.
        """
        found = parts(route, settings)
        if all(policy == "priority" for policy, _ in found):
            return plan
        first: dict[Target, int] = {}
        for number, (_, targets) in enumerate(found):
            for target in targets:
                first.setdefault(target, number)
        members: list[list[Candidate]] = [[] for _ in found]
        for candidate in plan.candidates:
            members[_part_of(candidate, first)].append(candidate)
        candidates: list[Candidate] = []
        reasons: dict[str, str] = {}
        for number, (policy, _) in enumerate(found):
            turn = partial(self._turn, (route, number), take=take)
            order, why = ordered(policy, members[number], Known(self._price, self._speed, turn))
            candidates += order
            reasons |= why
        return msgspec.structs.replace(
            plan, candidates=tuple(candidates), policy=found[0][0], reasons=reasons
        )

    def _price(self, candidate: Candidate) -> Figure:
        cost = price(candidate, _INPUT, _OUTPUT, at=time.time(), overrides=self._prices)
        if cost.amount is None:
            return Figure(None, "price unknown")
        if cost.currency != "USD":
            return Figure(None, f"price in {cost.currency}, which is not compared with dollars")
        amount = f"{cost.amount:.9f}".rstrip("0").rstrip(".")
        return Figure(cost.amount, f"${amount} for {_INPUT:,}+{_OUTPUT:,} tokens")

    def _speed(self, candidate: Candidate) -> Figure:
        self._monitor.remember()
        known = self._monitor.history.snapshot(candidate.provider.name, candidate.model)
        if known.duration_p50 is None:
            return Figure(None, "speed unknown")
        of = f"{known.attempts} attempt{'s' * (known.attempts != 1)}"
        return Figure(known.duration_p50, f"{known.duration_p50:.2f} s, median of {of}")

    def _turn(self, key: tuple[str | None, int], *, take: bool) -> int:
        with self._lock:
            turn = self._turns.get(key, 0)
            if take:
                self._turns[key] = turn + 1
        return turn


def _part_of(candidate: Candidate, first: Mapping[Target, int]) -> int:
    """The first part that names a candidate, by its model or as one of its provider's models."""
    name, model = candidate.provider.name, candidate.model
    targets: list[Target] = [(name, model)]
    if model in candidate.provider.models:
        targets.append((name, None))
    return min(first[target] for target in targets if target in first)
