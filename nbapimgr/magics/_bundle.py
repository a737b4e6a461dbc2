"""A reply as what a notebook keeps: MIME data, and the facts in its metadata."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from nbapimgr.inert import inert

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbapimgr.models import Attempt, Reply

__all__ = ["bundle", "code_of", "facts", "partial"]

Bundle = tuple[dict[str, Any], dict[str, Any]]
_FENCE = "```"


def bundle(reply: Reply, form: str = "md") -> Bundle:
    """(data, metadata) of a reply shown as `form`: md, text, code or json.

    `text/plain` is always the answer itself, so that it reads well in a terminal, a diff and nbval.
    What changes from run to run is in the metadata, which nbval does not compare.
    """
    metadata = {"nbapimgr": facts(reply)}
    text = reply.text
    if form == "json" or (reply.data is not None and form == "md"):
        shown = _pretty(reply)
        data: dict[str, Any] = {
            "text/plain": shown,
            "text/markdown": f"{_FENCE}json\n{shown}\n{_FENCE}",
        }
    elif form == "code":
        code, language = code_of(text)
        data = {"text/plain": code, "text/markdown": f"{_FENCE}{language}\n{code}\n{_FENCE}"}
    elif form == "text":
        data = {"text/plain": text}
    else:
        data = {"text/plain": text, "text/markdown": inert(text)}
    return data, metadata


def partial(text: str, form: str, *, above: str = "") -> Bundle:
    """(data, metadata) of text that is still growing; `above` is a line about what happened."""
    plain = f"[{above}]\n\n{text}" if above else text
    if form in {"text", "json", "code"}:
        return {"text/plain": plain}, {}
    marked = f"*{above}*\n\n" if above else ""
    return {"text/plain": plain, "text/markdown": marked + inert(text, partial=True)}, {}


def facts(reply: Reply) -> dict[str, Any]:
    """What is known of a reply besides its text; plain values, nothing secret."""
    usage = reply.usage
    return _without_none(
        {
            "provider": reply.provider,
            "model": reply.model,
            "finish_reason": reply.finish_reason,
            "source": reply.source,
            "elapsed_s": round(reply.elapsed, 3),
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "tokens_source": usage.source,
            "cost_usd": reply.cost.amount,
            "cost_source": reply.cost.source,
            "price_ref": reply.cost.price_ref,
            "request_id": reply.request_id,
            "response_id": reply.response_id,
            "attempts": [_attempt(attempt) for attempt in reply.attempts],
        }
    )


def code_of(text: str) -> tuple[str, str]:
    """The first fenced block of an answer and its language; the whole text when there is none."""
    lines = text.splitlines()
    start = next((i for i, line in enumerate(lines) if line.lstrip().startswith(_FENCE)), None)
    if start is None:
        return text.strip("\n"), ""
    fence = lines[start].strip()
    marks = fence[: len(fence) - len(fence.lstrip("`"))]
    end = next((i for i in range(start + 1, len(lines)) if lines[i].strip() == marks), len(lines))
    return "\n".join(lines[start + 1 : end]), fence.lstrip("`").strip().split(" ")[0]


def _pretty(reply: Reply) -> str:
    value: Any = reply.data
    if value is None:
        try:
            value = msgspec.json.decode(code_of(reply.text)[0].encode())
        except msgspec.DecodeError:
            return reply.text
    if hasattr(value, "model_dump"):
        value = value.model_dump(mode="json")
    elif isinstance(value, list):
        value = [v.model_dump(mode="json") if hasattr(v, "model_dump") else v for v in value]
    return json.dumps(msgspec.to_builtins(value), indent=2, ensure_ascii=False)


def _attempt(attempt: Attempt) -> dict[str, Any]:
    failure = attempt.failure
    return _without_none(
        {
            "candidate": str(attempt.candidate),
            "outcome": attempt.outcome,
            "category": failure.category if failure else None,
            "http_status": attempt.http_status,
            "duration_s": round(attempt.duration, 3),
        }
    )


def _without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
