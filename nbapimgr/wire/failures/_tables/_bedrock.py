"""Bedrock's errors: the exception's name decides, the sentence where one name means many things.

Source: its troubleshooting guide, recorded exchanges. The name comes in a header (plain call), in
the frame (stream), in the body (`__type`) or as the key of the event. Bedrock never says 401.
"""

from __future__ import annotations

from typing import Final

from nbapimgr.wire.failures._rules import Rule, rule
from nbapimgr.wire.failures._tables._requests import INCAPABLE

__all__ = ["BEDROCK"]

_CLOCK = "set this machine's clock: the signature carries a time that AWS does not accept"

_LIMITS: Final[tuple[Rule, ...]] = (
    rule(
        "bedrock.daily",
        "rate_limit.daily",
        status=(429,),
        said=r"^too many tokens per day\b|\bper day\b",
    ),
    rule(
        "bedrock.not_ready",
        "service.overloaded",
        words="modelnotreadyexception serviceunavailableexception serviceunavailable",
    ),
    rule(
        "bedrock.throttled",
        "rate_limit.short",
        words="throttlingexception throttling toomanyrequestsexception"
        " servicequotaexceededexception",
    ),
)

_AUTH: Final[tuple[Rule, ...]] = (
    rule(
        "bedrock.clock",
        "auth.invalid_key",
        said=r"^signature (?:expired|not yet current)\b",
        scope="local",
        remedy=_CLOCK,
    ),
    rule(
        "bedrock.request_expired",
        "auth.invalid_key",
        words="requestexpired",
        scope="local",
        remedy=_CLOCK,
    ),
    rule(
        "bedrock.token_expired",
        "auth.invalid_key",
        words="expiredtokenexception expiredtoken",
        remedy="the session has expired: sign in to AWS again",
    ),
    rule(
        "bedrock.key",
        "auth.invalid_key",
        words="unrecognizedclientexception invalidsignatureexception incompletesignature"
        " incompletesignatureexception invalidclienttokenid missingauthenticationtoken"
        " missingauthenticationtokenexception signaturedoesnotmatch",
    ),
    rule(
        "bedrock.api_key",
        "auth.invalid_key",
        status=(403,),
        said=(
            r"\bmake sure your api key is valid\b",
            r"^invalid api key\b",
            r"\btoken has expired\b",
            r"^authentication failed\b",
        ),
    ),
    rule(
        "bedrock.payment",
        "quota.exhausted",
        said=r"^invalid_payment_instrument\b|\bvalid payment instrument\b",
        remedy="add a valid payment method to the AWS account",
    ),
    rule(
        "bedrock.region",
        "auth.region",
        status=(400, 403),
        said=r"\bfrom unsupported countries\b|\bnot available in your country\b",
    ),
)

_MODEL: Final[tuple[Rule, ...]] = (
    rule(
        "bedrock.model_access",
        "model.not_found",
        status=(403, 404),
        said=(
            r"\baccess to the model\b",
            r"^model access is denied\b",
            r"\bmodel use case details\b",
        ),
        remedy="ask for access to the model in the Bedrock console",
    ),
    rule(
        "bedrock.profile",
        "model.not_found",
        status=(400,),
        said=r"\bon-demand throughput\b",
        remedy="use the model's inference profile: its id with a prefix such as us. or eu.",
    ),
    rule(
        "bedrock.model",
        "model.not_found",
        status=(400, 404),
        said=(
            r"\bmodel identifier is invalid\b",
            r"\bend of (?:its|the) life\b",
            r"\bend of life\b",
            r"^could not resolve the foundation model\b",
            r"\bmodel id\b.{0,120}\b(?:does ?n.t|not) exist\b",
        ),
    ),
    rule(
        "bedrock.context",
        "model.context_length",
        status=(400, 413),
        said=(
            r"\binput is too long for requested model\b",
            r"\binput tokens exceeded\b",
            r"\bprompt is too long\b",
            r"\btoo many (?:input )?tokens\b",
        ),
    ),
)

BEDROCK: Final[tuple[Rule, ...]] = (
    *_LIMITS,
    *_AUTH,
    *_MODEL,
    rule(
        "bedrock.permission",
        "auth.permission",
        words="accessdeniedexception accessdenied notauthorized optinrequired",
    ),
    rule("bedrock.timeout", "network.total_timeout", words="modeltimeoutexception"),
    rule(
        "bedrock.server",
        "service.error",
        words="modelerrorexception modelstreamerrorexception internalserverexception"
        " internalfailure internalservererror",
    ),
    rule(
        "bedrock.policy",
        "request.content_policy",
        status=(400,),
        said=(
            r"\bblocked by (?:our )?(?:content filters?|guardrails?)\b",
            r"\bcontent filtering policy\b",
        ),
    ),
    rule(
        "bedrock.incapable",
        "request.bad",
        status=(400,),
        said=(
            r"\bdoes ?n.t support\b",
            r"\bdoes not support\b",
            r"\b(?:is|are) not supported\b",
            r"\bnot match any of the",
        ),
        scope="model",
        remedy=INCAPABLE,
    ),
    rule("bedrock.request", "request.bad", words="validationexception"),
)
