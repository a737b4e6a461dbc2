"""The vendors that speak OpenAI's dialect with errors of their own.

One table for all of them: each rule asks for a word or a sentence only one vendor uses.
"""

from __future__ import annotations

from typing import Final

from nbapimgr.wire.failures._rules import Rule, rule

__all__ = ["VENDORS"]

_ACCEPT = "accept the model's terms in the provider's console, or use another model"

_GROQ: Final[tuple[Rule, ...]] = (
    rule("groq.blocked", "quota.exhausted", words="blocked_api_access"),
    rule("groq.restricted", "auth.permission", words="organization_restricted"),
    rule("groq.terms", "model.not_found", words="model_terms_required", remedy=_ACCEPT),
    rule("groq.model_blocked", "model.not_found", like=r"^model_permission_blocked"),
)

_MISTRAL: Final[tuple[Rule, ...]] = (
    rule(
        "mistral.capacity",
        "service.overloaded",
        words="service_tier_capacity_exceeded 3505",
    ),
    rule(
        "mistral.capacity_text",
        "service.overloaded",
        status=(429,),
        said=r"^service tier capacity exceeded\b",
    ),
    rule("mistral.month", "quota.exhausted", status=(429,), words="used-up:tokens-month"),
)

_XAI: Final[tuple[Rule, ...]] = (
    rule(
        "xai.policy",
        "request.content_policy",
        status=(400, 403),
        said=r"^content violates usage guidelines\b|\bfailed check: safety_check",
    ),
    rule(
        "xai.parameter",
        "request.bad",
        status=(400,),
        said=r"^model \S{1,80} does not support parameter\b",
        scope="model",
        remedy="leave out the parameter the message names, or use another model",
    ),
)

_CEREBRAS: Final[tuple[Rule, ...]] = (
    rule(
        "cerebras.daily",
        "rate_limit.daily",
        words="token_quota_exceeded request_quota_exceeded",
        said=r"\bper (?:day|hour)\b",
    ),
    rule(
        "cerebras.limit",
        "rate_limit.short",
        words="token_quota_exceeded request_quota_exceeded",
    ),
    rule("cerebras.queue", "service.overloaded", words="queue_exceeded"),
)

_DEEPSEEK: Final[tuple[Rule, ...]] = (
    rule(
        "deepseek.model",
        "model.not_found",
        status=(400,),
        said=r"^model not exist\b|^the supported api model names are\b",
    ),
    # Its parser does not know the kind of content; another provider's does.
    rule(
        "deepseek.content",
        "request.bad",
        status=(400, 422),
        said=r"^failed to deserialize the json body\b.{0,80}\bunknown variant\b",
        scope="model",
        remedy="leave out pictures, audio and files, or use a provider that takes them",
    ),
)

_ZAI: Final[tuple[Rule, ...]] = (
    rule("zai.quota", "quota.exhausted", words="1113 1309 1310", status=(400, 402, 403, 429)),
    rule("zai.daily", "rate_limit.daily", words="1304 1308", status=(400, 429)),
    rule("zai.limit", "rate_limit.short", words="1302 1303", status=(400, 429)),
    rule("zai.overloaded", "service.overloaded", words="1305 1312", status=(429, 500, 503)),
    rule("zai.model", "model.not_found", words="1211 1221 1222 1311", status=(400, 404, 429)),
    rule("zai.context", "model.context_length", words="1261", status=(400,)),
    rule("zai.policy", "request.content_policy", words="1301", status=(400,)),
    rule(
        "zai.account",
        "auth.permission",
        words="1110 1112 1121 1220 1313",
        status=(400, 401, 403, 429),
    ),
)

_DASHSCOPE: Final[tuple[Rule, ...]] = (
    rule("dashscope.arrears", "quota.exhausted", words="arrearage"),
    rule(
        "dashscope.free_tier",
        "quota.exhausted",
        words="allocationquota.freetieronly",
        scope="model",
        remedy="the model's free allowance is used up: allow paid use, or use another model",
    ),
    # The same code as a spent quota, and yet only the limit of a minute.
    rule(
        "dashscope.allocation",
        "rate_limit.short",
        words="throttling.allocationquota insufficient_quota",
        said=r"^allocated quota exceeded\b",
    ),
    rule(
        "dashscope.throttling",
        "rate_limit.short",
        like=r"^throttling\.\w+quota$|^throttling\.burst",
    ),
    rule(
        "dashscope.model",
        "model.not_found",
        words="model.accessdenied accessdenied.unpurchased",
    ),
)

_MOONSHOT: Final[tuple[Rule, ...]] = (
    rule("moonshot.quota", "quota.exhausted", words="exceeded_current_quota_error"),
    rule(
        "moonshot.model",
        "model.not_found",
        words="resource_not_found_error",
        said=r"\bmodel\b",
    ),
)

_OTHERS: Final[tuple[Rule, ...]] = (
    rule(
        "fireworks.suspended",
        "quota.exhausted",
        status=(412,),
        said=r"\baccount\b.{0,120}\bsuspended\b",
    ),
    rule(
        "siliconflow.money",
        "quota.exhausted",
        words="30001",
        status=(402, 403, 429),
    ),
    rule("siliconflow.model", "model.not_found", words="20012", status=(400, 403, 404)),
    rule(
        "llama_cpp.loading",
        "service.overloaded",
        status=(503,),
        said=r"^loading model\b",
        remedy="the local server is still loading the model: wait a moment",
    ),
    rule(
        "hugging_face.loading",
        "service.overloaded",
        status=(503,),
        said=r"^model \S{1,120} is currently loading\b",
    ),
)

VENDORS: Final[tuple[Rule, ...]] = (
    *_GROQ,
    *_MISTRAL,
    *_XAI,
    *_CEREBRAS,
    *_DEEPSEEK,
    *_ZAI,
    *_DASHSCOPE,
    *_MOONSHOT,
    *_OTHERS,
)
