"""What many providers say in the same words, of models and requests: sentences engines share."""

from __future__ import annotations

from typing import Final

from nbapimgr.wire.failures._rules import Rule, rule

__all__ = ["CONTEXT", "INCAPABLE", "LAST", "REQUESTS"]

_FITS: Final = (400, 403, 413, 422, 500)
"""Statuses under which a request that does not fit is refused. llama.cpp says 500, Together 403."""
_ABLE: Final = (400, 403, 404, 415, 422, 500, 501)
"""Statuses under which a model or engine says that it cannot do something."""
INCAPABLE: Final = "leave out what the message names, or use a model that can do it"

CONTEXT: Final = (
    r"\bmaximum (?:context|prompt|input|sequence) (?:length|limit) (?:is|of) \d",
    r"\bwith \d+ maximum context length\b",
    r"\bthe context window of this model\b",
    r"\b(?:longer|greater|less) than the (?:model's )?context length\b",
    (
        r"\bexceed(?:s|ed|ing)? (?:(?:the|this|its|available|max|maximum|model'?s?) )*"
        r"context (?:length|window|size|limit)"
    ),
    r"\bcontext (?:size|length|window) (?:(?:has been|was|is) )?exceeded\b",
    r"\bprompt (?:is )?too long\b",
    r"\binput (?:is )?too long for\b",
    r"\binput token (?:length too long|count \(?\d+)",
    r"\binput tokens exceed(?:ed)?\b",
    r"\bmodel token limit\b",
    r"\btokens \+ `` must be <=",
    r"\bcurrent length is \d+ while limit is \d",
    r"\brange of input length should be\b",
    r"\bexceeds the maximum number of tokens allowed\b",
    r"\bmaxlength: \d{5,}",
)
"""What is said of a prompt that is too long."""

_MODEL: Final[tuple[Rule, ...]] = (
    rule(
        "common.context",
        "model.context_length",
        words="context_length_exceeded context_window_exceeded exceed_context_size_error"
        " too_many_prompt_tokens contextwindowexceedederror prompt_too_long input_too_long"
        " model_max_prompt_tokens_exceeded",
    ),
    rule(
        "common.context_text",
        "model.context_length",
        status=_FITS,
        said=CONTEXT,
    ),
    rule(
        "common.model",
        "model.not_found",
        words="model_not_found unknown_model model_not_available invalid_model modelnotfound"
        " model_not_supported unavailable_model model_decommissioned modelnotfounderror"
        " deploymentnotfound servicemodeldeprecating servicemodeldeprecated model_unavailable"
        " team_model_access_denied key_model_access_denied",
    ),
    rule(
        "common.model_text",
        "model.not_found",
        status=(400, 403, 404, 410, 422),
        said=(
            (
                r"^(?:the )?(?:requested |specified )?model (?:'' |`` |\"\" |\S{1,120} )?"
                r"(?:does not exist|(?:was |is )?not found|not exist|is not available|was removed"
                r"|has been (?:removed|retired|deprecated)|is deprecated|is retired)"
            ),
            r"\bis not a valid model(?: id)?\b",
            r"^invalid model(?: id| name)?\b",
            r"^unknown model\b",
            r"\bunexpected model name format\b",
            r"^no models loaded\b",
            r"^unable to access model\b",
            r"\bmodel (?:version )?has (?:been (?:deprecated|decommissioned)|reached the end of)",
            r"\bno longer available\b",
        ),
    ),
)

_POLICY: Final[tuple[Rule, ...]] = (
    rule(
        "common.policy",
        "request.content_policy",
        like=r"^content_?(?:policy|filter)|policy_?violation|^moderation|^flagged_input$|^refusal$"
        r"|data_?inspection_?failed|^guardrail|^safety_check|^prohibited_content$",
    ),
    rule(
        "common.policy_text",
        "request.content_policy",
        status=(400, 403, 422, 451),
        said=(
            (
                r"\bviolat(?:es?|ing) (?:our |the |openai's |anthropic's |xai's )?(?:\w+ )?"
                r"(?:usage|content|safety) (?:policy|policies|guidelines)\b"
            ),
            r"\bblocked by (?:our )?content filter",
            r"\bcontent (?:filtering|management) policy\b",
            r"\brejected as a result of (?:our|the) safety system\b",
            r"\brejected because it was considered high risk\b",
            r"\binappropriate content\b",
        ),
    ),
)

