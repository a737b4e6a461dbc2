"""How each model family on Bedrock is told how long to think: Converse has no word for all.

Sources: recorded requests for Claude, Nova and gpt-oss; botocore's service model for the rest.
"""

from __future__ import annotations

import re
from typing import Any, Final

__all__ = ["effort_fields"]

_BUDGETS: Final = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 16384}
"""Tokens of thought for the Claude models that take a budget; 1,024 is their least."""
_LEAST: Final = 1024
_BUDGETED: Final = re.compile(
    r"anthropic\.claude-(?:3-7-|(?:sonnet|opus)-4-(?:\d{8}|[15]-\d{8})|haiku-4-5)"
)
"""Claude 3.7 to 4.5; from 4.6 on Claude decides by itself and takes an effort."""


def effort_fields(model: str, effort: str, max_tokens: int | None) -> dict[str, Any]:
    """The fields of the body that ask `model` for this effort.

    Args:
        model: The model's id, or the ARN of its inference profile.
        effort: "none", "minimal", "low", "medium" or "high".
        max_tokens: The answer's limit; a budget of thought must be smaller.
    """
    at_least_low = "low" if effort == "minimal" else effort
    if "anthropic." in model:
        fields = _claude(model, effort, max_tokens)
        return {"additionalModelRequestFields": fields} if fields else {}
    if "amazon.nova" in model:
        config = {"type": "enabled", "maxReasoningEffort": at_least_low}
        off = {"type": "disabled"}
        return _more("reasoningConfig", off if effort == "none" else config)
    if "openai." in model:
        return _more("reasoning_effort", "low" if effort == "none" else at_least_low)
    return {} if effort == "none" else {"outputConfig": {"effort": at_least_low}}


def _more(name: str, value: Any) -> dict[str, Any]:
    return {"additionalModelRequestFields": {name: value}}


def _claude(model: str, effort: str, max_tokens: int | None) -> dict[str, Any]:
    if effort == "none":
        return {"thinking": {"type": "disabled"}}
    if not _BUDGETED.search(model):
        effort = "low" if effort == "minimal" else effort
        return {"thinking": {"type": "adaptive"}, "output_config": {"effort": effort}}
    if max_tokens is not None and max_tokens <= _LEAST:
        return {}  # no thought fits into so short an answer: the API would refuse
    budget = _BUDGETS.get(effort, _BUDGETS["high"])
    if max_tokens is not None:
        budget = max(_LEAST, min(budget, max_tokens // 2))
    return {"thinking": {"type": "enabled", "budget_tokens": budget}}
