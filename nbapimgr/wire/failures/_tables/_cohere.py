"""Cohere's errors: a sentence and an id, no type and hardly a code.

Source: its document on errors, recorded exchanges. 498 means a deny-listed word, not overload; a
generation that failed is 422, or a 200 stream that ends in ERROR.
"""

from __future__ import annotations

from typing import Final

from nbapimgr.wire.failures._rules import Rule, rule

__all__ = ["COHERE"]

COHERE: Final[tuple[Rule, ...]] = (
    rule(
        "cohere.output_tokens",
        "request.bad",
        status=(400,),
        said=r"^too many tokens: max tokens must be\b",
        remedy="lower max_tokens",
    ),
    rule("cohere.context", "model.context_length", words="too_many_tokens"),
    rule(
        "cohere.context_text",
        "model.context_length",
        status=(400, 422),
        said=r"^too many tokens\b",
    ),
    rule(
        "cohere.trial_month",
        "quota.exhausted",
        status=(429,),
        said=r"\bcalls ?(?:/|per) ?month\b|\bmonthly (?:limit|quota)\b",
        remedy="use a production key, or wait for the next month",
    ),
    rule("cohere.blocked", "request.content_policy", status=(498,)),
    rule(
        "cohere.model",
        "model.not_found",
        status=(400, 404),
        said=(
            r"^model \S{0,120} ?(?:not found|was removed|is deprecated)\b",
            r"\bmodel \S{0,120} ?is not supported by the\b",
            r"^unknown model\b",
        ),
    ),
    rule(
        "cohere.no_answer",
        "service.malformed",
        status=(422,),
        said=r"^no valid response generated\b",
    ),
)
