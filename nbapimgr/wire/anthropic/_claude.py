"""What has to be known of a model before it can be asked: its limits and how it thinks."""

from __future__ import annotations

import re
from typing import Any, Final

__all__ = ["default_max_tokens", "thinking"]

_VERSION: Final = re.compile(r"claude-(?:[a-z]+-)*v?(\d+)(?:[-.](\d{1,2})(?!\d))?")
"""`claude-3-5-haiku-20241022`, `claude-opus-4-6`, `claude-4.7-opus`: a date is no minor version."""
_LAST_WITH_BUDGET: Final = (4, 5)
"""The last models that are told a number of thinking tokens; later ones are told an effort and
answer 400 to the number (https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking)."""
_ALWAYS_THINK: Final = ("fable", "mythos")
"""Families that answer 400 to a wish not to think."""
_LEAST_BUDGET: Final = 1024
_SHARES: Final = {"minimal": 0.1, "low": 0.2, "medium": 0.5, "high": 0.8}
"""How much of `max_tokens` may be thinking, as OpenRouter maps an effort to a budget
(https://openrouter.ai/docs/use-cases/reasoning-tokens)."""
_LARGEST_SHARE: Final = 0.95


def default_max_tokens(model: str) -> int:
    """The `max_tokens` to send, which the format demands, where the user named none.

    It is the most that every model of that age takes: 4,096 for Claude 3, 8,192 for 3.5 and for
    models that are not Claude, 32,000 for the rest (Claude Opus 4 takes no more).
    """
    version = _version(model)
    if version is None:
        return 32_000 if "claude" in model else 8192
    if version < (3, 5):
        return 4096
    return 8192 if version < (3, 7) else 32_000


def thinking(effort: str, model: str, max_tokens: int) -> dict[str, Any]:
    """The fields of the body that ask for this much reasoning.

    A model that counts thinking tokens cannot think within `max_tokens` of 1,024 or less; then it
    is not asked to. "minimal" is "low" here; a word we do not know is the API's to judge.
    """
    if effort == "none":
        if any(name in model for name in _ALWAYS_THINK):
            return {"output_config": {"effort": "low"}}
        return {"thinking": {"type": "disabled"}}
    if _adaptive(model):
        effort = "low" if effort == "minimal" else effort
        return {"thinking": {"type": "adaptive"}, "output_config": {"effort": effort}}
    if max_tokens <= _LEAST_BUDGET:
        return {}
    budget = int(max_tokens * _SHARES.get(effort, _LARGEST_SHARE))
    return {"thinking": {"type": "enabled", "budget_tokens": max(budget, _LEAST_BUDGET)}}


def _adaptive(model: str) -> bool:
    """Whether the model takes an effort. What is not Claude knows the older form, if any."""
    version = _version(model)
    return "claude" in model if version is None else version > _LAST_WITH_BUDGET


def _version(model: str) -> tuple[int, int] | None:
    found = _VERSION.search(model)
    return (int(found[1]), int(found[2] or 0)) if found else None
