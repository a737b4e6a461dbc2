"""The newest attempts of one candidate, each weighing less the more and the longer ago it was.

Quantiles come from a bounded sample with exact weights and not from a sketch: beyond the newest
hundred an attempt weighs less than a thirtieth of a new one, and sorting a hundred numbers is
simpler to trust than a digest.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from nbapimgr.health._snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nbapimgr.health._sample import Sample

__all__ = ["Track"]

_KEPT: Final = 100
_HALF_BY_COUNT: Final = 20.0
"""Attempts after which one weighs half."""
_HALF_BY_TIME: Final = 20 * 60.0
"""Seconds after which one weighs half. A half-life of seconds, as balancers of busy servers use it,
forgets a notebook's calls before the next one: at one a minute exp(-60/10) is left, 0.25 %."""
_BY_COUNT: Final = tuple(0.5 ** (place / _HALF_BY_COUNT) for place in range(_KEPT))
_PRIOR_RATE, _PRIOR_WEIGHT = 0.95, 1.0
"""What is believed of a candidate nothing is known of, and how many attempts that belief weighs.
What was seen fades; the rate so returns to this one and not to 0 or to what it was."""

Weighted = list[tuple[float, float]]
"""(value, weight)."""


class Track:
    """The samples of one candidate, the newest first, with the moment of each on the clock."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, Sample]] = deque(maxlen=_KEPT)
        self.attempts = 0
        self._last_ok: float | None = None
        self._last_failed: float | None = None
        self._last_category = ""
        self._failures_in_a_row = 0

    @classmethod
    def of_all(cls, tracks: Sequence[Track]) -> Track:
        """One track of the newest samples of several."""
        merged = cls()
        samples = (pair for track in tracks for pair in track._samples)  # noqa: SLF001  # its own
        for at, sample in sorted(samples, key=_moment):
            merged.add(at, sample)
        merged.attempts = sum(track.attempts for track in tracks)
        return merged

    def add(self, at: float, sample: Sample) -> None:
        """Take a sample in, at a moment on the clock that `snapshot` is given too."""
        self._samples.appendleft((at, sample))
        self.attempts += 1
        if sample.ok:
            self._last_ok, self._failures_in_a_row = sample.wall, 0
        else:
            self._last_failed, self._last_category = sample.wall, sample.category
            self._failures_in_a_row += 1

    def usual_slowest(self, now: float) -> tuple[float | None, float | None, float, float]:
        """The 99th percentiles of the first token and of the gaps, each with what it rests on."""
        weighed = list(self._weighed(now))
        firsts, gaps = _pick(weighed, "first_token"), _pick(weighed, "gap")
        (first,), (gap,) = _quantiles(firsts, (0.99,)), _quantiles(gaps, (0.99,))
        return first, gap, _total(firsts), _total(gaps)

    def snapshot(self, now: float, key: tuple[str, str], credential: str | None) -> Snapshot:
        """What is known now; failures of other keys alone are left out where one is named."""
        weighed = list(self._weighed(now))
        mine = [
            (weight, sample)
            for weight, sample in weighed
            if credential is None or sample.credential in {None, credential}
        ]
        weight = sum(weight for weight, _ in mine)
        good = sum(weight for weight, sample in mine if sample.ok)
        p50, p95 = _quantiles(_pick(weighed, "duration"), (0.5, 0.95))
        first50, first95, first99 = _quantiles(_pick(weighed, "first_token"), (0.5, 0.95, 0.99))
        (gap99,) = _quantiles(_pick(weighed, "gap"), (0.99,))
        (speed,) = _quantiles(_pick(weighed, "speed"), (0.5,))
        return Snapshot(
            provider=key[0],
            model=key[1],
            credential=credential,
            attempts=self.attempts,
            weight=weight,
            success_rate=(good + _PRIOR_RATE * _PRIOR_WEIGHT) / (weight + _PRIOR_WEIGHT),
            observed_rate=good / weight if weight else None,
            failures_in_a_row=self._failures_in_a_row,
            duration_p50=p50,
            duration_p95=p95,
            first_token_p50=first50,
            first_token_p95=first95,
            first_token_p99=first99,
            gap_p99=gap99,
            tokens_per_second=speed,
            last_ok=self._last_ok,
            last_failed=self._last_failed,
            last_category=self._last_category,
        )

    def _weighed(self, now: float) -> Iterable[tuple[float, Sample]]:
        for weight, (at, sample) in zip(_BY_COUNT, self._samples, strict=False):
            # A clock that was set back gives no age below zero.
            yield weight * 0.5 ** (max(0.0, now - at) / _HALF_BY_TIME), sample


def _moment(pair: tuple[float, Sample]) -> float:
    return pair[0]


def _pick(weighed: Iterable[tuple[float, Sample]], field: str) -> Weighted:
    return [
        (value, weight)
        for weight, sample in weighed
        if (value := getattr(sample, field)) is not None
    ]


def _total(values: Weighted) -> float:
    return sum(weight for _, weight in values)


def _quantiles(values: Weighted, shares: Sequence[float]) -> list[float | None]:
    """For each share the smallest value that so much of the weight does not exceed."""
    values = sorted(values)
    total = _total(values)
    found: list[float | None] = []
    for share in shares:
        below, answer = 0.0, None
        for value, weight in values:
            below += weight
            answer = value
            if below >= share * total:
                break
        found.append(answer)
    return found
