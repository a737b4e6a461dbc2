"""The order that a policy gives to candidates, and by what each has its place. Pure.

    priority   as they come: as the route names them, providers by their `priority`
    cheapest   the lower list price of one and the same call first
    fastest    the lower median of the seconds its answers took first
    balanced   the lower sum of its two ranks, by price and by speed, first
    spread     each call begins with the next one in turn, so that all share the load on limits

Who ties keeps the order of `priority`, and so do those of whom the figure is unknown: behind all
others where one figure decides, with the middle rank where two do. Unknown is neither free nor
slow. The keys of one provider's model stay together, in their order.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from nbapimgr.models import Candidate

    Placed = tuple[float, str]
    """What is sorted by, the lowest first; and why, in words."""

__all__ = ["Figure", "Known", "ordered"]


class Figure(NamedTuple):
    """What a candidate is compared by."""

    value: float | None
    """The lower, the better; None where it is unknown."""
    said: str
    """The same in words, for `%llm why`."""


class Known(NamedTuple):
    """What can be known of candidates; only what the policy needs is asked for."""

    price: Callable[[Candidate], Figure]
    speed: Callable[[Candidate], Figure]
    turn: Callable[[], int]
    """The number of the call, from 0."""


def ordered(
    policy: str, candidates: Sequence[Candidate], known: Known
) -> tuple[list[Candidate], dict[str, str]]:
    """The candidates in a policy's order, and "provider:model" -> why it has its place.

    Where there is nothing to order nothing is asked for and no reason given.
    """
    groups: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        groups.setdefault(str(candidate), []).append(candidate)
    rule = _RULES.get(policy)
    if rule is None or len(groups) < 2:  # noqa: PLR2004  # one has no order
        return list(candidates), {}
    placed = dict(zip(groups, rule([keys[0] for keys in groups.values()], known), strict=True))
    names = sorted(groups, key=lambda name: placed[name][0])
    return (
        [candidate for name in names for candidate in groups[name]],
        {name: f"{policy}: {why}" for name, (_, why) in placed.items()},
    )


def _cheapest(candidates: Sequence[Candidate], known: Known) -> list[Placed]:
    return _by(map(known.price, candidates))


def _fastest(candidates: Sequence[Candidate], known: Known) -> list[Placed]:
    return _by(map(known.speed, candidates))


def _balanced(candidates: Sequence[Candidate], known: Known) -> list[Placed]:
    prices, speeds = list(map(known.price, candidates)), list(map(known.speed, candidates))
    return [
        (cost + pace, f"{cost + pace:g} = {cost:g} ({price.said}) + {pace:g} ({speed.said})")
        for cost, pace, price, speed in zip(
            _ranks(prices), _ranks(speeds), prices, speeds, strict=True
        )
    ]


def _spread(candidates: Sequence[Candidate], known: Known) -> list[Placed]:
    start, all_ = known.turn(), len(candidates)
    waits = [(place - start) % all_ for place in range(all_)]
    return [(wait, f"in turn, {_calls(wait)}") for wait in waits]


def _calls(wait: int) -> str:
    if not wait:
        return "first this time"
    return f"first in {wait} call{'s' * (wait > 1)}"


def _by(figures: Iterable[Figure]) -> list[Placed]:
    return [(_LAST if value is None else value, said) for value, said in figures]


def _ranks(figures: Sequence[Figure]) -> list[float]:
    """1 for the lowest, ties share the better rank; unknown is in the middle of those known."""
    values = sorted(figure.value for figure in figures if figure.value is not None)
    middle = (1 + max(1, len(values))) / 2
    return [
        middle if figure.value is None else 1 + bisect_left(values, figure.value)
        for figure in figures
    ]


_LAST: Final = float("inf")
_RULES: Final[dict[str, Callable[[Sequence[Candidate], Known], list[Placed]]]] = {
    "cheapest": _cheapest,
    "fastest": _fastest,
    "balanced": _balanced,
    "spread": _spread,
}
