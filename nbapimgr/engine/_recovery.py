"""What is done about a failure: the class decides, and nothing else. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlsplit

import msgspec

from nbapimgr.engine._hosts import is_loopback, origin_of
from nbapimgr.engine._larger import larger_first
from nbapimgr.models import Candidate, Skip
from nbapimgr.wire.failures import CATEGORIES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nbapimgr.models import Attempt, Failure, Request

__all__ = ["ACTIONS", "UNREACHABLE", "Decision", "decide", "offline"]

Action = Literal["again", "wait", "next", "away", "stop"]

ACTIONS: Final[Mapping[str, Action]] = {
    "auth.invalid_key": "next",
    "auth.permission": "next",
    "auth.region": "next",
    "quota.exhausted": "next",
    "rate_limit.short": "wait",
    "rate_limit.daily": "next",
    "rate_limit.too_large": "next",
    "model.not_found": "next",
    "model.context_length": "next",
    "request.content_policy": "stop",
    "request.bad": "stop",
    "request.too_large": "next",
    "service.overloaded": "again",
    "service.error": "again",
    "service.stream_broken": "next",
    "service.malformed": "next",
    "service.empty": "next",
    "network.connect_timeout": "away",
    "network.first_token_timeout": "away",
    "network.stall": "away",
    "network.total_timeout": "away",
    "network.dns": "next",
    "network.tls": "next",
    "network.refused": "next",
    "network.reset": "again",
    "network.offline": "next",
    "network.proxy": "next",
    "user.cancelled": "stop",
    "user.budget": "stop",
}
"""again: the same once more after a short pause, then next. wait: the same when its hint is near,
else next. next: the next candidate, the same only when nobody else is left and it may be sent
again. away: the next candidate, never the same: a silent route costs its whole limit each time; but
a server that says itself that it was too slow is no silent one, and asked again when alone.
stop: nobody else is asked."""

_REACH: Final[Mapping[str, str]] = {
    "model.context_length": "model",
    "rate_limit.too_large": "model",
    "request.too_large": "provider",
    "request.content_policy": "provider",
}
"""Whom a failure of scope "request" would meet again: a window is a model's as one provider serves
it; limits of size and of content are the provider's."""

UNREACHABLE: Final = frozenset(
    {"network.dns", "network.refused", "network.connect_timeout", "network.tls"}
)
"""What is met when a host cannot be reached, and by whoever is offline."""
_MODEL_MAY_DIFFER = frozenset(
    {category for category in ACTIONS if category.startswith("service.")}
    | {"network.first_token_timeout", "network.stall", "network.total_timeout"}
)
"""Trouble of a provider that another of its models may not have."""
_PATIENCE = 2.0
"""Seconds that waiting for a rate limit may take before failing over is worth more."""
_PATIENCE_ALONE = 60.0
"""The same where nobody else is left: a minute's window is worth sitting out."""
_BACKOFF_BASE, _BACKOFF_CAP = 0.5, 8.0
"""Full jitter, `U(0, min(cap, base * 2^n))`: AWS Architecture Blog, Exponential Backoff And
Jitter. The base is that of the OpenAI SDK."""
_HINT_JITTER = 0.25
"""A crowd that was told the same moment comes back over a quarter of the wait."""
_TRIES, _TRIES_ALONE = 2, 3
"""How often one candidate is tried in one call: with others left, and without."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What is done now."""

    queue: tuple[Candidate, ...] = ()
    """Who is tried, the first of them next; empty: nobody, and the call has failed."""
    wait: float = 0.0
    """Seconds before the next try."""
    spent: bool = False
    """Whether the next try is a retry that nobody but us thinks worthwhile."""
    dropped: tuple[Skip, ...] = ()
    """Who would only have failed in the same way."""


def decide(  # noqa: PLR0913  # everything the decision may depend on, and nothing hidden
    failure: Failure,
    history: Sequence[Attempt],
    request: Request,
    remaining: Sequence[Candidate],
    now: float,
    *,
    left: float | None = None,
    shown: bool = False,
    chance: float = 0.5,
    again: bool = True,
    windows: Mapping[str, int] | None = None,
) -> Decision:
    """The decision after an attempt has failed.

    Args:
        failure: Why the newest attempt failed.
        history: The attempts of this call, the newest last.
        request: What was asked, and how it may be answered.
        remaining: Who has not been tried, in order.
        now: The moment, in seconds since the epoch.
        left: Seconds until the call's deadline; None when there is none.
        shown: Whether some of the failed answer has been shown.
        chance: A number drawn from [0, 1), for the jitter.
        again: Whether the same may be tried again on our own judgement where others are left: it is
            not open by now, and the retries are not used up.
        windows: What is known of the windows of all these, after a prompt did not fit.
    """
    action = ACTIONS[failure.category]
    if _stops(failure, action, request, shown=shown) or (left is not None and left <= 0):
        return Decision()
    failed = history[-1].candidate
    queue, dropped = _others(failure, failed, remaining)
    if windows:
        queue, smaller = larger_first(failure, failed, queue, windows)
        dropped += smaller
    tries = sum(attempt.candidate == failed for attempt in history)
    wait = _same_again(failure, action, tries, now, alone=not queue, shown=shown, chance=chance)
    if queue and not again and _hint(failure, now) is None:
        wait = None
    if wait is not None and (left is None or wait < left):
        spent = bool(queue) and _hint(failure, now) is None
        return Decision(queue=(failed, *remaining), wait=wait, spent=spent)
    return Decision(queue=queue, dropped=dropped)


