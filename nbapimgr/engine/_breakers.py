"""Who is left alone: the breakers as the calls of one engine see them and change them."""

from __future__ import annotations

import logging
import os
import random
import threading
import time
import weakref
from typing import TYPE_CHECKING, Final

from nbapimgr.engine._breaker_keys import SCOPES, fingerprint, host_of, identity_of, ids_of
from nbapimgr.engine._breaker_plan import Arranged, arrange
from nbapimgr.engine._breaker_rules import (
    Identity,
    is_definite,
    is_open,
    outranks,
    rule_of,
    struck,
    tells_of_life,
)
from nbapimgr.engine._breaker_view import Seen, View, standing_of
from nbapimgr.errors import NbApiMgrError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from nbapimgr.engine._breaker_view import Standing
    from nbapimgr.models import Breaker, Candidate, Failure, Plan, Provider, Scope
    from nbapimgr.secret import Secret
    from nbapimgr.state import StateStore

    Listener = Callable[[Breaker, bool], object]

__all__ = ["LEASE", "Breakers"]

_log = logging.getLogger(__name__)

LEASE: Final = 40.0
"""Seconds for which one probe keeps others from being sent: as long as a silent one may take, with
its connection. It may be that of a kernel that has died."""
_PASSING: Final = ("service.", "network.")
"""Troubles that may be over when a provider answers anything. Whether money has come in, a limit
has passed or a key was changed that does not say."""
_every: weakref.WeakSet[Breakers] = weakref.WeakSet()
_POLL: Final = 0.25
"""Seconds between two looks at what other kernels have written."""


