"""The usage object of a response -> `Usage`: cached inside input, reasoning inside output."""

from __future__ import annotations

from typing import Any

from nbapimgr.models import Usage
from nbapimgr.wire._cost import told_cost
from nbapimgr.wire._json import as_dict, as_int

__all__ = ["read_usage"]


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
        cost=told_cost(raw),
        raw=raw,
    )
