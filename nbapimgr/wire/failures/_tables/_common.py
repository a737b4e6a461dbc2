"""What many providers say in the same words, of accounts and limits: codes everybody borrowed."""

from __future__ import annotations

from typing import Final

from nbapimgr.wire.failures._rules import Rule, rule
from nbapimgr.wire.failures._tables._requests import LAST, REQUESTS

__all__ = ["COMMON"]

_MONEY: Final = (402, 403, 412, 429)

_QUOTA: Final[tuple[Rule, ...]] = (
    rule(
        "common.quota",
        "quota.exhausted",
        words="insufficient_quota quota_exhausted billing_error payment_required"
        " insufficient_credits insufficient_balance insufficientquota budget_exceeded"
        " billing_not_active billing_hard_limit_reached",
    ),
    rule(
        "common.money",
        "quota.exhausted",
        status=_MONEY,
        said=(
            r"\binsufficient (?:account )?(?:balance|credits?|funds)\b",
            r"\bbalance is (?:insufficient|too low)\b",
            (
                r"\b(?:out of|not enough|no remaining|have any|used all|(?:deplet|exceed)ed your)"
                r" (?:monthly |included |available |prepaid )*credits\b"
            ),
            r"\bcredits? (?:balance )?(?:is|are|ha(?:s|ve) been) (?:too low|depleted|exhausted)\b",
            r"\bspend(?:ing)? (?:limit|cap)\b",
            r"\baccount is not active\b",
            r"\baccount \S{0,60} ?is suspended\b",
            r"\bbudget has been exceeded\b",
        ),
    ),
)

_AUTH: Final[tuple[Rule, ...]] = (
    rule(
        "common.region",
        "auth.region",
        words="unsupported_country_region_territory unsupported_country location_not_supported",
    ),
    rule(
        "common.region_text",
        "auth.region",
        status=(400, 403),
        said=(
            r"\b(?:user )?location is not supported\b",
            r"\bnot available in your (?:country|region)\b",
            r"\bfrom unsupported countries\b",
            r"\bcountry, region, or territory not supported\b",
        ),
    ),
    rule(
        "common.key",
        "auth.invalid_key",
        words="invalid_api_key incorrect_api_key_error invalid_key wrong_api_key invalidapikey"
        " invalid_authentication_error api_key_invalid invalid_token expired_api_key"
        " authentication",
    ),
    rule(
        "common.key_text",
        "auth.invalid_key",
        status=(400, 403),
        said=(
            r"^(?:incorrect|invalid|expired) api[ -]?key\b",
            r"^api[ -]?key (?:is )?(?:not valid|invalid|expired)",
            r"^invalid (?:token|credentials|authentication)\b",
            r"^unauthorized\b",
        ),
    ),
)

_LIMITS: Final[tuple[Rule, ...]] = (
    rule(
        "common.too_large",
        "rate_limit.too_large",
        status=(413, 429),
        said=(r"^request too large for\b", r"^request body too large for \S{1,80} model\b"),
    ),
    rule(
        "common.daily",
        "rate_limit.daily",
        status=(429,),
        said=(
            r"\b(?:requests|tokens|calls|images|seconds|messages) ?(?:per|/) ?day\b",
            r"\((?:rpd|tpd|ipd|asd)\)",
            r"\bdaily (?:rate |usage |request |token )*(?:limit|quota)\b",
            r"\bper 86400s\b",
        ),
    ),
    rule("common.used_up", "rate_limit.daily", status=(429,), like=r"^used-up:(?:\w+-)?day$"),
    rule(
        "common.overloaded",
        "service.overloaded",
        words="server_is_overloaded slow_down overloaded_error overloaded engine_overloaded"
        " engine_overloaded_error model_overloaded capacity_exceeded over_capacity"
        " unavailable_error service_unavailable_error nocapacity",
    ),
    rule(
        "common.overloaded_text",
        "service.overloaded",
        status=(429, 498, 500, 502, 503),
        said=(
            r"\b(?:is|are) (?:currently |temporarily |now )*overloaded\b",
            r"\b(?:at|over) capacity\b",
            r"\bexperiencing (?:high|heavy) (?:demand|traffic|load)\b",
            r"\bservice is temporarily unable to process\b",
            r"\bcapacity exceeded\b",
            r"\b(?:server|system) (?:is )?(?:too )?busy\b",
        ),
    ),
    rule(
        "common.rate_limit",
        "rate_limit.short",
        words="rate_limit_exceeded rate_limit_error rate_limit rate_limited ratelimitreached"
        " ratelimiterror too_many_requests rate_limit_reached_error too_many_requests_error"
        " toomanyrequests throttling limit_requests limit_burst_rate",
    ),
)

COMMON: Final[tuple[Rule, ...]] = (*_QUOTA, *_AUTH, *_LIMITS, *REQUESTS, *LAST)
