"""OpenAI's own errors, chat and Responses, and Azure's.

Source: OpenAI's error code guide and Azure's, recorded exchanges. The type of a bad key is
`invalid_request_error`; "Request too large" has the code of a rate limit and can never succeed; an
unknown model is 404 on chat and 400 on Responses under the same code.
"""

from __future__ import annotations

from typing import Final

from nbapimgr.wire.failures._rules import Rule, rule
from nbapimgr.wire.failures._tables._requests import INCAPABLE

__all__ = ["OPENAI"]

OPENAI: Final[tuple[Rule, ...]] = (
    rule(
        "openai.quota",
        "quota.exhausted",
        words="insufficient_quota credit_balance_exhausted organization_usage_limit_exceeded",
    ),
    rule(
        "openai.spend_limit",
        "quota.exhausted",
        words="organization_spend_limit_exceeded project_spend_limit_exceeded",
        remedy="raise or remove the spend limit in the provider's settings; it resets every month",
        reset="month_utc",
    ),
    rule(
        "openai.too_large",
        "rate_limit.too_large",
        words="rate_limit_exceeded tokens_limit_reached",
        said=r"^request (?:body )?too large for\b",
    ),
    rule(
        "openai.permission",
        "auth.permission",
        status=(401, 403),
        said=(
            r"\binsufficient permissions for this operation\b",
            r"\bmissing scopes?\b",
            r"\bmust be a member of an organization\b",
            r"\bip (?:address )?(?:is )?not authorized\b",
            r"\bdoes not have access to (?:the )?(?:api|operation)\b",
        ),
    ),
    rule(
        "openai.permission_code",
        "auth.permission",
        words="ip_not_authorized mismatched_organization mismatched_project invalid_organization"
        " permissiondenied authenticationtypedisabled",
    ),
    rule(
        "openai.deactivated",
        "auth.invalid_key",
        words="account_deactivated access_terminated",
    ),
    rule(
        "openai.model_access",
        "model.not_found",
        status=(403,),
        said=(
            r"^you are not allowed to sample from this model\b",
            r"\bdoes not have access to model\b",
        ),
    ),
    rule(
        "openai.not_chat",
        "model.not_found",
        status=(400, 404),
        said=(
            r"^this is not a chat model\b",
            r"\bonly supported in v1/responses\b",
            r"\bnot supported in the v1/chat/completions\b",
            r"\boperation does not work with the specified",
        ),
        remedy="use a chat model, or a provider with the dialect this model needs",
    ),
    rule(
        "openai.invalid_prompt",
        "request.content_policy",
        words="invalid_prompt",
        said=r"\busage policy\b|\bsafety\b|\bflagged\b",
    ),
    rule(
        "openai.output_limit",
        "request.bad",
        said=r"^could not finish the message because max_tokens\b",
        remedy="raise max_tokens: reasoning used it up before an answer began",
    ),
    rule(
        "openai.incapable",
        "request.bad",
        words="invalid_value invalid_request_error",
        said=r"^this model does not support\b|\bnot supported (?:with|in|by) this model\b",
        scope="model",
        remedy=INCAPABLE,
    ),
    rule(
        "openai.too_long",
        "request.too_large",
        words="string_above_max_length array_above_max_length",
        said=r"\bmaximum length \d{5,}",
        remedy="shorten the prompt",
    ),
    # Messages of these codes quote what was sent, so no later rule may look at their words.
    rule(
        "openai.parameter",
        "request.bad",
        like=r"^(?:integer|decimal|string|array|object|number)_(?:above|below)_"
        r"|^invalid_(?:type|value|json|function|tool|image|file|schema|base64|content)"
        r"|^(?:unknown|missing_required|missing|duplicate|immutable)_parameter$|^empty_(?:string|array)$"
        r"|^previous_response_not_found$",
    ),
    rule(
        "azure.restricted",
        "auth.permission",
        status=(403,),
        said=r"\bvirtual network/firewall rules\b|\btemporarily blocked\b",
    ),
    rule(
        "azure.path",
        "model.not_found",
        status=(404,),
        words="404",
        said=r"^resource not found\b",
        remedy="check the deployment's name, the api_version and the base URL",
    ),
)
