"""From what a provider sent to a `Failure`: envelope, rules, hints, in that order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from nbapimgr.errors import UnknownName
from nbapimgr.models import Failure
from nbapimgr.wire.failures._body import parse
from nbapimgr.wire.failures._classes import CATEGORIES
from nbapimgr.wire.failures._hints import waits
from nbapimgr.wire.failures._rules import Rule, match
from nbapimgr.wire.failures._shapes import HTTP_ERRORS, envelope
from nbapimgr.wire.failures._tables import rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbapimgr.wire.failures._envelope import Envelope

__all__ = ["broken", "classify", "from_event", "network"]

_FINAL: Final = (
    "auth.",
    "quota.",
    "model.",
    "rate_limit.too_large",
    "request.content",
    "request.too",
)
"""What cannot succeed unchanged, whatever `x-should-retry` says."""
_REQUEST_IDS: Final = (
    "request-id",
    "x-request-id",
    "apim-request-id",
    "x-amzn-requestid",
    "mistral-correlation-id",
    "x-goog-request-id",
    "x-baseten-request-id",
    "cf-ray",
)
"""Headers that name the request, the provider's own before its gateway's."""
_ACCOUNT: Final = ("auth.invalid_key", "auth.permission", "quota.")
"""What concerns whoever owns the key."""


def classify(
    dialect: str, status: int, headers: Mapping[str, str], body: bytes, *, now: float
) -> Failure:
    """The failure that an HTTP response is.

    Args:
        dialect: Name of the dialect that was spoken; an unknown one is judged by the common rules.
        status: HTTP status: 400 and above, a redirect, or a 2xx whose body is no answer.
        headers: Names in lower case.
        body: As it came, at most `MAX_ERROR_BODY` bytes of it are looked at.
        now: Seconds since the epoch when the response came.

    Never raises, whatever the bytes.
    """
    return _failure(dialect, parse(body, headers, status), headers, now)


def from_event(
    dialect: str, payload: Any, headers: Mapping[str, str], *, now: float, status: int = 200
) -> Failure:
    """The failure that an error object inside a 2xx answer or stream is.

    Args:
        dialect: Name of the dialect that was spoken.
        payload: The decoded event, or the error object or sentence in it. For AWS event streams
            `{"throttlingException": {…}}`, or the frame's `:exception-type` among the headers.
        headers: Of the response, names in lower case. Its hints to wait are not for this.
        now: Seconds since the epoch.
        status: HTTP status of the response. The failure has the status the payload names, if any.

    Never raises, whatever the payload.
    """
    return _failure(dialect, envelope(payload, headers, status), headers, now)


def broken(category: str, message: str, evidence: str) -> Failure:
    """The failure a decoder found itself.

    Args:
        category: `service.stream_broken`, `.malformed`, `.empty`, or `request.content_policy`.
        message: What is wrong, for people.
        evidence: What it was seen by.

    Raises:
        UnknownName: There is no such category.
    """
    return _plain(category, message, evidence)


def network(category: str, message: str, *, evidence: str = "") -> Failure:
    """What the socket said, or the user.

    Args:
        category: `network.…`, `user.cancelled` or `user.budget`.
        message: What happened, for people.
        evidence: What it was seen by, e.g. the exception's name.

    Raises:
        UnknownName: There is no such category.
    """
    return _plain(category, message, evidence)


def _plain(category: str, message: str, evidence: str) -> Failure:
    if category not in CATEGORIES:
        raise UnknownName("failure category", category, CATEGORIES)
    kind = CATEGORIES[category]
    return Failure(
        category=category,
        scope=kind.scope,
        retryable=kind.retryable,
        message=message,
        remedy=kind.remedy,
        evidence=evidence,
    )


def _failure(dialect: str, envelope: Envelope, headers: Mapping[str, str], now: float) -> Failure:
    rule, evidence = _judge(dialect, envelope)
    kind = CATEGORIES[rule.category]
    retry_after, retry_at = waits(envelope, headers, rule, now)
    return Failure(
        category=rule.category,
        scope=rule.scope or kind.scope,
        retryable=_retryable(rule, envelope, headers),
        message=envelope.message,
        detail=envelope.detail,
        remedy=rule.remedy or kind.remedy,
        evidence=evidence,
        status=envelope.status or envelope.http or None,
        type=envelope.type,
        code=envelope.code,
        retry_after=retry_after,
        retry_at=retry_at,
        request_id=envelope.request_id or _request_id(headers),
    )


def _judge(dialect: str, envelope: Envelope) -> tuple[Rule, str]:
    """The rule that holds, and the evidence. An upstream's words go before its router's vague ones.

    A limit of the upstream is shared by all who come through the router, so it is the model's; its
    trouble with the router's own account is no concern of the user's key.
    """
    own, why = _first(dialect, envelope)
    if envelope.upstream is None or not own.vague:
        return own, why
    told, because = _first(dialect, envelope.upstream)
    if told.vague:
        return own, why
    if not envelope.ours and told.category.startswith(_ACCOUNT):
        told = msgspec.structs.replace(told, category="service.error", retryable=False, remedy="")
    if not envelope.ours and not told.category.startswith("request."):
        told = msgspec.structs.replace(told, scope="model")
    return told, f"upstream {because}"


def _first(dialect: str, envelope: Envelope) -> tuple[Rule, str]:
    asked = ((rule, match(rule, envelope)) for rule in rules(dialect, envelope.shape))
    rule, why = next((rule, why) for rule, why in asked if why is not None)
    return rule, f"{rule.name}: {why}" if why else rule.name


def _retryable(rule: Rule, envelope: Envelope, headers: Mapping[str, str]) -> bool:
    """The rule's word, or its category's; the provider's own advice goes before both."""
    default = CATEGORIES[rule.category].retryable if rule.retryable is None else rule.retryable
    advice = (
        headers.get("x-should-retry", "").strip().lower() if envelope.http in HTTP_ERRORS else ""
    )
    if advice == "false":
        return False
    if advice == "true" and not rule.category.startswith(_FINAL):
        return True
    return default


def _request_id(headers: Mapping[str, str]) -> str | None:
    return next((headers[name] for name in _REQUEST_IDS if headers.get(name)), None)
