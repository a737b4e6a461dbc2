"""A server that is not the bottleneck: canned answers on a bare asyncio protocol.

    python -m tests.bench.server        prints its port; ends when its standard input does

It speaks chat completions, reads no more of a request than it must and has every answer ready as
bytes. The first part of the path says how it answers, words joined by "-":

    ok        a plain answer, or a stream of 200 chunks in one piece, as the request asks
    n500      streams of 500 chunks
    slow      a plain answer after 50 ms
    paced     one chunk every 5 ms, each written on its own: 200 tokens a second
    s503      an error of that status
    reset     the connection is cut when the request has been read
    cpu       the processor time this process has used, in nanoseconds
"""

from __future__ import annotations

import asyncio
import functools
import json
import re
import sys
import time
from typing import Any

CHUNKS = 200
GAP = 0.005
"""Seconds between two chunks of a paced stream."""
DELAY = 0.05
"""Seconds that a slow answer takes."""
MODEL = "gpt-4o-mini-2024-07-18"
USAGE = {
    "prompt_tokens": 21,
    "completion_tokens": 120,
    "total_tokens": 141,
    "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
    "completion_tokens_details": {
        "reasoning_tokens": 0,
        "audio_tokens": 0,
        "accepted_prediction_tokens": 0,
        "rejected_prediction_tokens": 0,
    },
}
HEADERS = (
    "Date: Mon, 23 Nov 2026 12:00:00 GMT\r\n"
    "openai-processing-ms: 412\r\n"
    "openai-version: 2020-10-01\r\n"
    "x-ratelimit-limit-requests: 10000\r\n"
    "x-ratelimit-remaining-requests: 9999\r\n"
    "x-request-id: req_0123456789abcdef0123456789abcdef\r\n"
)
ERRORS = {
    401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    404: ("invalid_request_error", "model_not_found", "The model does not exist."),
    503: ("server_error", None, "The server is overloaded."),
}


def plain_text() -> str:
    """The text of every plain answer."""
    return " ".join(f"word{number}" for number in range(60))


def pieces(count: int) -> list[str]:
    """The texts of the chunks of a stream, no two alike."""
    return [f" token{number}" for number in range(count)]


def _line(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _about(kind: str, ident: str) -> dict[str, Any]:
    return {
        "id": ident,
        "object": kind,
        "created": 1_795_435_200,
        "model": MODEL,
        "service_tier": "default",
        "system_fingerprint": "fp_0123456789",
    }


def whole(status: str, body: bytes, kind: str = "application/json") -> bytes:
    """A response with a body of known length."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{HEADERS}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def answer_body() -> bytes:
    """The JSON of a plain answer, as long as a real one of 120 tokens."""
    message: dict[str, Any] = {
        "role": "assistant",
        "content": plain_text(),
        "refusal": None,
        "annotations": [],
    }
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    about = _about("chat.completion", "chatcmpl-0123456789")
    return _line({**about, "choices": [choice], "usage": USAGE})


@functools.cache
def _plain() -> bytes:
    return whole("200 OK", answer_body())


@functools.cache
def _error(status: int) -> bytes:
    kind, code, message = ERRORS[status]
    error = {"message": message, "type": kind, "param": None, "code": code}
    return whole(f"{status} Error", _line({"error": error}))


@functools.cache
def stream(count: int) -> tuple[bytes, ...]:
    """Head, role and first token; then a piece for each token; then finish, usage and end mark."""
    about = _about("chat.completion.chunk", "chatcmpl-0123456789")

    def event(delta: dict[str, Any] | None, finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        choices = [choice] if delta is not None else []
        usage = USAGE if delta is None else None
        return _chunk(b"data: " + _line({**about, "choices": choices, "usage": usage}) + b"\n\n")

    kind = "Content-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n"
    start = f"HTTP/1.1 200 OK\r\n{kind}{HEADERS}\r\n".encode()
    start += event({"role": "assistant", "content": "", "refusal": None})
    first, *others = [event({"content": text}) for text in pieces(count)]
    end = event({}, "stop") + event(None) + _chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n"
    return (start + first, *others, end)


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


@functools.cache
def burst(count: int) -> bytes:
    """The same in one piece."""
    return b"".join(stream(count))


_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_STREAM = re.compile(rb'"stream": *true')


class Answering(asyncio.Protocol):
    """One connection."""

    def __init__(self) -> None:
        self._unread = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request that is complete."""
        self._unread += data
        while (end := self._unread.find(b"\r\n\r\n")) >= 0:
            found = _LENGTH.search(self._unread, 0, end)
            size = end + 4 + (int(found[1]) if found else 0)
            if len(self._unread) < size:
                return
            request, self._unread = self._unread[:size], self._unread[size:]
            self._answer(request)

    def _answer(self, request: bytes) -> None:
        how = request[: request.find(b" HTTP/")].split(b"/")[1].decode()
        write = self.transport.write
        count = int(found[1]) if (found := re.search(r"\bn(\d+)", how)) else CHUNKS
        if how == "reset":
            self.transport.abort()
        elif how == "cpu":
            write(whole("200 OK", _line(time.process_time_ns())))
        elif status := re.fullmatch(r"s(\d+)", how):
            write(_error(int(status[1])))
        elif how == "slow":
            asyncio.get_running_loop().call_later(DELAY, write, _plain())
        elif not _STREAM.search(request):
            write(_plain())
        elif "paced" in how:
            self._pace(stream(count), 0)
        else:
            write(burst(count))

    def _pace(self, stream: tuple[bytes, ...], number: int) -> None:
        if self.transport.is_closing():
            return
        self.transport.write(stream[number])
        if number + 1 < len(stream):
            asyncio.get_running_loop().call_later(GAP, self._pace, stream, number + 1)


async def serve() -> None:
    """Serve until standard input ends."""
    loop = asyncio.get_running_loop()
    parent_gone = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), parent_gone.set)
    server = await loop.create_server(Answering, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await parent_gone.wait()


if __name__ == "__main__":
    asyncio.run(serve())
