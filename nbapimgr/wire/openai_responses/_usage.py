"""The usage object of a response -> `Usage`: cached inside input, reasoning inside output."""

from __future__ import annotations

from typing import Any, Final

from nbapimgr.models import Usage
from nbapimgr.wire._json import as_dict, as_int

__all__ = ["read_usage"]

_TICKS: Final = 1e10
"""xAI's cost ticks in one US dollar (checked against its price list)."""


def read_usage(raw: dict[str, Any], service_tier: str | None) -> Usage | None:
    """The normalised numbers, None where nothing was sent."""
    if not raw:
        return None
    inside = as_dict(raw.get("input_tokens_details"))
    outside = as_dict(raw.get("output_tokens_details"))
    return Usage(
        input_tokens=as_int(raw.get("input_tokens")),
        output_tokens=as_int(raw.get("output_tokens")),
        cache_read_input_tokens=as_int(inside.get("cached_tokens")),
        cache_creation_input_tokens=as_int(inside.get("cache_write_tokens")),
        reasoning_output_tokens=as_int(outside.get("reasoning_tokens")),
        service_tier=service_tier,
        cost=_cost(raw),
        raw=raw,
    )


def _cost(raw: dict[str, Any]) -> float | None:
    """What the provider says it cost, in US dollars: xAI in ticks, OpenRouter as it is.

    With a key of one's own OpenRouter's `cost` is its fee; the price behind it is told apart.
    """
    ticks = as_int(raw.get("cost_in_usd_ticks"))
    if ticks is not None:
        return ticks / _TICKS
    cost = _dollars(raw.get("cost"))
    if cost is not None and raw.get("is_byok") is True:
        details = as_dict(raw.get("cost_details"))
        cost += _dollars(details.get("upstream_inference_cost")) or 0.0
    return cost


def _dollars(value: Any) -> float | None:
    good = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
    return float(value) if good else None
