"""The memory of all candidates of one kernel: bounded, safe to use from any thread."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from nbapimgr.health._sample import sample_of
from nbapimgr.health._track import Track

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from nbapimgr.health._snapshot import Snapshot
    from nbapimgr.models import Attempt, Candidate

__all__ = ["History"]

_CANDIDATES: Final = 256
"""Candidates remembered; the one not heard of for the longest time goes first. With a hundred
attempts each that is some 4 MB, and a notebook has a tenth of it."""
_ENOUGH: Final = 5.0
"""Weight of attempts from which a limit is taken; with fewer the candidate is unknown."""
_LITTLE: Final = 10
"""Attempts that are sorted quickly enough to do it for each call, so that a limit shows at once."""
_PATIENCE: Final = 2.0
"""A limit is so many times the usual slowest."""
_FRESH: Final = 1.0
"""Seconds for which limits are kept: a burst of calls does not sort its past for each of them."""

Patience = tuple[float | None, float | None]
"""Seconds to the first token and between two pieces; None where too little is known."""


class History:
    """What attempts have shown, by provider and model.

    Args:
        clock: Seconds that never run backwards; what fades, fades by it.
        wall: Seconds since the epoch, for what is remembered from elsewhere.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self._wall = wall
        self._lock = threading.Lock()
        self._tracks: OrderedDict[tuple[str, str], Track] = OrderedDict()
        self._homes: dict[str, str] = {}
        """Provider -> the base URL its attempts went to."""
        self._kept: dict[tuple[str, str], tuple[float, Patience]] = {}

    def renew(self) -> None:
        """In a forked child: the lock may be held by a thread that is not there."""
        self._lock = threading.Lock()

    def observe(self, attempt: Attempt) -> bool:
        """Learn from an attempt; whether there was something to learn."""
        sample = sample_of(attempt)
        if sample is None:
            return False
        provider = attempt.candidate.provider
        with self._lock:
            if self._homes.setdefault(provider.name, provider.base_url) != provider.base_url:
                self._forget(provider.name)  # it has moved: its past says nothing of it
                self._homes[provider.name] = provider.base_url
            self._track(provider.name, attempt.candidate.model).add(self._clock(), sample)
        return True

    def seed(self, attempts: Iterable[Attempt]) -> None:
        """Remember what happened before this memory began, the oldest first, as old as it is."""
        with self._lock:
            now, today = self._clock(), self._wall()
            for attempt in attempts:
                if sample := sample_of(attempt):
                    age = max(0.0, today - sample.wall)  # the clock may have been set back since
                    candidate = attempt.candidate
                    self._track(candidate.provider.name, candidate.model).add(now - age, sample)

    def patience(self, candidate: Candidate) -> Patience:
        """How long a candidate may be silent before and after its first token: twice its p99."""
        name, home = candidate.provider.name, candidate.provider.base_url
        key = name, candidate.model
        with self._lock:
            track = self._tracks.get(key)
            if track is None or self._homes.get(name, home) != home:
                return None, None
            now = self._clock()
            made, limits = self._kept.get(key, (float("-inf"), (None, None)))
            if not 0 <= now - made < _FRESH:
                first, gap, firsts, gaps = track.usual_slowest(now)
                limits = (_twice(first, firsts), _twice(gap, gaps))
                if limits[0] is not None or track.attempts > _LITTLE:
                    self._kept[key] = now, limits
            return limits

    def snapshot(self, provider: str, model: str, credential: str | None = None) -> Snapshot:
        """What is known of a candidate; of one of its keys where that is named."""
        with self._lock:
            track = self._tracks.get((provider, model)) or Track()
            return track.snapshot(self._clock(), (provider, model), credential)

    def of_provider(self, provider: str) -> Snapshot:
        """What is known of a provider, all its models together."""
        with self._lock:
            tracks = [track for key, track in self._tracks.items() if key[0] == provider]
            return Track.of_all(tracks).snapshot(self._clock(), (provider, ""), None)

    def known(self) -> tuple[tuple[str, str], ...]:
        """Provider and model of all that is remembered, the newest last."""
        with self._lock:
            return tuple(self._tracks)

    def _forget(self, provider: str) -> None:
        for key in [key for key in self._tracks if key[0] == provider]:
            self._drop(key)

    def _track(self, provider: str, model: str) -> Track:
        key = (provider, model)
        track = self._tracks.get(key)
        if track is None:
            track = self._tracks[key] = Track()
            if len(self._tracks) > _CANDIDATES:
                self._drop(next(iter(self._tracks)))
        self._tracks.move_to_end(key)
        return track

    def _drop(self, key: tuple[str, str]) -> None:
        del self._tracks[key]
        self._kept.pop(key, None)


def _twice(slowest: float | None, weight: float) -> float | None:
    return None if slowest is None or weight < _ENOUGH else _PATIENCE * slowest
