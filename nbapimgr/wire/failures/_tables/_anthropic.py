"""Anthropic's errors.

Source: its document on errors, recorded exchanges. Money runs out under 400, 402 and 429; the class
is in the sentence or in `error.details.error_code`, never in the status.
"""

from __future__ import annotations

from typing import Final

from nbapimgr.wire.failures._rules import Rule, rule

__all__ = ["ANTHROPIC"]

_LIMITS_PAGE = "raise the limit on the billing page of the Claude Console, or wait for the reset"

ANTHROPIC: Final[tuple[Rule, ...]] = (
    rule(
        "anthropic.spend_limit",
        "quota.exhausted",
        words="enforced_spend_limit_reached",
        remedy="move to a higher usage tier, or wait for the first of the month",
        reset="month_utc",
    ),
    rule(
        "anthropic.credit",
        "quota.exhausted",
        status=(400, 402, 403, 429),
        said=r"^your credit balance is too low\b",
    ),
    rule(
        "anthropic.usage_limit",
        "quota.exhausted",
        status=(400, 403, 429),
        said=r"^you have reached your specified (?:workspace )?api usage limits\b",
        remedy=_LIMITS_PAGE,
    ),
    rule("anthropic.billing", "quota.exhausted", words="billing_error"),
    # A 429 that names no wait and says "do not retry" is for a request larger than the limit.
    rule(
        "anthropic.never_fits",
        "rate_limit.too_large",
        status=(429,),
        every="rate_limit_error x-should-retry=false no-retry-after",
    ),
    rule(
        "anthropic.long_context",
        "rate_limit.too_large",
        status=(429,),
        words="rate_limit_error",
        said=r"^extra usage is required for long context\b",
    ),
    rule(
        "anthropic.daily",
        "rate_limit.daily",
        words="rate_limit_error",
        said=r"\bdaily rate limit\b|\b(?:requests|tokens) per day\b",
    ),
    rule("anthropic.rate_limit", "rate_limit.short", words="rate_limit_error"),
    # All customers' load, not this key's: another key would not help.
    rule("anthropic.overloaded", "service.overloaded", words="overloaded_error"),
    rule("anthropic.timeout", "network.total_timeout", words="timeout_error"),
    rule("anthropic.bytes", "request.too_large", words="request_too_large"),
    rule(
        "anthropic.region",
        "auth.region",
        status=(403,),
        words="forbidden",
        said=r"^request not allowed\b",
    ),
    rule(
        "anthropic.organisation",
        "auth.permission",
        status=(400, 403),
        said=r"^this organization has been disabled\b",
        remedy="the organisation is disabled: write to the provider, or use another account",
    ),
    rule("anthropic.key", "auth.invalid_key", words="authentication_error"),
    rule("anthropic.permission", "auth.permission", words="permission_error"),
    rule("anthropic.model", "model.not_found", words="not_found_error", said=r"^model: "),
    rule(
        "anthropic.context",
        "model.context_length",
        status=(400, 413),
        said=(
            r"^prompt is too long\b",
            r"\binput length and `?`? exceed context limit\b",
            r"\binput length and max_tokens exceed context limit\b",
        ),
    ),
    rule(
        "anthropic.policy",
        "request.content_policy",
        status=(400,),
        said=r"^output blocked by content filtering policy\b|\bviolate our usage policy\b",
    ),
    rule(
        "anthropic.prefill",
        "request.bad",
        status=(400,),
        said=r"\bdoes not support assistant message prefill\b",
        scope="model",
        remedy="end the conversation with a message of the user, or use another model",
    ),
    rule("anthropic.conflict", "service.error", words="conflict_error"),
)
