"""A reply as what a notebook keeps: MIME data, and the facts in its metadata."""

from __future__ import annotations

import itertools
import json
import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from nbapimgr.inert import inert, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbapimgr.models import Attempt, Reply

__all__ = ["bundle", "code_of", "facts", "partial"]

Bundle = tuple[dict[str, Any], dict[str, Any]]
_OPENING: Final = re.compile(r"\s*(`{3,})\s*([^\s`]*)[^`]*")
"""The first line of a fenced block: its marks and its language (CommonMark 4.5)."""


def bundle(reply: Reply, form: str = "md") -> Bundle:
    """(data, metadata) of a reply shown as `form`: md, text, code or json.

    `text/plain` is always the answer itself, so that it reads well in a terminal, a diff and nbval;
    control characters do nothing there, and Markdown is inert.
    What changes from run to run is in the metadata, which nbval does not compare.
    """
    metadata = {"nbapimgr": facts(reply)}
    text = reply.text
    if form == "json" or (reply.data is not None and form == "md"):
        data = _fenced(_pretty(reply), "json")
    elif form == "code":
        data = _fenced(*code_of(text))
    elif form == "text":
        data = {"text/plain": plain(text)}
    else:
        data = {"text/plain": plain(text), "text/markdown": inert(text)}
    return data, metadata


def partial(text: str, form: str, *, above: str = "") -> Bundle:
    """(data, metadata) of text that is still growing; `above` is a line about what happened."""
    shown = plain(f"[{above}]\n\n{text}" if above else text)
    if form in {"text", "json", "code"}:
        return {"text/plain": shown}, {}
    marked = f"*{above}*\n\n{text}" if above else text
    return {"text/plain": shown, "text/markdown": inert(marked, partial=True)}, {}


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
    lines = iter(text.splitlines())
    opening = next(filter(None, map(_OPENING.fullmatch, lines)), None)
    if opening is None:
        return text.strip("\n"), ""
    closing = re.compile(rf"\s*{opening[1]}`*\s*")
    inside = itertools.takewhile(lambda line: not closing.fullmatch(line), lines)
    return "\n".join(inside), opening[2]


def _fenced(code: str, language: str) -> dict[str, Any]:
    """Code as display data; no line in it can end the block."""
    code = plain(code)
    longest = max(map(len, re.findall(r"`{3,}", code)), default=2)
    marks = "`" * (longest + 1)
    return {"text/plain": code, "text/markdown": inert(f"{marks}{language}\n{code}\n{marks}")}


def _pretty(reply: Reply) -> str:
    """The validated data, or else the JSON of the answer, indented; the answer if it is no JSON."""
    value: Any = reply.data
    try:
        if value is None:
            value = msgspec.json.decode(code_of(reply.text)[0])
        return json.dumps(msgspec.to_builtins(_dumped(value)), indent=2, ensure_ascii=False)
    except (msgspec.DecodeError, RecursionError):  # nested deeper than Python goes
        return reply.text


def _dumped(value: Any) -> Any:
    """Pydantic's models as plain data, by themselves or in a list."""
    if isinstance(value, list):
        return [_dumped(item) for item in value]
    return value.model_dump(mode="json") if hasattr(value, "model_dump") else value


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
