"""One short answer in every framing of every dialect, written for the tests.

Each sample is a list of events, so that a test can cut, drop, damage or repeat one of them.
"""

from __future__ import annotations

import json
from typing import Any

import aws_frames
import msgspec

TEXT = "Ein Öltropfen, zwei."
"""What every sample says: with a character of more than one byte, to be cut in."""


class Sample(msgspec.Struct, frozen=True):
    """An answer as bytes, event by event."""

    name: str
    dialect: str
    events: list[bytes]
    whole: bool = False
    """One document, not a stream."""

    @property
    def body(self) -> bytes:
        return b"".join(self.events)


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _data(*values: Any, end: bytes = b"\n") -> list[bytes]:
    return [b"data: " + _json(value) + end + end for value in values]


def _typed(*values: dict[str, Any]) -> list[bytes]:
    return [
        b"event: " + value["type"].encode() + b"\ndata: " + _json(value) + b"\n\n"
        for value in values
    ]


def _halves() -> tuple[str, str]:
    return TEXT[:5], TEXT[5:]


FIRST, SECOND = _halves()


def _chat(**fields: Any) -> dict[str, Any]:
    return {"id": "c1", "object": "chat.completion.chunk", "model": "m-1", **fields}


def _choice(delta: dict[str, Any], finish: str | None = None) -> list[dict[str, Any]]:
    return [{"index": 0, "delta": delta, "finish_reason": finish}]


_CHAT_USAGE = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}
_CHAT = [
    b": WAITING\n\n",
    *_data(
        _chat(choices=_choice({"role": "assistant", "content": ""})),
        _chat(choices=_choice({"content": FIRST})),
        _chat(choices=_choice({"content": SECOND})),
        _chat(choices=_choice({}, "stop")),
        _chat(choices=[], usage=_CHAT_USAGE),
    ),
    b"data: [DONE]\n\n",
]
_CHAT_TOOL = [
    *_data(
        _chat(
            choices=_choice({"tool_calls": [{"index": 0, "id": "t1", "function": {"name": "add"}}]})
        ),
        _chat(choices=_choice({"tool_calls": [{"index": 0, "function": {"arguments": '{"a":'}}]})),
        _chat(choices=_choice({"tool_calls": [{"index": 0, "function": {"arguments": "2}"}}]})),
        _chat(choices=_choice({}, "tool_calls"), usage=_CHAT_USAGE),
    ),
    b"data: [DONE]\n\n",
]
_CHAT_WHOLE = _json(
    _chat(
        choices=[
            {"index": 0, "message": {"role": "assistant", "content": TEXT}, "finish_reason": "stop"}
        ],
        usage=_CHAT_USAGE,
    )
)

_RESPONSE = {
    "id": "r1",
    "object": "response",
    "model": "m-1",
    "status": "completed",
    "output": [
        {
            "type": "message",
            "id": "i1",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": TEXT, "annotations": []}],
        }
    ],
    "usage": {"input_tokens": 5, "output_tokens": 7, "total_tokens": 12},
}
_RESPONSES = _typed(
    {
        "type": "response.created",
        "response": {**_RESPONSE, "status": "in_progress", "output": [], "usage": None},
    },
    {
        "type": "response.output_item.added",
        "output_index": 0,
        "item": {"type": "message", "id": "i1", "role": "assistant", "content": []},
    },
    {
        "type": "response.output_text.delta",
        "item_id": "i1",
        "output_index": 0,
        "content_index": 0,
        "delta": FIRST,
    },
    {
        "type": "response.output_text.delta",
        "item_id": "i1",
        "output_index": 0,
        "content_index": 0,
        "delta": SECOND,
    },
    {
        "type": "response.output_text.done",
        "item_id": "i1",
        "output_index": 0,
        "content_index": 0,
        "text": TEXT,
    },
    {"type": "response.output_item.done", "output_index": 0, "item": _RESPONSE["output"][0]},
    {"type": "response.completed", "response": _RESPONSE},
)

_CLAUDE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "m-1",
    "content": [],
    "stop_reason": None,
    "usage": {"input_tokens": 5, "output_tokens": 1},
}
_CLAUDE_EVENTS = [
    {"type": "message_start", "message": _CLAUDE},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "ping"},
    {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "text_delta", "text": FIRST},
    },
    {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "text_delta", "text": SECOND},
    },
    {"type": "content_block_stop", "index": 0},
    {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn"},
        "usage": {"output_tokens": 7},
    },
    {"type": "message_stop"},
]
_CLAUDE_WHOLE = _json(
    {
        **_CLAUDE,
        "content": [{"type": "text", "text": TEXT}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 5, "output_tokens": 7},
    }
)


