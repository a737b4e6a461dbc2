"""Anthropic's usage object -> `Usage`: here cached input lies outside `input_tokens`."""

from __future__ import annotations

from typing import Any

from nbapimgr.models import Usage
from nbapimgr.wire._json import as_dict, as_int, as_list, as_str

__all__ = ["read_usage"]


def read_usage(raw: dict[str, Any]) -> Usage | None:
    """The normalised numbers, None where nothing was sent.

    Compactions are added: the provider bills them, but leaves them out of its own totals
    (https://platform.claude.com/docs/en/build-with-claude/compaction, "Understanding usage").
    """
    if not raw:
        return None
    rounds = [as_dict(entry) for entry in as_list(raw.get("iterations"))]
    spent = [raw, *(entry for entry in rounds if entry.get("type") == "compaction")]
    read = _total(spent, "cache_read_input_tokens")
    written = _total(spent, "cache_creation_input_tokens")
    plain = _total(spent, "input_tokens")
    return Usage(
        input_tokens=None if plain is None else plain + (read or 0) + (written or 0),
        output_tokens=_total(spent, "output_tokens"),
        cache_read_input_tokens=read,
        cache_creation_input_tokens=written,
        cache_creation_1h_input_tokens=_total(
            [as_dict(entry.get("cache_creation")) for entry in spent], "ephemeral_1h_input_tokens"
        ),
        reasoning_output_tokens=as_int(
            as_dict(raw.get("output_tokens_details")).get("thinking_tokens")
        ),
        service_tier=as_str(raw.get("service_tier")) or None,
        raw=raw,
    )


def _total(parts: list[dict[str, Any]], name: str) -> int | None:
    known = [count for part in parts if (count := as_int(part.get(name))) is not None]
    return sum(known) if known else None
