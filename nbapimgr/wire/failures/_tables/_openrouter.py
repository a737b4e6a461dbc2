"""OpenRouter's own errors. What it passes on is judged by the upstream's rules before these.

Source: its documents on errors and limits (`metadata.error_type`, `metadata.limit_source`), and
recorded exchanges. Its errors often come with HTTP 200; the code inside is the status meant.
"""

from __future__ import annotations

from typing import Final

from nbapimgr.wire.failures._rules import Rule, rule

__all__ = ["OPENROUTER"]

OPENROUTER: Final[tuple[Rule, ...]] = (
    rule(
        "openrouter.in_flight",
        "rate_limit.short",
        words="openrouter_in_flight_budget in_flight_budget_exhausted",
        scope="account",
    ),
    # The account still has money for smaller requests.
    rule(
        "openrouter.unaffordable",
        "quota.exhausted",
        words="weight_exceeds_budget",
        scope="request",
        remedy="lower max_tokens, shorten the prompt, or add credit",
    ),
    rule(
        "openrouter.afford",
        "quota.exhausted",
        status=(402,),
        said=r"\bfewer max_tokens\b|\bcan only afford \d",
        scope="request",
        remedy="lower max_tokens, shorten the prompt, or add credit",
    ),
    rule(
        "openrouter.key_limit",
        "quota.exhausted",
        words="openrouter_key_limit",
        scope="credential",
        remedy="raise the limit of this key, or use another key",
    ),
    rule(
        "openrouter.budget",
        "quota.exhausted",
        words="openrouter_credits openrouter_guardrail_budget openrouter_workspace_budget"
        " token_limit_exceeded",
    ),
    rule(
        "openrouter.key_text",
        "quota.exhausted",
        status=(403,),
        said=r"^key limit exceeded\b",
        scope="credential",
        remedy="raise the limit of this key, or use another key",
    ),
    rule(
        "openrouter.minute",
        "rate_limit.short",
        status=(429,),
        said=r"^rate limit exceeded: (?:free-models-per-min|limit_rpm)\b",
    ),
    rule(
        "openrouter.daily",
        "rate_limit.daily",
        status=(429,),
        said=r"\bfree-models-per-day\b|\blimit_rpd\b",
    ),
    rule(
        "openrouter.upstream_limit",
        "rate_limit.short",
        status=(429,),
        said=r"\brate-limited upstream\b|^provider returned error\b",
        scope="model",
        vague=True,
    ),
    rule(
        "openrouter.no_endpoint",
        "model.not_found",
        status=(404, 503),
        said=r"^no (?:endpoints found|allowed providers|available model provider)\b",
        remedy="use another model, or allow more providers in OpenRouter's settings",
    ),
    rule("openrouter.overloaded", "service.overloaded", words="provider_overloaded", scope="model"),
    rule("openrouter.unavailable", "service.error", words="provider_unavailable", scope="model"),
    rule(
        "openrouter.broken_call",
        "service.malformed",
        status=(500, 502),
        said=r"^malformed function call\b|\nmalformed function call\b",
        scope="model",
    ),
    rule(
        "openrouter.upstream_request",
        "request.bad",
        status=(500, 502),
        said=r"^upstream error from [\w ]{1,40}: <4\d\d>",
        scope="model",
    ),
)