def _gemini(text: str, finish: str | None = None) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": [{"text": text}]}}
    if finish:
        candidate["finishReason"] = finish
    return {
        "candidates": [candidate],
        "usageMetadata": {
            "promptTokenCount": 5,
            "candidatesTokenCount": 7,
            "totalTokenCount": 12,
        },
        "modelVersion": "m-1",
        "responseId": "g1",
    }


_COHERE = _typed(
    {"type": "message-start", "id": "h1", "delta": {"message": {"role": "assistant"}}},
    {
        "type": "content-start",
        "index": 0,
        "delta": {"message": {"content": {"type": "text", "text": ""}}},
    },
    {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": FIRST}}}},
    {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": SECOND}}}},
    {"type": "content-end", "index": 0},
    {
        "type": "message-end",
        "delta": {
            "finish_reason": "COMPLETE",
            "usage": {"tokens": {"input_tokens": 5, "output_tokens": 7}},
        },
    },
)
_COHERE_WHOLE = _json(
    {
        "id": "h1",
        "finish_reason": "COMPLETE",
        "message": {"role": "assistant", "content": [{"type": "text", "text": TEXT}]},
        "usage": {"tokens": {"input_tokens": 5, "output_tokens": 7}},
    }
)

_CONVERSE = [
    aws_frames.event("messageStart", {"role": "assistant"}),
    aws_frames.event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": FIRST}}),
    aws_frames.event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": SECOND}}),
    aws_frames.event("contentBlockStop", {"contentBlockIndex": 0}),
    aws_frames.event("messageStop", {"stopReason": "end_turn"}),
    aws_frames.event(
        "metadata", {"usage": {"inputTokens": 5, "outputTokens": 7, "totalTokens": 12}}
    ),
]
_CONVERSE_WHOLE = _json(
    {
        "output": {"message": {"role": "assistant", "content": [{"text": TEXT}]}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 5, "outputTokens": 7, "totalTokens": 12},
    }
)


def _ollama(text: str, **fields: Any) -> bytes:
    message = {"role": "assistant", "content": text}
    return _json({"model": "m-1", "message": message, "done": False, **fields}) + b"\n"


_OLLAMA_END = {"done": True, "done_reason": "stop", "prompt_eval_count": 5, "eval_count": 7}

SAMPLES = [
    Sample("chat", "openai-chat", _CHAT),
    Sample("chat-tool", "openai-chat", _CHAT_TOOL),
    Sample("chat-whole", "openai-chat", [_CHAT_WHOLE], whole=True),
    Sample("responses", "openai-responses", _RESPONSES),
    Sample("responses-whole", "openai-responses", [_json(_RESPONSE)], whole=True),
    Sample("claude", "anthropic", _typed(*_CLAUDE_EVENTS)),
    Sample("claude-whole", "anthropic", [_CLAUDE_WHOLE], whole=True),
    Sample(
        "gemini",
        "gemini",
        _data(_gemini(FIRST), _gemini(SECOND), _gemini("", "STOP"), end=b"\r\n"),
    ),
    Sample("gemini-whole", "gemini", [_json(_gemini(TEXT, "STOP"))], whole=True),
    Sample("cohere", "cohere", [*_COHERE, b"data: [DONE]\n\n"]),
    Sample("cohere-whole", "cohere", [_COHERE_WHOLE], whole=True),
    Sample("converse", "bedrock", _CONVERSE),
    Sample("converse-whole", "bedrock", [_CONVERSE_WHOLE], whole=True),
    Sample("invoke", "bedrock", [aws_frames.chunk(event) for event in _CLAUDE_EVENTS]),
    Sample("invoke-whole", "bedrock", [_CLAUDE_WHOLE], whole=True),
    Sample("ollama", "ollama", [_ollama(FIRST), _ollama(SECOND), _ollama("", **_OLLAMA_END)]),
    Sample("ollama-whole", "ollama", [_ollama(TEXT, **_OLLAMA_END)], whole=True),
]
STREAMS = [sample for sample in SAMPLES if not sample.whole]