def offline(attempts: Sequence[Attempt]) -> bool:
    """Whether the failures say that this machine is offline, and not that a provider is down.

    So it is when no host could be reached, and at least two of them are not this machine.
    """
    hosts = set()
    for attempt in attempts:
        if attempt.failure is None or attempt.failure.category not in UNREACHABLE:
            return False
        host = urlsplit(origin_of(attempt.candidate.provider.base_url)).hostname
        if host and not is_loopback(host):
            hosts.add(host)
    return len(hosts) > 1


def _stops(failure: Failure, action: Action, request: Request, *, shown: bool) -> bool:
    if shown and request.on_restart == "raise":
        return True
    if failure.category == "request.content_policy":
        return not request.cross_refusal
    # What only this candidate cannot take says something of the candidate alone.
    return action == "stop" and failure.scope != "model" and not _insists(failure)


def _insists(failure: Failure) -> bool:
    """Whether the provider asks for a second try where its class would not (x-should-retry)."""
    return failure.retryable and not CATEGORIES[failure.category].retryable


def _same_again(
    failure: Failure,
    action: Action,
    tries: int,
    now: float,
    *,
    alone: bool,
    shown: bool,
    chance: float,
) -> float | None:
    """Seconds after which the same candidate is tried again; None when it is not."""
    if (action == "away" or not failure.retryable) and not (alone and _gave_up(failure)):
        return None
    if tries >= (_TRIES_ALONE if alone else _TRIES):
        return None
    if not alone and (shown or (action == "next" and not _insists(failure))):
        return None
    hint = _hint(failure, now)
    if hint is not None:
        patience = _PATIENCE_ALONE if alone else _PATIENCE
        return hint * (1 + _HINT_JITTER * chance) if hint <= patience else None
    if action == "wait" and not alone:
        return None
    return float(min(_BACKOFF_CAP, _BACKOFF_BASE * 2 ** (tries - 1)) * chance)


def _gave_up(failure: Failure) -> bool:
    """Whether the server itself says that its time was over (408, 504): that is no silence."""
    return failure.category == "network.total_timeout" and failure.status is not None


def _hint(failure: Failure, now: float) -> float | None:
    """Seconds that the provider asks to wait."""
    if failure.retry_after is None and failure.retry_at is not None:
        return max(0.0, failure.retry_at - now)
    return failure.retry_after


def _others(
    failure: Failure, failed: Candidate, remaining: Sequence[Candidate]
) -> tuple[tuple[Candidate, ...], tuple[Skip, ...]]:
    """Who of the remaining does not share what has failed, and who is dropped for it."""
    reach = _REACH.get(failure.category, failure.scope)
    sharing = [_shares(reach, failed, other) for other in remaining]
    if all(sharing) and reach == "provider" and failure.category in _MODEL_MAY_DIFFER:
        # Better another model of a provider in trouble than a lost cell.
        sharing = [other.model == failed.model for other in remaining]
    if all(sharing) and failure.category == "model.not_found":
        # It may be there for another key, which is better than a lost cell, too.
        sharing = [other.credential == failed.credential for other in remaining]
    reason = f"shares the cause: {failure.category}"
    kept = tuple(c for c, shares in zip(remaining, sharing, strict=True) if not shares)
    dropped = tuple(
        Skip(candidate=str(c), reason=reason)
        for c, shares in zip(remaining, sharing, strict=True)
        if shares
    )
    return kept, dropped


def _shares(reach: str, failed: Candidate, other: Candidate) -> bool:
    same_provider = other.provider.name == failed.provider.name
    match reach:
        case "credential" | "account":
            # Another key may belong to another account, and one refusal tells at once.
            return same_provider and other.credential == failed.credential
        case "model":
            return same_provider and other.model == failed.model
        case "provider":
            return same_provider
        case "host":
            return origin_of(other.provider.base_url) == origin_of(failed.provider.base_url)
        case _:
            return False
