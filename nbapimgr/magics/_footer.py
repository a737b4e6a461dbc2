"""The one dim line under an answer: who, how long, how many tokens, what it cost, what went wrong.

✓ groq:llama-3.3-70b · 1.2 s · 412→96 tok · $0.0003 · via mistral ✗ rate_limit.short
"""

from __future__ import annotations

from collections import Counter
from html import escape
from typing import TYPE_CHECKING, Final

from nbapimgr.inert import plain

if TYPE_CHECKING:
    from nbapimgr.models import Cost, Reply, Usage

__all__ = ["footer", "footer_bundle", "money"]

_LEAST: Final = 0.000001
"""US dollars; what is less is not worth its digits."""


def footer(reply: Reply, trouble: tuple[str, ...] = ()) -> str:
    """The line for a reply, whose model is what the provider calls it."""
    parts = [f"✓ {reply.provider}:{reply.model}", _time(reply), _tokens(reply.usage)]
    if reply.source == "live":
        parts.append(money(reply.cost))
    else:
        parts.append({"cache": "from the cache, free", "replay": "replayed, free"}[reply.source])
    if reply.finish_reason == "length":
        parts.append("cut at max_tokens")
    parts.append(reply.adapted)
    parts += _detours(reply)
    parts += trouble
    return " ".join(plain(" · ".join(filter(None, parts))).split())


def footer_bundle(line: str) -> dict[str, str]:
    """The line as display data, dim where colours can be shown."""
    return {
        "text/plain": line,
        "text/html": f'<small style="opacity:.65">{escape(line)}</small>',
    }


def _detours(reply: Reply) -> list[str]:
    """Who failed before; once where one failed several times in the same way."""
    failed = Counter(
        f"via {attempt.candidate} ✗ {attempt.failure.category}"
        + (f" after {attempt.text_length} characters" if attempt.text_length else "")
        for attempt in reply.attempts
        if attempt.failure
    )
    return [line if times == 1 else f"{line} ×{times}" for line, times in failed.items()]


def money(cost: Cost) -> str:
    """A cost with as many places as it takes to see something."""
    amount, sign = cost.amount, cost.sign
    if amount is None:
        return "price unknown"
    if amount == 0:
        return f"{sign}0"
    if amount < _LEAST:
        return f"<{sign}{_LEAST:.6f}"
    if amount < 0.001:  # noqa: PLR2004  # where four places no longer tell
        return sign + f"{amount:.6f}".rstrip("0")
    return f"{sign}{amount:.2f}" if amount >= 1 else f"{sign}{amount:.4f}"


def _time(reply: Reply) -> str:
    return f"{reply.elapsed:.1f} s" if reply.source == "live" else ""


def _tokens(usage: Usage) -> str:
    if usage.input_tokens is None or usage.output_tokens is None:
        return ""
    about = "~" if usage.source == "estimated" else ""
    return f"{about}{usage.input_tokens}→{usage.output_tokens} tok"
