"""What an exchange means, told from the recorded facts alone: nothing here is the product's.

The usage rules restate the providers' documentation and what recorded numbers prove: where cached
and reasoning tokens are counted, API by API.
"""

from __future__ import annotations

import re
from typing import Any

USAGE_FIELDS = (
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "reasoning_output_tokens",
)

STOP, LENGTH, TOOLS, FILTER, OTHER = "stop", "length", "tool_calls", "content_filter", "other"
_FINISH = {
    "openai.chat": {
        "stop": STOP,
        "eos": STOP,
        "length": LENGTH,
        "tool_calls": TOOLS,
        "tool_call": TOOLS,
        "function_call": TOOLS,
        "content_filter": FILTER,
    },
    "openai.responses": {
        "completed": STOP,
        "max_output_tokens": LENGTH,
        "content_filter": FILTER,
    },
    "anthropic": {
        "end_turn": STOP,
        "stop_sequence": STOP,
        "max_tokens": LENGTH,
        "model_context_window_exceeded": LENGTH,
        "tool_use": TOOLS,
        "refusal": "refusal",
    },
    "gemini": {
        "STOP": STOP,
        "MAX_TOKENS": LENGTH,
        "SAFETY": FILTER,
        "RECITATION": FILTER,
        "PROHIBITED_CONTENT": FILTER,
        "BLOCKLIST": FILTER,
        "SPII": FILTER,
        "IMAGE_SAFETY": FILTER,
        "MODEL_ARMOR": FILTER,
    },
    "bedrock": {
        "end_turn": STOP,
        "stop": STOP,
        "stop_sequence": STOP,
        "max_tokens": LENGTH,
        "length": LENGTH,
        "tool_use": TOOLS,
        "tool_calls": TOOLS,
        "guardrail_intervened": FILTER,
        "content_filtered": FILTER,
    },
    "cohere": {
        "COMPLETE": STOP,
        "STOP_SEQUENCE": STOP,
        "MAX_TOKENS": LENGTH,
        "TOOL_CALL": TOOLS,
    },
    "ollama": {"stop": STOP, "length": LENGTH},
}


def _table(rules: dict[str, Any], api: str) -> Any:
    return rules.get(api) or rules[api.partition(".")[0]]


def finish_reason(api: str, expect: dict[str, Any]) -> str | None:
    """Our word for how the answer ended.

    A stop with tool calls is `tool_calls` (Gemini, Ollama and forced tools at Azure say stop), and
    a stop with a refusal is `refusal`.
    """
    native = expect.get("finish_reason")
    if native is None:
        return None
    word = _table(_FINISH, api).get(native, OTHER)
    if word == STOP and expect.get("tool_calls"):
        return TOOLS
    return "refusal" if word == STOP and expect.get("refusal") else word


# --- usage -------------------------------------------------------------------------------------


def usage(case: Any) -> dict[str, int | None]:
    """The five numbers of `USAGE_FIELDS`, from the provider's raw object."""
    raw = case.expect["usage_raw"]
    numbers = _table(_USAGE, case.api)(raw, case)
    return dict(zip(USAGE_FIELDS, numbers, strict=True))


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _sum(*values: int | None) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _openai_chat(raw, case):
    inside = raw.get("prompt_tokens_details") or {}
    outside = raw.get("completion_tokens_details") or {}
    cached = _first(
        inside.get("cached_tokens"),
        raw.get("cached_tokens"),
        raw.get("num_cached_tokens"),
        raw.get("prompt_cache_hit_tokens"),
    )
    reasoning = _first(outside.get("reasoning_tokens"), raw.get("reasoning_tokens"))
    output = raw.get("completion_tokens")
    if case.provider == "xai" or str(case.expect.get("model")).startswith("grok"):
        output = _sum(output, reasoning)
    given = raw.get("prompt_tokens")
    if "prompt_audio_seconds" in raw:  # Mistral counts audio in the total alone
        given = raw["total_tokens"] - output
    return given, output, cached, inside.get("cache_write_tokens"), reasoning


