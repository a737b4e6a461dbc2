"""Chat completions to decode, for tests: chunks, streams, whole answers."""

from __future__ import annotations

import json

from nbapimgr.wire import openai_chat


def chunk(delta=None, finish=None, **fields):
    choice = {"index": 0, "delta": delta or {}, "finish_reason": finish}
    return {"id": "c1", "model": "m-1", "choices": [choice], **fields}


def sse(*values):
    return b"".join(b"data: " + json.dumps(value).encode() + b"\n\n" for value in values)


def run(*bodies):
    decoder = openai_chat.decoder({}, stream=True, now=0.0)
    deltas = [delta for body in bodies for delta in decoder.feed(body)]
    return decoder, deltas, decoder.end()


def streamed(*values):
    return run(sse(*values))[2]


def answered(message=None, finish="stop", **fields):
    choice = {"index": 0, "message": message or {}, "finish_reason": finish}
    return run(json.dumps({"id": "c1", "choices": [choice], **fields}).encode())[2]


def category(decoded):
    return decoded.failure and decoded.failure.category
