"""What a provider that speaks one of OpenAI's formats says an answer cost."""

from __future__ import annotations

from typing import Any, Final

from nbapimgr.wire._json import as_dict

__all__ = ["told_cost"]

_TICK: Final = 1e-10
"""US dollars in one of xAI's cost ticks (checked against its price list)."""


def told_cost(raw: dict[str, Any]) -> float | None:
    """What the provider says it cost, in US dollars.

    A number (OpenRouter), an object with a total (Perplexity), or ticks (xAI). With a key of one's
    own OpenRouter's `cost` is its fee; what the provider behind it takes is told apart.
    """
    cost = raw.get("cost")
    if isinstance(cost, dict):
        return _dollars(cost.get("total_cost"))
    ticks = _dollars(raw.get("cost_in_usd_ticks"))
    if ticks is not None:
        return ticks * _TICK
    told = _dollars(cost)
    if told is not None and raw.get("is_byok") is True:
        told += _dollars(as_dict(raw.get("cost_details")).get("upstream_inference_cost")) or 0.0
    return told


def _dollars(value: Any) -> float | None:
    good = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
    return float(value) if good else None
