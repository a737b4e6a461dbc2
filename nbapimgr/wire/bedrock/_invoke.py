"""Reads `invoke` and `invoke-with-response-stream`: each model family's own words, wrapped.

Nothing here is ever asked for by `build`; recorded exchanges hold such answers. Families that speak
another dialect are handed to it; the two that only write text are read here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from nbapimgr.models import Usage
from nbapimgr.wire import dialect
from nbapimgr.wire._json import as_dict, as_int, as_list, as_str, dumps

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbapimgr.wire._dialect import Decoder

__all__ = ["Written", "as_event", "read_written", "speaker"]

_METRICS: Final = "amazon-bedrock-invocationMetrics"

Written = tuple[str, str | None, Usage | None]
"""Text, the family's reason to stop, usage."""


def speaker(value: dict[str, Any], headers: Mapping[str, str], *, now: float) -> Decoder | None:
    """The decoder of the dialect the family speaks, told from its first object, or None."""
    name = _language(value)
    return dialect(name).decoder(headers, stream=True, now=now) if name else None


def _language(value: dict[str, Any]) -> str | None:
    choices = as_list(value.get("choices"))
    if choices and "text" not in as_dict(choices[0]):
        return "openai-chat"
    kind = as_str(value.get("type"))
    return "anthropic" if kind and kind != "completion" else None


def as_event(value: dict[str, Any]) -> bytes:
    """A family's event as the server-sent event its own provider would make of it."""
    name = as_str(value.get("type"))
    head = b"event: " + name.encode() + b"\n" if name.isidentifier() else b""
    return head + b"data: " + dumps(value) + b"\n\n"


def read_written(value: dict[str, Any]) -> Written | None:
    """Text of the families that only write: Claude 2 and OpenAI-like completions; else None."""
    choices = as_list(value.get("choices"))
    if choices:
        choice = as_dict(choices[0])
        usage = as_dict(value.get("usage"))
        counted = _usage(usage, usage.get("prompt_tokens"), usage.get("completion_tokens"))
        return as_str(choice.get("text")), as_str(choice.get("finish_reason")) or None, counted
    if "completion" in value:
        metrics = as_dict(value.get(_METRICS))
        counted = _usage(metrics, metrics.get("inputTokenCount"), metrics.get("outputTokenCount"))
        return as_str(value["completion"]), as_str(value.get("stop_reason")) or None, counted
    return None


def _usage(raw: dict[str, Any], given: Any, made: Any) -> Usage | None:
    if not raw:
        return None
    return Usage(input_tokens=as_int(given), output_tokens=as_int(made), raw=raw)
