"""What is no answer of Claude: errors, cuts, empty answers, and bytes from strangers."""

from __future__ import annotations

import msgspec
import pytest
from anthropic_events import START, STOP, USAGE, begin, delta, ending, read, sse, text, told, whole
from hypothesis import given, settings
from hypothesis import strategies as st

from nbapimgr.wire import _limits
from nbapimgr.wire.anthropic import _assembly

OVERLOADED = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}


def test_an_error_ends_the_stream_at_once():
    decoder, deltas, decoded = read(sse(START, *text("Par"), OVERLOADED, *text("tial"), STOP))
    assert [d.text for d in deltas] == ["Par"]
    assert decoder.finished
    assert decoded.failure is decoder.failure
    assert decoded.failure.category == "service.overloaded"
    assert decoded.text == "Par"
    assert decoded.usage.input_tokens == 3


@pytest.mark.parametrize(
    "body",
    [
        sse(OVERLOADED),
        msgspec.json.encode(OVERLOADED),
        msgspec.json.encode({"error": OVERLOADED["error"]}),
        b"event: error\ndata: " + msgspec.json.encode({"error": OVERLOADED["error"]}) + b"\n\n",
    ],
)
def test_an_answer_that_is_nothing_but_an_error(body):
    failure = read(body)[2].failure
    assert failure.category == "service.overloaded"
    assert failure.message == "Overloaded"


@pytest.mark.parametrize("end", [[STOP], []])
@pytest.mark.parametrize(
    "events",
    [
        [],
        [*text()],
        [begin(0, type="thinking", thinking="", signature="s")],
        [begin(0, type="server_tool_use", id="s", name="web_search", input={})],
    ],
)
@pytest.mark.parametrize("reason", ["end_turn", "max_tokens", "stop_sequence"])
def test_an_empty_answer_is_none(events, end, reason):
    decoder, _, decoded = read(sse(START, *events, ending(reason), *end))
    assert decoded.failure.category == "service.empty"
    assert decoder.failure == decoded.failure


def test_what_little_makes_an_answer():
    assert told(START, *text(" "), ending(), STOP).failure is None
    thought = delta(0, type="thinking_delta", thinking="Hm")
    assert told(START, thought, ending("max_tokens"), STOP).failure is None


def test_a_whole_message_may_be_empty_too():
    decoded = whole(content=[], stop_reason="end_turn", usage=USAGE)
    assert decoded.failure.category == "service.empty"
    assert (decoded.finish_reason, decoded.usage.output_tokens) == ("stop", 1)


def test_an_answer_needs_its_end():
    cut = told(START, *text("Half"))
    assert cut.failure.category == "service.stream_broken"
    assert cut.text == "Half"
    assert told(START, *text("Whole"), ending()).failure is None
    assert told(START, *text("Whole"), STOP).failure is None


def test_a_broken_end_mark_does_not_cost_the_answer():
    whole = sse(START, *text("Whole"), ending())
    for broken in (b'data: {"type": "mess', b'data: {"type": "mess\n\n'):
        assert read(whole + broken)[2].failure is None
        assert read(sse(START, *text("Whole")) + broken)[2].failure is not None


def test_gateways_end_with_openais_mark():
    body = sse(START, *text("Hi"), ending()) + b"data: [DONE]\n\n"
    assert read(body)[2].failure is None
    assert read(sse(START, *text("Hi")) + b"data: [DONE]\n\n")[2].failure is not None


@pytest.mark.parametrize(
    "body",
    [
        b"data: {nonsense\n\n",
        b'data: {"type": "message_start", "message": NaN}\n\n',
        b'data: {"type": "message_start"' + b"[" * 300 + b"\n\n",
        b'data: {"type": "message_start", "x": ' + b"[" * 300 + b"]" * 300 + b"}\n\n",
        b"<xml>",
        b"[]",
        b'{"id": 1}',
        b'{"error": null}',
        b"null",
    ],
)
def test_what_is_no_message(body):
    assert read(body)[2].failure.category == "service.malformed"


def test_fields_of_another_type_are_read_around():
    decoded = told(
        {"type": "message_start", "message": {"id": 3, "model": None, "usage": [1]}},
        delta("x", type="text_delta", text="a"),
        delta(0, type="text_delta", text=None),
        delta(0, type=["?"], text="never"),
        {"type": "content_block_delta", "index": 0, "delta": "?"},
        {"type": ["?"], "index": 1},
        {"type": "message_delta", "delta": {"stop_reason": ["?"]}, "usage": None},
        STOP,
    )
    assert (decoded.text, decoded.model, decoded.response_id) == ("anever", None, None)
    assert (decoded.finish_reason, decoded.usage, decoded.failure) == (None, None, None)


@pytest.mark.parametrize("kind", ["signature_delta", "thinking_delta", "input_json_delta"])
def test_memory_is_bounded(monkeypatch, kind):
    monkeypatch.setattr(_assembly, "MAX_BODY", 5000)
    field = {"thinking_delta": "thinking", "input_json_delta": "partial_json"}.get(
        kind, "signature"
    )
    pieces = (delta(0, type=kind, **{field: "x" * 50}) for _ in range(101))
    decoded = told(START, *pieces, ending(), STOP)
    assert decoded.failure.category == "service.malformed"
    assert _limits.MAX_BODY > 5000


# --- hostile bytes -----------------------------------------------------------------------------

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
_names = st.sampled_from(
    [
        "type",
        "index",
        "delta",
        "message",
        "content",
        "content_block",
        "usage",
        "error",
        "text",
        "stop_reason",
        "partial_json",
        "input",
        "iterations",
        "stop_details",
        "cache_creation",
    ]
)
_words = st.sampled_from(
    [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "message_delta",
        "message_stop",
        "error",
        "text_delta",
        "input_json_delta",
        "text",
        "tool_use",
        "thinking",
        "refusal",
    ]
)
_odd = st.recursive(
    _words | _json,
    lambda inner: st.dictionaries(_names, inner, max_size=4) | st.lists(inner, max_size=2),
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
    head = sse(START, *text("Hi")) if late else b""
    assert read(head + data)[2].failure is not None