_SIZE: Final[tuple[Rule, ...]] = (
    rule(
        "common.bytes",
        "request.too_large",
        words="request_too_large payload_too_large image_too_large badrequest.toolarge",
    ),
    rule(
        "common.bytes_text",
        "request.too_large",
        status=(400, 413, 422),
        said=(
            r"\brequest payload size exceeds\b",
            r"\bimage exceeds \d+ ?mb\b",
            r"\bfile size (?:is )?too large\b",
            r"\bmaximum length \d{6,}",
            r"\bmessage size \d+ exceeds limit \d",
        ),
    ),
)

_ABILITY: Final[tuple[Rule, ...]] = (
    # The engine failed to make of the model's words what was asked for; another one may.
    rule(
        "common.no_valid_answer",
        "service.malformed",
        words="tool_use_failed json_validate_failed",
        remedy="ask again, or use a model that is better at tools and structured answers",
    ),
    # A request that is good, put to a model or engine that cannot do it: another one can.
    rule(
        "common.incapable",
        "request.bad",
        words="unsupported_parameter unsupported_value not_supported_error multimodal_not_enabled"
        " operationnotsupported unsupported_feature",
        scope="model",
        remedy=INCAPABLE,
    ),
    rule(
        "common.incapable_text",
        "request.bad",
        status=_ABLE,
        said=(
            (
                r"\bnot (?:supported|enabled|available) (?:with|in|by|for|on) (?:this |the |your )?"
                r"(?:requested |selected |organization and |reasoning )?(?:models?|server|mode)\b"
            ),
            r"\b(?:does not|doesn.t) (?:currently )?support\b",
            (
                r"\b(?:image|audio|video|vision|multimodal|file)(?:_url|s)?(?: \w+)? (?:is|are) not"
                r" (?:supported|enabled)\b"
            ),
            r"^unsupported content\[\]",
            r"\bmodel features [\w ]{1,40} not support\b",
            r"\bis not supported - hint\b",
        ),
        scope="model",
        remedy=INCAPABLE,
    ),
    rule(
        "common.template",
        "request.bad",
        status=(400, 500),
        said=(
            r"\bjinja exception\b",
            r"\bwhile executing \w+ at line \d",
            r"\bconversation roles must alternate\b",
        ),
        scope="model",
        remedy="this model's template does not allow these turns: use another model",
    ),
    rule(
        "common.media",
        "request.bad",
        status=(400, 422, 500),
        said=(
            r"\bfailed to (?:load|decode|process) (?:the )?(?:image|audio|inputs)\b",
            r"\bimage: unknown format\b",
            r"\billegal base64\b",
            r"\bmultimodal data is corrupted\b",
        ),
        remedy="check the picture or file: the provider cannot read it",
    ),
    rule(
        "common.timeout",
        "network.total_timeout",
        words="timeout_error request_timeout requesttimeout requesttimedout timeout",
    ),
)

REQUESTS: Final[tuple[Rule, ...]] = (*_MODEL, *_POLICY, *_SIZE, *_ABILITY)

LAST: Final[tuple[Rule, ...]] = (
    rule(
        "common.server",
        "service.error",
        status=(0, 500, 502),
        words="server_error internal_server_error internalservererror api_error server"
        " internal_error",
    ),
    rule(
        "common.request",
        "request.bad",
        status=(0, 400, 422),
        words="invalid_request_error invalid_request bad_request badrequesterror validation_error"
        " invalid_parameter_error validation invalid_request_body invalid_request_invalid_args"
        " unprocessable",
    ),
)
"""Words that tell who is at fault, and nothing else."""