class Breakers:
    """The breakers of a place for shared state, seen by one engine. Safe to use from any thread.

    Args:
        store: Where they are kept.
        key_for: The key of a candidate: another key has another breaker.
        clock: Seconds on a clock that nobody sets.
        wall: Seconds since the epoch.
        chance: Draws from [0, 1).

    Attributes:
        listeners: Each is called with a breaker and whether it is open now, when that has changed,
            on the thread on which it was found out.
    """

    def __init__(
        self,
        store: StateStore,
        key_for: Callable[[Candidate], Secret | None],
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.store = store
        self.listeners: list[Listener] = []
        self._key_for = key_for
        self._clock, self._wall, self._chance = clock, wall, chance
        self._lock = threading.RLock()
        self._open = View()
        self._counting = View()
        self._version: object = None
        self._polled = float("-inf")
        _every.add(self)

    def arrange(self, plan: Plan) -> Arranged:
        """The plan as its candidates stand now."""
        with self._lock:
            self._look()
            if not self._open:
                return Arranged(plan, len(plan.candidates))
            standings = [self._standing(candidate) for candidate in plan.candidates]
        return arrange(plan, standings, self._wall())

    def standing(self, candidate: Candidate) -> Standing | None:
        """How a candidate stands that is left alone; None when it can be asked."""
        if not self._open:
            return None
        with self._lock:
            return self._standing(candidate)

    def all(self) -> tuple[Breaker, ...]:
        """Those that are open or due for a probe, the one that is due first leading."""
        with self._lock:
            self._look()
            now, wall = self._clock(), self._wall()
            found = [standing_of((seen,), now, wall) for seen in self._open]
        held = sorted((one for one in found if one), key=lambda standing: standing.wait)
        return tuple(standing.breaker for standing in held)

    def failed(
        self, candidate: Candidate, failure: Failure, key: Secret | None, age: float
    ) -> None:
        """Take note of a failed attempt.

        Args:
            candidate: Who was asked.
            failure: Why it failed.
            key: The key that was sent.
            age: Seconds since the attempt began.
        """
        if rule_of(failure) is not None:
            self._strike(candidate, failure, fingerprint(key, self.store.salt))
        elif tells_of_life(failure):
            self._close(candidate, None, age, {"provider", "host"})

    def succeeded(self, candidate: Candidate, key: Secret | None, age: float) -> None:
        """Take note of an answer to an attempt that began `age` seconds ago."""
        if self._open or self._counting:
            self._close(candidate, fingerprint(key, self.store.salt), age)

    def lease(self, candidate: Candidate) -> Breaker | None:
        """Take the one probe of a candidate in this engine.

        What is given is for `lease_for_all` and `release`; None where there is none to be had.
        """
        with self._lock:
            standing = self._standing(candidate)
            if standing is None or standing.wait or standing.trying:
                return None
            self._hold(standing.breaker, LEASE)
            return standing.breaker

    def lease_for_all(self, breaker: Breaker) -> bool:
        """Take the same among all kernels of the host. Takes its time."""
        return self.store.lease(breaker, self._wall(), LEASE)

    def release(self, breaker: Breaker) -> None:
        """Give the probe back: it has shown nothing."""
        with self._lock:
            self._hold(breaker, 0.0)

    def waiting(self) -> set[str]:
        """The providers that are left alone now, and would not be if they gave a sign of life."""
        with self._lock:
            self._look()
            now, wall = self._clock(), self._wall()
            held = [seen.breaker for seen in self._open if _passes(seen) and seen.wait(now, wall)]
        return {breaker.provider for breaker in held}

    def hasten(self, provider: str) -> None:
        """Who did not even answer its free call does again: it is tried with the next call."""
        with self._lock:
            for seen in self._open:
                if seen.breaker.provider == provider and _passes(seen):
                    seen.due = self._clock()

    def reset(self, provider: Provider | None = None) -> tuple[Breaker, ...]:
        """Close the breakers of a provider, or all; those that were closed."""
        host = host_of(provider.name, provider.base_url) if provider else ""
        with self._lock:
            self._look()
            closed = tuple(
                seen.breaker
                for seen in self._open
                if provider is None
                or seen.breaker.provider == provider.name
                or (seen.breaker.scope, seen.breaker.key) == ("host", host)
            )
            for breaker in closed:
                self._drop(breaker)
            self._counting = View()
        self.store.flush()
        return closed

    def forget(self) -> None:
        """Start anew in a forked process: whoever held the lock does not exist there."""
        self._lock = threading.RLock()

    def _hold(self, breaker: Breaker, seconds: float) -> None:
        if seen := self._open.get(breaker.scope, breaker.key):
            seen.leased = self._clock() + seconds

    def _look(self) -> None:
        """See what other kernels have written since the last look."""
        now = self._clock()
        if self._polled <= now < self._polled + _POLL:
            return
        self._polled = now
        version = self.store.version()
        if version == self._version:
            return
        self._version = version
        wall, before = self._wall(), self._open
        self._open = View()
        for breaker in self.store.breakers():
            known = before.get(breaker.scope, breaker.key)
            same = known is not None and known.breaker == breaker
            self._open.put(known if known and same else Seen(breaker, now, wall))
            if known is None:
                self._tell(breaker, is_open=True)
        for seen in before:
            if self._open.get(seen.breaker.scope, seen.breaker.key) is None:
                self._tell(seen.breaker, is_open=False)

    def _standing(self, candidate: Candidate) -> Standing | None:
        matching = self._open.of(candidate, self._mark)
        return standing_of(matching, self._clock(), self._wall()) if matching else None

    def _mark(self, candidate: Candidate) -> str | None:
        """The fingerprint of a candidate's key as it is now; None where there is none to be had."""
        try:
            return fingerprint(self._key_for(candidate), self.store.salt)
        except NbApiMgrError:
            return None

    def _strike(self, candidate: Candidate, failure: Failure, mark: str) -> None:
        rule = rule_of(failure)
        definite = rule is not None and rule.definite
        identity = identity_of(failure.scope, candidate, mark, definite=definite)
        with self._lock:
            self._look()
            now, wall = self._clock(), self._wall()
            known = _like(self._open, identity, candidate, failure)
            if known is not None:
                if known.wait(now, wall) and not outranks(failure, known.breaker, wall):
                    return
                identity = Identity.of(known.breaker)
            before = known or _like(self._counting, identity, candidate, failure)
            last = before.breaker if before else None
            after = Seen(struck(last, failure, identity, wall, self._chance()), now, wall)
            if last:
                self._counting.drop(last)
            if is_open(after.breaker):
                self._open.put(after)
                self.store.put(after.breaker)
                self._tell(after.breaker, is_open=True)
            else:
                self._counting.put(after)
                if known is not None:
                    self._drop(known.breaker)

    def _close(
        self,
        candidate: Candidate,
        mark: str | None,
        age: float,
        scopes: Collection[str] = SCOPES,
    ) -> None:
        """Close what a candidate is under; the news of an attempt older than a failure is old."""
        with self._lock:
            began = self._clock() - age
            for view, drop in ((self._counting, self._counting.drop), (self._open, self._drop)):
                ids = ids_of(candidate, mark)
                found = {view.get(*mine) for mine in ids if mine[0] in scopes}
                if mark is not None:
                    found.update(view.of_key_before(candidate))
                for seen in found:
                    if seen is not None and seen.opened <= began:
                        drop(seen.breaker)

    def _drop(self, breaker: Breaker) -> None:
        self._open.drop(breaker)
        self.store.drop(breaker)
        self._tell(breaker, is_open=False)

    def _tell(self, breaker: Breaker, *, is_open: bool) -> None:
        for listener in list(self.listeners):
            try:
                listener(breaker, is_open)
            except Exception:  # noqa: BLE001  # no listener may stop a call
                _log.exception("who listens for breakers failed")


def _passes(seen: Seen) -> bool:
    return not seen.breaker.stated and seen.breaker.category.startswith(_PASSING)


def _like(view: View, identity: Identity, candidate: Candidate, failure: Failure) -> Seen | None:
    """The breaker of an identity, or of what stands for the same.

    A host and the provider at it go down together, and each failure names but one of them.
    """
    own = view.get(identity.scope, identity.key)
    pairs: dict[str, Scope] = {"provider": "host", "host": "provider"}
    rule = rule_of(failure)
    if own is not None or identity.scope not in pairs or (rule and rule.definite):
        return own
    other = identity_of(pairs[identity.scope], candidate, "")
    twin = view.get(other.scope, other.key)
    return twin if twin is not None and not is_definite(twin.breaker) else None


def _after_fork_in_child() -> None:
    for breakers in list(_every):
        breakers.forget()


# Windows has no such function, and nothing forks there.
getattr(os, "register_at_fork", dict)(after_in_child=_after_fork_in_child)
