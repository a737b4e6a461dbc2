"""What is no answer in the Responses format: errors, cuts, empty answers, bytes from strangers."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from responses_events import (
    START,
    call,
    cut_short,
    ended,
    message,
    piece,
    read,
    response,
    sse,
    told,
    whole,
)

from nbapimgr.wire.openai_responses import _decode

TROUBLE = {"code": "server_error", "message": "An error occurred."}
NESTED = {"type": "error", "sequence_number": 2, "error": TROUBLE | {"type": "server_error"}}


@pytest.mark.parametrize(
    "event",
    [
        NESTED,
        {"type": "error", "param": None, **TROUBLE},
        {"error": TROUBLE},
        ended(response(status="failed", error=TROUBLE)),
    ],
)
def test_an_error_ends_the_stream_at_once(event):
    decoder, deltas, decoded = read(sse(START, piece("Par"), event, piece("tial")))
    assert [d.text for d in deltas] == ["Par"]
    assert decoder.finished
    assert decoded.failure is decoder.failure
    assert decoded.failure.category == "service.error"
    assert decoded.failure.message == "An error occurred."
    assert (decoded.text, decoded.model) == ("Par", "gpt-x")


def test_a_stream_that_is_nothing_but_an_error():
    assert told(NESTED).failure.category == "service.error"


@pytest.mark.parametrize(
    "value", [{"error": TROUBLE}, response(status="failed", error=TROUBLE, usage=None)]
)
def test_a_whole_body_that_is_an_error(value):
    decoded = whole(value)
    assert decoded.failure.message == "An error occurred."
    assert decoded.usage is None


@pytest.mark.parametrize(
    ("given", "category"),
    [
        (response(), "service.empty"),
        (response(message("")), "service.empty"),
        (response({"type": "reasoning", "encrypted_content": "x"}), "service.empty"),
        (response({"type": "web_search_call"}), "service.empty"),
        (response({}, "?"), "service.empty"),
        (cut_short("max_output_tokens"), "service.empty"),
        (cut_short("content_filter"), "request.content_policy"),
        (response(message("Hi"), status="cancelled"), "service.error"),
        (response(message("Hi"), status="queued"), "request.bad"),
        (response(message("Hi"), status="in_progress"), "request.bad"),
    ],
)
def test_what_is_whole_and_yet_no_answer(given, category):
    assert whole(given).failure.category == category
    event = ended(given) | {"type": "response.completed"}
    assert told(START, event).failure.category == category


@pytest.mark.parametrize(
    "item",
    [
        message(" "),
        call(),
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm"}]},
        {"type": "image_generation_call", "result": "aGk="},
    ],
)
def test_what_little_makes_an_answer(item):
    assert whole(response(item)).failure is None


def test_an_answer_needs_its_end():
    for end in (b"", b"data: [DONE]\n\n", sse(ended(response(message("Half"))))[:-40]):
        decoded = read(sse(START, piece("Half")) + end)[2]
        assert decoded.failure.category == "service.stream_broken"
        assert (decoded.text, decoded.finish_reason) == ("Half", None)


@pytest.mark.parametrize(
    "body",
    [
        b"data: {nonsense\n\n",
        b'data: {"type": "response.completed", "response": NaN}\n\n',
        b'data: {"type": "response.completed", "x": ' + b"[" * 300 + b"]" * 300 + b"}\n\n",
        b"<xml>",
        b"[]",
        b'{"output": {}}',
        b'{"error": null}',
        b"null",
    ],
)
def test_what_is_no_response(body):
    assert read(body)[2].failure.category == "service.malformed"


def test_fields_of_another_type_are_read_around():
    odd = message("Hi", content=["?", {"type": "output_text", "text": 3}])
    decoded = told(
        {"type": "response.created", "response": 3},
        {"type": "response.output_text.delta", "delta": {"text": "?"}},
        {"type": ["?"], "delta": "?"},
        {"type": "response.output_text.delta", "delta": None},
        {"type": "response.output_item.done", "output_index": "?", "item": "?"},
        {
            "type": "response.completed",
            "delta": 1,
            "response": response(odd, {"type": ["?"]}, message("Hi"), id=3, usage=[1]),
        },
    )
    assert (decoded.text, decoded.response_id, decoded.usage) == ("Hi", None, None)
    assert decoded.failure is None
    assert whole(response(message("Hi"), status=["?"])).failure is None
    assert whole(response(status="failed", error=None)).failure.category == "service.error"


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(_decode, "MAX_BODY", 5000)
    items = [
        {"type": "response.output_item.done", "output_index": n, "item": message("x" * 50)}
        for n in range(50)
    ]
    assert told(START, *items).failure.category == "service.malformed"


# --- hostile bytes -----------------------------------------------------------------------------

_NAMES = (
    *("type", "delta", "response", "output", "item", "output_index", "status", "error", "usage"),
    *("content", "summary", "text", "refusal", "arguments", "incomplete_details", "reason"),
)
_WORDS = (
    *("response.created", "response.completed", "response.failed", "response.incomplete", "error"),
    *("response.output_text.delta", "response.output_item.done", "message", "reasoning"),
    *("function_call", "output_text", "reasoning_text", "completed", "incomplete", "queued"),
)
_plain = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
_odd = st.recursive(
    st.sampled_from(_WORDS) | _plain,
    lambda inner: (
        st.dictionaries(st.sampled_from(_NAMES), inner, max_size=4) | st.lists(inner, max_size=2)
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(st.lists(_odd, max_size=6), st.booleans())
def test_no_shape_of_event_raises(values, as_document):
    if as_document:
        body = msgspec.json.encode(values[0] if values else {})
    else:
        body = b"".join(b"data: " + msgspec.json.encode(value) + b"\n\n" for value in values)
    decoder, _, decoded = read(body)
    assert decoded.failure == decoder.failure
    assert decoded.failure or decoded.content or decoded.refusal


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200), st.booleans())
def test_no_bytes_raise(data, late):
    head = sse(START, piece("Hi")) if late else b""
    assert read(head + data)[2].failure is not None
