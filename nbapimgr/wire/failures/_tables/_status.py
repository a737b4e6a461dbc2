"""What a status alone means: the last resort, when nothing an error says is known."""

from __future__ import annotations

from typing import Final

import msgspec

from nbapimgr.wire.failures._rules import Rule, rule

__all__ = ["STATUS"]

_UNKNOWN = (0,)

# Words that say no more than a status does: they speak only where there is none, in a stream.
_EVENTS: Final[tuple[Rule, ...]] = (
    rule("event.auth", "auth.invalid_key", status=_UNKNOWN, words="authentication_error"),
    rule(
        "event.permission",
        "auth.permission",
        status=_UNKNOWN,
        words="permission_error permission_denied forbidden",
    ),
    rule(
        "event.not_found",
        "model.not_found",
        status=_UNKNOWN,
        words="not_found_error not_found notfounderror",
    ),
    rule("answer.empty", "service.empty", status=_UNKNOWN, words="empty"),
    rule("answer.unreadable", "service.malformed", status=_UNKNOWN, words="text"),
)

_STATUSES: Final[tuple[Rule, ...]] = (
    rule(
        "status.redirect",
        "network.proxy",
        status=range(300, 400),
        remedy="check the base URL: the address redirects elsewhere; or sign in to the network",
    ),
    rule("status.proxy", "network.proxy", status=(407, 511)),
    rule("status.unauthorised", "auth.invalid_key", status=(401,)),
    rule("status.payment", "quota.exhausted", status=(402,)),
    rule("status.forbidden", "auth.permission", status=(403,)),
    rule("status.not_found", "model.not_found", status=(404, 410)),
    rule(
        "status.method",
        "request.bad",
        status=(405,),
        remedy="check the base URL: the address is not that of a chat endpoint",
    ),
    # A server that gave up waiting would be waited for again: never the same at once.
    rule("status.timeout", "network.total_timeout", status=(408, 504, 524, 598, 599)),
    rule("status.too_large", "request.too_large", status=(413, 414, 431)),
    rule("status.transient", "service.error", status=(409, 423, 424, 425, 499)),
    rule("status.too_many", "rate_limit.short", status=(429,)),
    rule("status.legal", "auth.region", status=(451,)),
    rule("status.overloaded", "service.overloaded", status=(498, 503, 509, 529)),
    rule("status.not_implemented", "request.bad", status=(501, 505)),
    rule("status.bad_request", "request.bad", status=range(400, 500)),
    rule("status.server", "service.error", status=range(500, 1000)),
    rule("status.unknown", "service.error"),
)

STATUS: Final = tuple(
    msgspec.structs.replace(known, vague=True) for known in (*_EVENTS, *_STATUSES)
)
"""Ends with a rule that always holds."""
