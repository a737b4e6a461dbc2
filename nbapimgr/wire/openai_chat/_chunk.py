"""The shape of a chunk: typed, because typed decoding is the quickest; and the way back to it.

What providers send beside these fields is skipped unparsed. A chunk of another shape (Mistral's
lists of content blocks, arguments as objects) is parsed without types and put into this one.
The records are not traced by the garbage collector (`gc=False`): they hold no cycles, and one is
made for every token.
"""

from __future__ import annotations

from typing import Any

import msgspec

from nbapimgr.wire import _json
from nbapimgr.wire._json import as_dict, as_list, as_str

__all__ = ["Choice", "Chunk", "Function", "Said", "ToolPart", "document", "parse"]


class Function(msgspec.Struct, gc=False):
    """Name and arguments of a call, or a piece of them."""

    name: str | None = None
    arguments: str | None = None


class ToolPart(msgspec.Struct, gc=False):
    """A tool call, or a piece of one."""

    index: int | None = None
    id: str | None = None
    function: Function | None = None
    custom: dict[str, Any] | None = None
    extra_content: dict[str, Any] | None = None
    """Google's thought signature, in its chat completions."""


class Said(msgspec.Struct, gc=False):
    """A delta, or a whole message."""

    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    reasoning_details: list[Any] | None = None
    tool_calls: list[ToolPart] | None = None
    function_call: Function | None = None
    refusal: str | None = None
    thinking: str | None = None
    """Mistral's thinking blocks, never a field of this name on the wire."""


class Choice(msgspec.Struct, gc=False):
    """One of the answers; only the first is read."""

    index: int = 0
    delta: Said | None = None
    message: Said | None = None
    finish_reason: str | None = None
    error: Any = None


class Chunk(msgspec.Struct, gc=False):
    """An event of the stream, or a whole response."""

    choices: list[Choice] | None = None
    id: str | None = None
    model: str | None = None
    usage: dict[str, Any] | None = None
    service_tier: str | None = None
    x_groq: dict[str, Any] | None = None
    error: Any = None


_decode = msgspec.json.Decoder(Chunk).decode


def parse(data: bytes) -> Chunk:
    """The chunk in `data`.

    Raises:
        ValueError: It is not JSON, or not an object.
    """
    try:
        return _decode(data)
    except msgspec.ValidationError:
        return document(_json.loads(data))


def document(value: Any) -> Chunk:
    """The chunk that parsed JSON is, of whatever shape.

    Raises:
        ValueError: It is not an object.
    """
    if not isinstance(value, dict):
        msg = "expected an object"
        raise ValueError(msg)  # noqa: TRY004  # malformed data, not a wrong call
    choices = value.get("choices")
    return Chunk(
        choices=None if not isinstance(choices, list) else [_choice(c) for c in choices],
        id=_text(value.get("id")),
        model=_text(value.get("model")),
        usage=_object(value.get("usage")),
        service_tier=_text(value.get("service_tier")),
        x_groq=_object(value.get("x_groq")),
        error=value.get("error"),
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _object(value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None


def _choice(value: Any) -> Choice:
    choice = as_dict(value)
    index = choice.get("index")
    finish = choice.get("finish_reason")
    if finish is None:  # an old preview of OpenAI's vision models
        finish = {"max_tokens": "length", "stop": "stop"}.get(
            as_str(as_dict(choice.get("finish_details")).get("type"))
        )
    return Choice(
        index=index if isinstance(index, int) else 0,
        delta=_said(choice.get("delta")),
        message=_said(choice.get("message")),
        finish_reason=_text(finish),
        error=choice.get("error"),
    )


def _said(value: Any) -> Said | None:
    if not isinstance(value, dict):
        return None
    content, thinking = _content(value.get("content"))
    calls = value.get("tool_calls")
    details = value.get("reasoning_details")
    return Said(
        content=content,
        reasoning_content=_text(value.get("reasoning_content")),
        reasoning=_text(value.get("reasoning")),
        reasoning_details=details if isinstance(details, list) else None,
        tool_calls=[_tool(call) for call in calls] if isinstance(calls, list) else None,
        function_call=_function(value.get("function_call")),
        refusal=_text(value.get("refusal")),
        thinking=thinking or None,
    )


def _content(value: Any) -> tuple[str | None, str]:
    """Text and thinking of a content that may be text, a list of blocks, or the answer as JSON."""
    if isinstance(value, dict):  # Cloudflare gives structured answers as objects
        return _json.dumps(value).decode(), ""
    if not isinstance(value, list):
        return _text(value), ""
    blocks = [as_dict(block) for block in value]
    text = "".join(as_str(b.get("text")) for b in blocks if b.get("type") == "text")
    thoughts = (b.get("thinking") for b in blocks if b.get("type") == "thinking")
    thinking = "".join(
        thought
        if isinstance(thought, str)
        else "".join(as_str(as_dict(piece).get("text")) for piece in as_list(thought))
        for thought in thoughts
    )
    return text, thinking


def _tool(value: Any) -> ToolPart:
    call = as_dict(value)
    index = call.get("index")
    return ToolPart(
        index=index if isinstance(index, int) else None,
        id=_text(call.get("id")),
        function=_function(call.get("function")),
        custom=_object(call.get("custom")),
        extra_content=_object(call.get("extra_content")),
    )


def _function(value: Any) -> Function | None:
    if not isinstance(value, dict):
        return None
    arguments = value.get("arguments")
    if isinstance(arguments, dict):  # Ollama's way, seen from servers that imitate both
        arguments = _json.dumps(arguments).decode()
    return Function(name=_text(value.get("name")), arguments=_text(arguments))
