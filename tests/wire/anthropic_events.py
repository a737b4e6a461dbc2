"""Makes the events of Messages answers, and reads them."""

from __future__ import annotations

import msgspec

from nbapimgr.wire import anthropic

USAGE = {"input_tokens": 3, "output_tokens": 1}
START = {
    "type": "message_start",
    "message": {"id": "msg_1", "model": "claude-x", "content": [], "usage": USAGE},
}
STOP = {"type": "message_stop"}


def delta(index, **fields):
    return {"type": "content_block_delta", "index": index, "delta": fields}


def begin(index, **block):
    return {"type": "content_block_start", "index": index, "content_block": block}


def ending(reason="end_turn", usage=None, **fields):
    told = {"stop_reason": reason, "stop_sequence": None, **fields}
    return {"type": "message_delta", "delta": told, "usage": usage or {"output_tokens": 9}}


def text(*pieces):
    yield begin(0, type="text", text="")
    for piece in pieces:
        yield delta(0, type="text_delta", text=piece)


def sse(*events):
    return b"".join(
        f"event: {e.get('type')}\ndata: ".encode() + msgspec.json.encode(e) + b"\n\n"
        for e in events
    )


def read(data, *, stream=True):
    decoder = anthropic.decoder({"content-type": "?"}, stream=stream, now=0.0)
    return decoder, decoder.feed(data), decoder.end()


def told(*events):
    return read(sse(*events))[2]


def whole(**message):
    return read(msgspec.json.encode({"type": "message", **message}), stream=False)[2]
