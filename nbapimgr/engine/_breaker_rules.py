"""When a breaker opens, and for how long: class and scope decide, and nothing else. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Self

from nbapimgr.models import Breaker
from nbapimgr.secret import scrub

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbapimgr.models import Failure, Scope

__all__ = [
    "RULES",
    "SHOWS_LATE",
    "SILENT",
    "Identity",
    "Rule",
    "is_definite",
    "is_open",
    "outranks",
    "rule_of",
    "struck",
    "tells_of_life",
]

_LONGEST: Final = 32 * 86_400.0
"""No stated moment is further off than the first of the next month, when budgets are renewed."""
_JITTER: Final = 0.1
"""Upward only: who says "in 15 s" is not asked sooner."""
_MOST_WORDS: Final = 160


class Rule(NamedTuple):
    """What a class of failure does to what it names."""

    strikes: int
    """Failures in a row that open the breaker."""
    first: float
    """Seconds the first opening lasts."""
    longest: float
    """Seconds no later one exceeds."""
    definite: bool = False
    """It will fail again until somebody changes something: asked when all others have failed."""


_PASSES: Final = Rule(2, 15.0, 300.0)
"""`min(300, 15 * 2^k)` s. One failure is an accident, and what opens at 5 of 10 a minute, as the
routers in front of services do, never opens in a notebook."""
_KEY: Final = Rule(1, 3600.0, 3600.0, definite=True)
"""Until the key changes, which is another breaker's key; an hour, because rights are given on the
provider's side too."""
_SETTLED: Final = Rule(1, 1800.0, 3600.0, definite=True)
"""Half an hour, then an hour: credit is bought and models are deployed on the provider's side."""

RULES: Final[Mapping[str, Rule | None]] = {
    "auth.invalid_key": _KEY,
    "auth.permission": _KEY,
    "auth.region": _KEY,
    "quota.exhausted": _SETTLED,
    "rate_limit.short": _PASSES,
    "rate_limit.daily": _SETTLED,
    "rate_limit.too_large": None,
    "model.not_found": _SETTLED,
    "model.context_length": None,
    "request.content_policy": None,
    "request.bad": None,
    "request.too_large": None,
    "service.overloaded": _PASSES,
    "service.error": _PASSES,
    "service.stream_broken": _PASSES,
    "service.malformed": _PASSES,
    "service.empty": _PASSES,
    "network.connect_timeout": _PASSES,
    "network.first_token_timeout": _PASSES,
    "network.stall": _PASSES,
    "network.total_timeout": _PASSES,
    "network.dns": _PASSES,
    "network.tls": _PASSES,
    "network.refused": _PASSES,
    "network.reset": _PASSES,
    "network.offline": None,
    "network.proxy": _PASSES,
    "user.cancelled": None,
    "user.budget": None,
}
"""Category -> rule; None never opens a breaker: the request, the user or this machine's own network
is at fault. So it is with a proxy, too, whose failures name nobody ("local") until `Witness` has
seen that another host can be reached."""

SHOWS_LATE: Final = frozenset(
    {
        "service.stream_broken",
        "service.malformed",
        "network.stall",
        "network.total_timeout",
    }
)
"""Trouble in the middle of an answer, whose first piece says nothing of it."""

SILENT: Final = frozenset({"network.first_token_timeout", "network.stall"})
"""What our own limits cut off: who is slower than them looks as if they were gone."""

_NOBODYS: Final = frozenset({"request", "local"})
"""Scopes that name nobody who could be left alone."""


class Identity(NamedTuple):
    """What a breaker is of."""

    scope: Scope
    key: str
    label: str
    provider: str

    @classmethod
    def of(cls, breaker: Breaker) -> Self:
        """Whose breaker a breaker is."""
        return cls(breaker.scope, breaker.key, breaker.label, breaker.provider)


def rule_of(failure: Failure) -> Rule | None:
    """The rule for a failure; None when no breaker is to know of it."""
    return None if failure.scope in _NOBODYS else RULES[failure.category]


def tells_of_life(failure: Failure) -> bool:
    """Whether a failure is an answer of a provider that is well: it has read the request."""
    return failure.status is not None and RULES[failure.category] is None and _is_theirs(failure)


def is_open(breaker: Breaker) -> bool:
    """Whether the failures were enough to open it; those before are only counted."""
    return breaker.stated or breaker.strikes >= _rule(breaker).strikes


def is_definite(breaker: Breaker) -> bool:
    """Whether it is open until somebody changes something."""
    return _rule(breaker).definite


def outranks(failure: Failure, breaker: Breaker, now: float) -> bool:
    """Whether a failure says more than the breaker that is open already.

    Other attempts were under way when it opened, and what they meet is the same trouble.
    """
    rule = rule_of(failure)
    if rule is None or rule.definite != _rule(breaker).definite:
        return rule is not None and rule.definite
    return now + (_stated(failure, now) or 0.0) > breaker.until


def struck(
    before: Breaker | None, failure: Failure, identity: Identity, now: float, chance: float
) -> Breaker:
    """The breaker after one more failure; see `is_open` for whether it is open then.

    Args:
        before: The breaker, open and due or still counting; None when all was well.
        failure: One for which there is a rule.
        identity: Whose breaker it is.
        now: Seconds since the epoch.
        chance: A number drawn from [0, 1), for the jitter.
    """
    rule = RULES[failure.category] or _PASSES
    if before is not None and _rule(before).definite != rule.definite:
        before = None  # another trouble
    strikes = before.strikes + 1 if before else 1
    since = min(before.since, now) if before else now
    wait = 0.0
    if strikes >= rule.strikes:
        if strikes == rule.strikes:
            since = max(since, now - rule.first)
        wait = _wait(rule, strikes, now - since) * (1 + _JITTER * chance)
    stated = _stated(failure, now)
    by_word = stated is not None and (stated >= wait or rule.definite or _limits(failure))
    return Breaker(
        scope=identity.scope,
        key=identity.key,
        label=identity.label,
        provider=identity.provider,
        category=failure.category,
        since=since,
        opened=now,
        until=now + (stated if by_word and stated is not None else wait),
        strikes=strikes,
        stated=by_word,
        message=scrub(" ".join((failure.detail or failure.message).split()))[:_MOST_WORDS],
    )


def _wait(rule: Rule, strikes: int, age: float) -> float:
    """Seconds until the next try.

    Passing trouble is tried at 15, 30, 60, 120 and 240 s of its age, then each 300 s: its end is
    noticed at the latest after as long as it lasted.
    """
    if rule.definite:
        return min(rule.longest, rule.first * 2.0 ** min(strikes - rule.strikes, 16))
    due = rule.first
    while due <= age and due * 2 <= rule.longest:
        due *= 2
    if due <= age:
        due += ((age - due) // rule.longest + 1) * rule.longest
    return due - age


def _stated(failure: Failure, now: float) -> float | None:
    """Seconds that the provider itself asks to wait."""
    wait = failure.retry_after
    if wait is None and failure.retry_at is not None:
        wait = failure.retry_at - now
    return min(wait, _LONGEST) if wait is not None and wait > 0 else None


def _limits(failure: Failure) -> bool:
    return failure.category.startswith("rate_limit.")


def _is_theirs(failure: Failure) -> bool:
    return failure.category.partition(".")[0] not in {"network", "user"}


def _rule(breaker: Breaker) -> Rule:
    return RULES.get(breaker.category) or _PASSES
