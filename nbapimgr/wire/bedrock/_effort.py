"""How each model family on Bedrock is told how long to think: Converse has no word for all.

Sources: recorded requests for Claude, Nova and gpt-oss; botocore's service model for the rest.
"""

from __future__ import annotations

from typing import Any

from nbapimgr.wire.anthropic._claude import default_max_tokens, thinking

__all__ = ["effort_fields"]


def effort_fields(model: str, effort: str, max_tokens: int | None) -> dict[str, Any]:
    """The fields of the body that ask `model` for this effort; none where it cannot be said.

    Args:
        model: The model's id, or the ARN of its inference profile.
        effort: "none", "minimal", "low", "medium" or "high".
        max_tokens: The answer's limit; a budget of thought must be smaller.
    """
    if "anthropic." in model:
        return _more(thinking(effort, model, max_tokens or default_max_tokens(model)))
    level = "low" if effort == "minimal" else effort
    if "amazon.nova" in model:
        on = {"type": "enabled", "maxReasoningEffort": level}
        return _more({"reasoningConfig": {"type": "disabled"} if effort == "none" else on})
    if "openai." in model:  # gpt-oss cannot be told not to think
        return _more({"reasoning_effort": "low" if effort == "none" else level})
    return {} if effort == "none" else {"outputConfig": {"effort": level}}


def _more(fields: dict[str, Any]) -> dict[str, Any]:
    return {"additionalModelRequestFields": fields} if fields else {}