def _openai_responses(raw, case):
    inside = raw.get("input_tokens_details") or {}
    outside = raw.get("output_tokens_details") or {}
    return (
        raw["input_tokens"],
        raw["output_tokens"],
        inside.get("cached_tokens"),
        inside.get("cache_write_tokens"),
        outside.get("reasoning_tokens"),
    )


def _anthropic(raw, case):
    read, written = raw.get("cache_read_input_tokens"), raw.get("cache_creation_input_tokens")
    thinking = (raw.get("output_tokens_details") or {}).get("thinking_tokens")
    return _sum(raw["input_tokens"], read, written), raw["output_tokens"], read, written, thinking


def _gemini(raw, case):
    prompt, total = raw.get("promptTokenCount"), raw.get("totalTokenCount")
    thoughts = raw.get("thoughtsTokenCount")
    output = _sum(raw.get("candidatesTokenCount"), thoughts)
    if output is None and prompt is not None and total is not None:
        output = total - prompt  # a zero is left out of the JSON
    given = prompt if prompt is None else _sum(prompt, raw.get("toolUsePromptTokenCount"))
    return given, output, raw.get("cachedContentTokenCount"), None, thoughts


def _converse(raw, case):
    read, written = raw.get("cacheReadInputTokens"), raw.get("cacheWriteInputTokens")
    return _sum(raw["inputTokens"], read, written), raw["outputTokens"], read, written, None


def _invoke(raw, case):
    return _openai_chat(raw, case) if "prompt_tokens" in raw else _anthropic(raw, case)


def _cohere(raw, case):
    tokens = raw.get("tokens") or raw.get("billed_units") or {}
    reasoning = tokens.get("reasoning_tokens")
    return (
        tokens.get("input_tokens"),
        tokens.get("output_tokens"),
        raw.get("cached_tokens"),
        None,
        reasoning,
    )


def _ollama(raw, case):
    return raw.get("prompt_eval_count"), raw.get("eval_count"), None, None, None


_USAGE = {
    "openai.chat": _openai_chat,
    "openai.responses": _openai_responses,
    "anthropic": _anthropic,
    "gemini": _gemini,
    "bedrock.converse": _converse,
    "bedrock.converse_stream": _converse,
    "bedrock.invoke": _invoke,
    "bedrock.invoke_stream": _invoke,
    "cohere": _cohere,
    "ollama": _ollama,
}


def cost(case: Any) -> float | None:
    """US dollars where the provider names them.

    `cost` is a number (OpenRouter) or an object with a total (Perplexity); xAI counts ticks of
    1e-10 dollars. With a key of one's own OpenRouter's `cost` is its fee alone: what is paid to the
    provider behind it is told apart.
    """
    raw = case.expect["usage_raw"]
    told = raw.get("cost")
    if isinstance(told, dict):
        return told.get("total_cost")
    if told is not None:
        behind = (raw.get("cost_details") or {}).get("upstream_inference_cost")
        return told + (behind or 0) if raw.get("is_byok") else told
    ticks = raw.get("cost_in_usd_ticks")
    return None if ticks is None else ticks * 1e-10


# --- retry hints -------------------------------------------------------------------------------

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"([\d.]+)\s*(ms|s|m|h)?")


def seconds(text: str) -> float:
    """`48.9s`, `60 s`, `1m30s` or bare seconds."""
    return sum(float(n) * _UNITS[unit or "s"] for n, unit in _DURATION.findall(text))


def waits(retry: dict[str, str], now: float) -> list[float]:
    """The seconds to wait that each hint of `expect.error.retry` names."""
    found = []
    for source, value in retry.items():
        if source == "retry-after-ms":
            found.append(float(value) / 1000)
        elif source == "body.metadata.headers.X-RateLimit-Reset":
            found.append(max(0.0, float(value) / 1000 - now))
        elif source != "x-should-retry":
            found.append(seconds(value))
    return found
