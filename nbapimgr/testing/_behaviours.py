"""Ways to answer as OpenAI-compatible servers do, well and badly."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nbapimgr.testing._server import Behaviour, Exchange

__all__ = [
    "DONE",
    "USAGE",
    "answer",
    "cut",
    "document",
    "error",
    "event",
    "hang",
    "raw",
    "reset",
    "sse",
    "status",
    "streamed",
    "whole",
]

USAGE: Final[Mapping[str, int]] = {
    "prompt_tokens": 7,
    "completion_tokens": 3,
    "total_tokens": 10,
}
"""What every answer says it took."""
DONE: Final = b"data: [DONE]\n\n"
"""The mark at the end of a stream."""


def event(delta: dict[str, Any], finish: str | None = None, **more: Any) -> bytes:
    """The event of a stream that brings a piece of an answer."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return sse({"id": "c1", "model": "served-model", "choices": [choice], **more})


def sse(value: Any) -> bytes:
    """A JSON value as one event of a stream."""
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def document(text: str, **more: Any) -> bytes:
    """A whole answer."""
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    said = {"id": "c1", "model": "served-model", "choices": [choice], "usage": USAGE}
    return json.dumps({**said, **more}).encode()


def answer(text: str) -> Behaviour:
    """A good answer: word by word where a stream is asked for, else whole."""
    words = re.split(r"(?<=\s)(?=\S)", text)

    async def behave(exchange: Exchange) -> None:
        body = exchange.seen.body  # a free call has none
        streams = bool(body) and exchange.seen.json.get("stream")
        await (streamed(*words) if streams else whole(text))(exchange)

    return behave


def streamed(
    *texts: str,
    without: Sequence[str] = (),
    pause_at: int | None = None,
    after: Behaviour | None = None,
    headers: Mapping[str, str] | None = None,
) -> Behaviour:
    """A stream of these texts, whatever was asked for.

    Args:
        texts: Its pieces.
        without: Parts of its end that are left out: "finish", "usage", "done", "end".
        pause_at: Wait at the gate "pause" before the text of this number, from 0.
        after: What happens in place of the end.
        headers: More of them; `_` in their names stands for `-`.
    """
    kind = {"content_type": "text/event-stream", "transfer_encoding": "chunked", **(headers or {})}
    usage = sse({"id": "c1", "choices": [], "usage": USAGE})
    end = {"finish": event({}, "stop"), "usage": usage, "done": DONE}

    async def behave(exchange: Exchange) -> None:
        await exchange.head(**kind)
        for number, text in enumerate(texts):
            if number == pause_at:
                await exchange.gate("pause")
            await exchange.chunk(event({"content": text}))
        if after is not None:
            await after(exchange)
            return
        for name, data in end.items():
            if name not in without:
                await exchange.chunk(data)
        await (exchange.gone() if "end" in without else exchange.write(b"0\r\n\r\n"))

    return behave


def status(code: int, body: Any = None, **headers: str) -> Behaviour:
    """A response with a body of known length: bytes as they are, anything else as JSON."""

    async def behave(exchange: Exchange) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body or {"error": {}}).encode()
        await exchange.head(
            code,
            **{"content_type": "application/json", **headers, "content_length": str(len(data))},
        )
        await exchange.write(data)

    return behave


def error(code: int, message: str = "no", /, **fields: Any) -> Behaviour:
    """An error as OpenAI words it."""
    return status(code, {"error": {"message": message, **fields}})


def whole(text: str) -> Behaviour:
    """A whole answer that was not streamed."""
    return status(200, document(text))


def raw(data: bytes) -> Behaviour:
    """These bytes, then the connection is closed."""

    async def behave(exchange: Exchange) -> None:
        await exchange.write(data)
        exchange.cut()

    return behave


async def cut(exchange: Exchange) -> None:
    """Close the connection cleanly."""
    exchange.cut()


async def reset(exchange: Exchange) -> None:
    """Reset the connection."""
    exchange.reset()


async def hang(exchange: Exchange) -> None:
    """Say nothing (more) until the client has gone."""
    exchange.server.gate("hang").reached.set()
    await exchange.gone()
