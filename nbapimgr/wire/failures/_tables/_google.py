"""Google's errors: Gemini, Vertex, and Google's envelope wherever it turns up.

Source: its troubleshooting guide and list of error codes, recorded exchanges. A bad key is 400; the
reason in the details decides before the status, and a violated quota's id says whether it is the
minute's or the day's. A day ends at midnight in California; `RetryInfo` names seconds even then.
"""

from __future__ import annotations

from typing import Final

from nbapimgr.wire.failures._rules import Rule, rule
from nbapimgr.wire.failures._tables._requests import CONTEXT, INCAPABLE

__all__ = ["GOOGLE"]

_ENABLE = "enable the API for the key's project in the Google Cloud console, then wait some minutes"

_QUOTA: Final[tuple[Rule, ...]] = (
    rule(
        "google.credits",
        "quota.exhausted",
        status=(400, 402, 403, 429),
        said=(
            r"\bprepa(?:id|yment|y) credits?\b.{0,60}\b(?:depleted|exhausted)\b",
            r"\bspending cap\b",
            r"\brequires billing to be enabled\b",
            r"\bbilling (?:account )?(?:for|is|has|of)\b.{0,80}\b(?:disabled|closed|not enabled)\b",
        ),
    ),
    rule("google.billing", "quota.exhausted", words="billing_disabled payment_required"),
    rule(
        "google.daily",
        "rate_limit.daily",
        status=(429,),
        like=r"per_?day|_daily",
        reset="day_pacific",
    ),
    rule("google.daily_code", "rate_limit.daily", words="quota_exceeded", reset="day_pacific"),
    rule(
        "google.limit",
        "rate_limit.short",
        words="resource_exhausted rate_limit_exceeded ratelimitexceeded",
        status=(429,),
    ),
)

_AUTH: Final[tuple[Rule, ...]] = (
    rule(
        "google.key",
        "auth.invalid_key",
        words="api_key_invalid api_key_expired credentials_missing access_token_expired"
        " access_token_type_unsupported account_state_invalid",
    ),
    rule(
        "google.key_text",
        "auth.invalid_key",
        status=(400, 401, 403),
        said=(
            r"^api key (?:not (?:valid|found)|expired)\b",
            r"^your api key was reported as leaked\b",
            r"^method doesn't allow unregistered callers\b",
        ),
    ),
    rule(
        "google.region",
        "auth.region",
        said=(
            r"\b(?:user )?location is not supported\b",
            r"\bfree tier is not available in your country\b",
            r"\bnot available in your country\b",
        ),
    ),
    rule("google.disabled", "auth.permission", words="service_disabled", remedy=_ENABLE),
    rule(
        "google.blocked_key",
        "auth.permission",
        like=r"^api_key_\w+_blocked$",
        remedy="the key's restrictions forbid this use: change them in the console",
    ),
    rule(
        "google.permission",
        "auth.permission",
        words="permission_denied iam_permission_denied consumer_suspended consumer_invalid"
        " access_token_scope_insufficient",
    ),
    rule("google.unauthenticated", "auth.invalid_key", words="unauthenticated"),
)

_REQUEST: Final[tuple[Rule, ...]] = (
    rule(
        "google.model",
        "model.not_found",
        status=(404,),
        words="not_found",
        said=r"\bmodels?/|\bpublisher model\b|\bmodel\b",
    ),
    rule(
        "google.model_name",
        "model.not_found",
        status=(400,),
        said=(
            r"\bunexpected model name format\b",
            r"\bnot servable in region\b",
            r"\bis not found for api version\b",
        ),
    ),
    rule(
        "google.context",
        "model.context_length",
        status=(400, 413),
        said=(r"\binput token count\b.{0,40}\bexceeds\b", *CONTEXT),  # a gateway's words, too
    ),
    rule(
        "google.bytes",
        "request.too_large",
        status=(400, 413),
        said=r"^request payload size exceeds\b",
    ),
    rule(
        "google.incapable",
        "request.bad",
        status=(400, 404),
        said=(
            r"\b(?:is|are) not (?:enabled|supported) (?:for|in|by|with)\b",
            r"\bdoes not support\b",
        ),
        scope="model",
        remedy=INCAPABLE,
    ),
)

GOOGLE: Final[tuple[Rule, ...]] = (
    *_QUOTA,
    *_AUTH,
    *_REQUEST,
    rule("google.timeout", "network.total_timeout", words="deadline_exceeded"),
    rule(
        "google.overloaded",
        "service.overloaded",
        words="unavailable service_unavailable",
        status=(503,),
    ),
    rule(
        "google.internal",
        "service.error",
        status=(0, *range(500, 600)),
        words="internal unknown data_loss",
        remedy="ask again; Gemini also answers so when the prompt is too long",
    ),
    rule("google.cancelled", "service.error", words="cancelled aborted"),
    rule(
        "google.request",
        "request.bad",
        status=(400,),
        words="invalid_argument failed_precondition out_of_range unimplemented",
    ),
)
