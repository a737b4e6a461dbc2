"""From what a provider sent to a `Failure`: envelope, rules, hints, in that order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbapimgr.errors import UnknownName
from nbapimgr.models import Failure
from nbapimgr.wire.failures._classes import CATEGORIES

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["broken", "classify", "from_event", "network"]

_BY_STATUS = {
    401: "auth.invalid_key",
    402: "quota.exhausted",
    403: "auth.permission",
    404: "model.not_found",
    407: "network.proxy",
    413: "request.too_large",
    429: "rate_limit.short",
    498: "service.overloaded",
    503: "service.overloaded",
    529: "service.overloaded",
}


def classify(
    dialect: str,  # noqa: ARG001  # the tables follow
    status: int,
    headers: Mapping[str, str],  # noqa: ARG001  # the hints follow
    body: bytes,
    *,
    now: float,  # noqa: ARG001  # the hints follow
) -> Failure:
    """The failure that an HTTP response is."""
    category = _BY_STATUS.get(status, "request.bad" if 400 <= status < 500 else "service.error")
    return _failure(category, body[:2000].decode("utf-8", "replace"), f"status {status}", status)


def from_event(
    dialect: str,
    payload: Any,
    headers: Mapping[str, str],
    *,
    now: float,
    status: int = 200,
) -> Failure:
    """The failure that an error object inside a 2xx answer or stream is."""
    failure = classify(dialect, 500, headers, str(payload).encode("utf-8", "replace"), now=now)
    return _failure(failure.category, failure.message, "error inside a 2xx", status)


def broken(category: str, message: str, evidence: str) -> Failure:
    """The failure a decoder found itself."""
    return _failure(category, message, evidence)


def network(category: str, message: str, *, evidence: str = "") -> Failure:
    """The failure the socket, or the user, is the source of."""
    return _failure(category, message, evidence)


def _failure(category: str, message: str, evidence: str, status: int | None = None) -> Failure:
    try:
        kind = CATEGORIES[category]
    except KeyError:
        raise UnknownName("failure category", category, CATEGORIES) from None
    return Failure(
        category=category,
        scope=kind.scope,
        retryable=kind.retryable,
        message=message,
        remedy=kind.remedy,
        evidence=evidence,
        status=status,
    )
