"""Answers of `invoke`, plain and streamed: each model family's own words, wrapped by Bedrock."""

from __future__ import annotations

import json

import pytest
from aws_frames import chunk, event

from nbapimgr.models import Text, ToolCall
from nbapimgr.wire import dialect

bedrock = dialect("bedrock")
METRICS = {"amazon-bedrock-invocationMetrics": {"inputTokenCount": 8, "outputTokenCount": 3}}
CLAUDE = (
    {
        "type": "message_start",
        "message": {
            "id": "msg_bdrk_1",
            "type": "message",
            "role": "assistant",
            "model": "claude-x",
            "content": [],
            "stop_reason": None,
            "usage": {"input_tokens": 8, "output_tokens": 1},
        },
    },
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 3}},
    {"type": "message_stop", **METRICS},
)
STREAM = b"".join(chunk(value) for value in CLAUDE)


def decode(*pieces):
    decoder = bedrock.decoder({}, stream=True, now=1000.0)
    deltas = [delta for piece in pieces for delta in decoder.feed(piece)]
    return decoder.end(), deltas


def whole(value):
    return decode(json.dumps(value).encode())[0]


def test_a_whole_answer_of_claude():
    got = whole(
        {
            "id": "msg_bdrk_1",
            "type": "message",
            "role": "assistant",
            "model": "claude-x",
            "content": [{"type": "text", "text": "Hi"}],
            "stop_reason": "end_turn",
            "usage": {"input_tokens": 4, "cache_read_input_tokens": 6, "output_tokens": 3},
        }
    )
    assert (got.text, got.finish_reason, got.failure) == ("Hi", "stop", None)
    assert (got.model, got.response_id) == ("claude-x", "msg_bdrk_1")
    assert got.usage.input_tokens == 10


def test_a_stream_of_claude():
    got, deltas = decode(STREAM)
    assert (got.text, got.native_finish_reason, got.failure) == ("Hi", "end_turn", None)
    assert [d.text for d in deltas] == ["Hi"]
    assert (got.usage.input_tokens, got.usage.output_tokens) == (8, 3)


def test_a_stream_of_claude_in_crumbs():
    assert decode(*(STREAM[at : at + 1] for at in range(len(STREAM)))) == decode(STREAM)


def test_what_is_known_when():
    decoder = bedrock.decoder({}, stream=True, now=0.0)
    for value in CLAUDE[:-2]:
        decoder.feed(chunk(value))
    assert (decoder.settled, decoder.finished) == (False, False)
    decoder.feed(chunk(CLAUDE[-2]))
    assert (decoder.settled, decoder.finished) == (True, False)
    decoder.feed(chunk(CLAUDE[-1]))
    assert decoder.finished


@pytest.mark.parametrize("cut", [len(STREAM) // 2, len(chunk(CLAUDE[0])) + 7])
def test_a_stream_of_claude_that_is_cut(cut):
    got, _ = decode(STREAM[:cut])
    assert got.failure.category == "service.stream_broken"


def test_a_stream_of_claude_that_is_damaged():
    damaged = bytearray(STREAM)
    damaged[-3] ^= 1
    got, _ = decode(bytes(damaged))
    assert got.failure.category == "service.malformed"
    assert got.text == "Hi"


def test_an_error_in_a_stream_of_claude():
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    decoder = bedrock.decoder({}, stream=True, now=0.0)
    decoder.feed(chunk(CLAUDE[0]) + chunk(error))
    assert decoder.finished
    assert decoder.failure is not None
    assert decoder.end().failure == decoder.failure


def test_a_whole_answer_in_the_shape_of_openai():
    call = {
        "id": "c1",
        "type": "function",
        "function": {"name": "add", "arguments": '{"x":1}'},
    }
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    got = whole(
        {
            "id": "chatcmpl-1",
            "model": "gpt-oss",
            "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}],
            "usage": {"prompt_tokens": 8, "completion_tokens": 3, "total_tokens": 11},
        }
    )
    assert got.content == (
        ToolCall(id="c1", name="add", arguments={"x": 1}, raw_arguments='{"x":1}'),
    )
    assert got.finish_reason == "tool_calls"
    assert got.usage.total_tokens == 11


def test_a_stream_in_the_shape_of_openai():
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "gpt-oss"}
    pieces = [
        {**head, "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": reason}]}
        for text, reason in (("Hi", None), ("!", "stop"))
    ]
    got, deltas = decode(b"".join(chunk(piece) for piece in pieces))
    assert (got.text, got.finish_reason, got.failure) == ("Hi!", "stop", None)
    assert "".join(d.text for d in deltas) == "Hi!"


def test_an_old_completion():
    got = whole({"type": "completion", "completion": " Paris.", "stop_reason": "stop_sequence"})
    assert (got.text, got.finish_reason, got.usage) == (" Paris.", "stop", None)
    assert got.content == (Text(text=" Paris."),)


def test_an_old_completion_in_a_stream():
    pieces = [
        {"type": "completion", "completion": " Pa", "stop_reason": None},
        {"type": "completion", "completion": "ris.", "stop_reason": None},
        {"type": "completion", "completion": "", "stop_reason": "max_tokens", **METRICS},
    ]
    got, deltas = decode(b"".join(chunk(piece) for piece in pieces))
    assert (got.text, got.finish_reason, got.failure) == (" Paris.", "length", None)
    assert [d.text for d in deltas] == [" Pa", "ris."]
    assert (got.usage.input_tokens, got.usage.output_tokens) == (8, 3)
    cut, _ = decode(b"".join(chunk(piece) for piece in pieces[:2]))
    assert cut.failure.category == "service.stream_broken"


def test_an_old_completion_of_nothing():
    got, _ = decode(chunk({"completion": "", "stop_reason": "stop_sequence"}))
    assert got.failure.category == "service.empty"


def test_a_text_completion():
    got = whole(
        {
            "object": "text_completion",
            "id": "cmpl-1",
            "model": "m",
            "choices": [{"index": 0, "text": "a text", "finish_reason": "length"}],
            "usage": {"prompt_tokens": 6, "completion_tokens": 100, "total_tokens": 106},
        }
    )
    assert (got.text, got.finish_reason) == ("a text", "length")
    assert (got.model, got.response_id) == ("m", "cmpl-1")
    assert got.usage.total_tokens == 106


@pytest.mark.parametrize("value", [{"bytes": "!"}, {"bytes": ""}, {}, {"bytes": "W10="}])
def test_a_chunk_that_holds_no_event(value):
    got, _ = decode(event("chunk", value))
    assert got.failure.category == "service.malformed"


def test_a_family_nobody_knows():
    got, _ = decode(chunk({"generation": "hm"}))
    assert got.failure.category == "service.malformed"
    assert "family" in got.failure.message
