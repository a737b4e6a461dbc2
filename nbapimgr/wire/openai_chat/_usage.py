"""The many usage objects of chat completions as one: cached in input, reasoning in output."""

from __future__ import annotations

from typing import Any

from nbapimgr.models import Usage
from nbapimgr.wire._cost import told_cost
from nbapimgr.wire._json import as_dict, as_int, as_str

__all__ = ["usage"]


def usage(raw: dict[str, Any], service_tier: str | None) -> Usage | None:
    """What `raw` counts; None when it counts nothing."""
    given, made = as_int(raw.get("prompt_tokens")), as_int(raw.get("completion_tokens"))
    total = as_int(raw.get("total_tokens"))
    if given is None and made is None and total is None:
        return None
    inside = as_dict(raw.get("prompt_tokens_details"))
    outside = as_dict(raw.get("completion_tokens_details"))
    reasoning = _first(outside.get("reasoning_tokens"), raw.get("reasoning_tokens"))
    if given is not None and made is not None and total is not None:
        if total == given + made + (reasoning or 0):
            made = total - given  # xAI counts reasoning apart; elsewhere this changes nothing
        elif "prompt_audio_seconds" in raw:
            given = total - made  # Mistral counts audio in the total alone
    return Usage(
        input_tokens=given,
        output_tokens=made,
        cache_read_input_tokens=_first(
            inside.get("cached_tokens"),
            raw.get("cached_tokens"),
            raw.get("num_cached_tokens"),
            raw.get("prompt_cache_hit_tokens"),
        ),
        cache_creation_input_tokens=_first(inside.get("cache_write_tokens")),
        reasoning_output_tokens=reasoning,
        service_tier=service_tier or as_str(raw.get("service_tier")) or None,
        cost=told_cost(raw),
        raw=raw,
    )


def _first(*values: Any) -> int | None:
    return next((count for count in map(as_int, values) if count is not None), None)
