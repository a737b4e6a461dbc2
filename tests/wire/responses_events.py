"""Makes the events and bodies of Responses answers, and reads them."""

from __future__ import annotations

import msgspec

from nbapimgr.wire import openai_responses

USAGE = {
    "input_tokens": 30,
    "input_tokens_details": {"cached_tokens": 20, "cache_write_tokens": 5},
    "output_tokens": 9,
    "output_tokens_details": {"reasoning_tokens": 4},
    "total_tokens": 39,
}


def message(*texts, **fields):
    content = [{"type": "output_text", "text": text, "annotations": []} for text in texts]
    return {"type": "message", "id": "msg_1", "role": "assistant", "content": content, **fields}


def call(arguments='{"x": 1}'):
    return {"type": "function_call", "call_id": "c1", "name": "f", "arguments": arguments}


def response(*output, status="completed", **fields):
    told = {"id": "resp_1", "object": "response", "model": "gpt-x", "status": status}
    return told | {"output": list(output), "usage": USAGE, "service_tier": "default"} | fields


def cut_short(reason, *output):
    return response(*output, status="incomplete", incomplete_details={"reason": reason})


def piece(delta, kind="output_text"):
    return {"type": f"response.{kind}.delta", "output_index": 0, "delta": delta}


def ended(whole):
    return {"type": f"response.{whole['status']}", "response": whole}


def sse(*events):
    return b"".join(
        f"event: {e.get('type')}\ndata: ".encode() + msgspec.json.encode(e) + b"\n\n"
        for e in events
    )


def read(data, *, stream=True):
    decoder = openai_responses.decoder({}, stream=stream, now=0.0)
    return decoder, decoder.feed(data), decoder.end()


def told(*events):
    return read(sse(*events))[2]


def whole(value):
    return read(msgspec.json.encode(value), stream=False)[2]


START = {"type": "response.created", "response": response(status="in_progress", usage=None)}
