"""The breakers that are known, found quickly by candidate."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from nbapimgr.engine._breaker_keys import home_of, identity_of, ids_of, is_keyed
from nbapimgr.engine._breaker_rules import is_definite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from nbapimgr.models import Breaker, Candidate, Scope

    Id = tuple[Scope, str]

__all__ = ["Seen", "Standing", "View", "standing_of"]


class Standing(NamedTuple):
    """How a candidate stands that is left alone."""

    breaker: Breaker
    """The one that keeps it longest."""
    wait: float
    """Seconds until it is due; 0 when it is."""
    definite: bool
    """It would fail again."""
    trying: bool
    """Somebody is trying it."""


class Seen:
    """A breaker, with the moments that matter on a clock that nobody sets."""

    __slots__ = ("breaker", "due", "leased", "opened")

    def __init__(self, breaker: Breaker, now: float, wall: float) -> None:
        self.breaker = breaker
        # A clock that was set back must not keep it open for longer than it was meant to be.
        self.due = now + max(0.0, min(breaker.until - wall, breaker.until - breaker.opened))
        self.opened = now - max(0.0, wall - breaker.opened)
        self.leased = now

    def wait(self, now: float, wall: float) -> float:
        """Seconds until it is due, by either clock: one stands still while a laptop sleeps."""
        return max(0.0, self.due - now) if self.breaker.until > wall else 0.0


class View:
    """Breakers by scope and key. Not safe to use from several threads at once."""

    def __init__(self) -> None:
        self._seen: dict[Id, Seen] = {}
        self._homes_with_keys: set[str] = set()
        """Homes, and homes with a model, of which a breaker is one key's."""
        self._names: set[str] = set()
        self._has_hosts = False

    def __bool__(self) -> bool:
        return bool(self._seen)

    def __iter__(self) -> Iterator[Seen]:
        return iter(self._seen.values())

    def get(self, scope: Scope, key: str) -> Seen | None:
        """The breaker of that scope and key."""
        return self._seen.get((scope, key))

    def put(self, seen: Seen) -> None:
        """Keep a breaker, in place of the one of its scope and key."""
        scope, key = seen.breaker.scope, seen.breaker.key
        self._seen[scope, key] = seen
        self._names.add(seen.breaker.provider)
        self._has_hosts = self._has_hosts or scope == "host"
        if is_keyed(seen.breaker):
            self._homes_with_keys.add(key.rpartition(" ")[0])

    def drop(self, breaker: Breaker) -> None:
        """Forget the breaker of that scope and key."""
        self._seen.pop((breaker.scope, breaker.key), None)

    def of_key_before(self, candidate: Candidate) -> list[Seen]:
        """The breakers of keys that bore the alias of a candidate's; the key may have changed."""
        if not self._asks_for_key(candidate):
            return []
        home = home_of(candidate.provider.name, candidate.provider.base_url)
        scopes: tuple[Scope, ...] = ("credential", "model")
        labels = {identity_of(scope, candidate, "", definite=True).label for scope in scopes}
        return [
            seen
            for (_, key), seen in self._seen.items()
            if key.startswith(f"{home} ")
            and seen.breaker.label in labels
            and is_keyed(seen.breaker)
        ]

    def of(self, candidate: Candidate, mark: Callable[[Candidate], str | None]) -> list[Seen]:
        """The breakers that a candidate is under; `mark` gives the fingerprint of its key."""
        provider = candidate.provider
        if not self._has_hosts and provider.name not in self._names:
            return []
        ids = ids_of(candidate, mark(candidate) if self._asks_for_key(candidate) else None)
        return [self._seen[each] for each in ids if each in self._seen]

    def _asks_for_key(self, candidate: Candidate) -> bool:
        """Whether there may be a breaker that depends on the candidate's key."""
        home = home_of(candidate.provider.name, candidate.provider.base_url)
        known = self._homes_with_keys
        return home in known or f"{home} {candidate.model}" in known


def standing_of(matching: Iterable[Seen], now: float, wall: float) -> Standing | None:
    """How a candidate stands that is under these breakers; None when it can be asked.

    Where the provider itself has named the moment, it is taken at its word when it has come.
    """
    held = [
        (wait, seen)
        for seen in matching
        if (wait := seen.wait(now, wall)) or not seen.breaker.stated
    ]
    if not held:
        return None
    wait, longest = max(held, key=lambda pair: pair[0])
    return Standing(
        longest.breaker,
        wait,
        definite=any(is_definite(seen.breaker) for _, seen in held),
        trying=any(seen.leased > now for _, seen in held),
    )
