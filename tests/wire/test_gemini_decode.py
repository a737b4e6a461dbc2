"""Answers of Gemini: streams, documents, arrays, blocks, breaks."""

from __future__ import annotations

import base64
import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbapimgr.models import (
    Delta,
    Image,
    Message,
    Opaque,
    Provider,
    Reasoning,
    Request,
    Text,
    ToolCall,
)
from nbapimgr.wire import _limits, gemini
from nbapimgr.wire.failures import CATEGORIES

STUDIO = Provider(name="g", dialect="gemini", base_url="https://example.com/v1beta")
USAGE = {"promptTokenCount": 2, "candidatesTokenCount": 3, "totalTokenCount": 5}


def chunk(*parts, finish=None, **fields):
    candidate = {"content": {"role": "model", "parts": list(parts)}, "index": 0}
    if finish:
        candidate["finishReason"] = finish
    return {"candidates": [candidate], "modelVersion": "gemini-x", "responseId": "r1", **fields}


def text(words, **fields):
    return {"text": words, **fields}


def sse(*chunks):
    return b"".join(b"data: " + json.dumps(value).encode() + b"\r\n\r\n" for value in chunks)


def decode(data, headers=None):
    decoder = gemini.decoder(headers or {}, stream=True, now=0.0)
    deltas = decoder.feed(data)
    return decoder.end(), deltas


def stream(*chunks):
    return decode(sse(*chunks))[0]


def document(value):
    return decode(json.dumps(value).encode())[0]


# --- whole answers -----------------------------------------------------------------------------


def test_a_stream_of_text():
    first = chunk(text("Hel"), usageMetadata={"promptTokenCount": 2})
    decoded, deltas = decode(sse(first, chunk(text("lo"), finish="STOP", usageMetadata=USAGE)))
    assert deltas == [Delta(text="Hel"), Delta(text="lo")]
    assert decoded.text == "Hello"
    assert decoded.content == (Text(text="Hello"),)
    assert (decoded.finish_reason, decoded.native_finish_reason) == ("stop", "STOP")
    assert (decoded.model, decoded.response_id) == ("gemini-x", "r1")
    assert decoded.usage.raw == USAGE
    assert decoded.failure is None


@pytest.mark.parametrize("wrap", [lambda c: c, lambda c: [c], lambda c: [chunk(text("")), c]])
def test_a_document_and_an_array_of_chunks(wrap):
    decoded = document(wrap(chunk(text("Hi"), finish="MAX_TOKENS", usageMetadata=USAGE)))
    assert (decoded.text, decoded.finish_reason, decoded.failure) == ("Hi", "length", None)
    assert decoded.usage.total_tokens == 5


def test_the_finish_reason_settles_and_only_the_end_finishes():
    decoder = gemini.decoder({}, stream=True, now=0.0)
    decoder.feed(sse(chunk(text("a"))))
    assert not decoder.settled
    decoder.feed(sse(chunk(text("b"), finish="STOP")))
    assert decoder.settled
    assert not decoder.finished
    assert decoder.end() == decoder.end()


def test_the_last_usage_counts_however_it_came():
    more = {"promptTokenCount": 9, "totalTokenCount": 9}
    plain_last = stream(
        chunk(text("a"), finish="STOP", usageMetadata=USAGE),
        chunk(text("b"), usageMetadata=more),
        chunk(text("c")),
    )
    assert plain_last.usage.raw == more
    other_last = stream(
        chunk(text("a"), usageMetadata=more),
        chunk(text("b"), finish="STOP", usageMetadata=USAGE),
        {"usageMetadata": {}},
    )
    assert other_last.usage.raw == USAGE


def test_no_usage_is_no_usage():
    assert stream(chunk(text("a"), finish="STOP")).usage is None


def test_only_the_first_of_several_answers_counts():
    second = {"content": {"parts": [text("no")]}, "index": 1, "finishReason": "STOP"}
    both = chunk(text("yes"), finish="STOP")
    both["candidates"].append(second)
    assert stream(both, {"candidates": [second]}).text == "yes"


# --- reasoning, tools, pictures ----------------------------------------------------------------


def test_thoughts_are_reasoning():
    decoded, deltas = decode(
        sse(
            chunk(text("let me ", thought=True)),
            chunk(text("think", thought=True)),
            chunk(text("42"), finish="STOP"),
        )
    )
    assert [delta.kind for delta in deltas] == ["reasoning", "reasoning", "text"]
    raw = {"text": "let me think", "thought": True}
    assert decoded.content == (Reasoning(text="let me think", raw=raw), Text(text="42"))
    assert decoded.text == "42"


def test_thoughts_and_text_in_one_chunk():
    decoded = stream(chunk(text("hm", thought=True), text("42")), chunk(finish="STOP"))
    assert [type(part) for part in decoded.content] == [Reasoning, Text]


def test_signatures_are_kept_and_replayed():
    picture = {"inlineData": {"mimeType": "image/png", "data": "AAE="}, "thoughtSignature": "S5"}
    parts = [
        text("hm", thought=True, thoughtSignature="S1"),
        text("I call", thoughtSignature="S2"),
        {"functionCall": {"name": "f", "args": {"x": 1}}, "thoughtSignature": "S3"},
        {"functionCall": {"name": "g", "args": {}, "id": "i1"}},
        picture,
        text("", thoughtSignature="S4"),
        text("", thought=True, thoughtSignature="S6"),
    ]
    decoded = stream(chunk(*parts), chunk(finish="STOP"))
    assert decoded.failure is None
    turn = Message(role="assistant", content=decoded.content)
    call = gemini.build(Request(messages=(turn,)), STUDIO, "gemini-3.5-flash", stream=True)
    assert json.loads(call.body)["contents"][0]["parts"] == parts


def test_a_stop_with_tool_calls_is_tool_calls():
    decoded, deltas = decode(
        sse(chunk({"functionCall": {"name": "f", "args": {"x": 1}}}, finish="STOP"))
    )
    assert decoded.content == (ToolCall(name="f", arguments={"x": 1}),)
    assert (decoded.finish_reason, decoded.native_finish_reason) == ("tool_calls", "STOP")
    assert deltas == [Delta(text='{"x":1}', kind="tool")]


def test_arguments_that_are_missing_or_no_object():
    decoded = stream(
        chunk({"functionCall": {"name": "f"}}, {"functionCall": {"name": "g", "args": [1]}}),
        chunk(finish="MAX_TOKENS"),
    )
    assert decoded.content == (
        ToolCall(name="f", arguments={}),
        ToolCall(name="g", arguments=None, raw_arguments="[1]"),
    )
    assert decoded.finish_reason == "length"


def test_a_picture_is_an_answer():
    data = base64.b64encode(b"\x89PNG").decode()
    decoded = stream(chunk({"inlineData": {"mimeType": "image/png", "data": data}}, finish="STOP"))
    assert decoded.content == (Image(data=b"\x89PNG"),)
    assert decoded.failure is None


@pytest.mark.parametrize(
    "part",
    [
        {"executableCode": {"language": "PYTHON", "code": "1"}},
        {"inlineData": {"mimeType": "image/png", "data": "not base64"}},
        {"inlineData": {"mimeType": "image/png", "data": "ä"}},
        {"inlineData": {"mimeType": "image/png", "data": ""}},
        {"inlineData": {"data": "AAE="}},
        {"inlineData": {"mimeType": "image/png", "data": "AAE="}, "thought": True},
        {"functionCall": "f"},
        {"text": 7},
    ],
)
def test_other_parts_are_kept_for_replay(part):
    decoded = stream(chunk(part), chunk(text("so"), finish="STOP"))
    assert decoded.content == (Opaque(dialect="gemini", raw=part), Text(text="so"))


def test_a_part_that_says_nothing_is_nothing():
    decoded = stream(chunk({}, "noise", None), chunk(text("so"), finish="STOP"))
    assert decoded.content == (Text(text="so"),)


# --- no answer ---------------------------------------------------------------------------------


def test_a_blocked_prompt():
    decoded = stream({"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": USAGE})
    assert decoded.failure.category == "request.content_policy"
    assert decoded.failure.message == "The prompt was blocked: SAFETY."
    assert decoded.finish_reason is None
    assert decoded.usage.raw == USAGE
    told = {"promptFeedback": {"blockReason": "OTHER", "blockReasonMessage": "no, thanks"}}
    assert document(told).failure.message == "no, thanks"


@pytest.mark.parametrize("reason", ["SAFETY", "RECITATION", "PROHIBITED_CONTENT", "MODEL_ARMOR"])
def test_a_filter_without_and_with_text(reason):
    empty = stream(chunk(finish=reason))
    assert empty.failure.category == "request.content_policy"
    assert (empty.finish_reason, empty.native_finish_reason) == ("content_filter", reason)
    thought = stream(chunk(text("hm", thought=True)), chunk(finish=reason))
    assert thought.failure.category == "request.content_policy"
    partial = stream(chunk(text("Once")), chunk(finish=reason))
    assert (partial.text, partial.finish_reason, partial.failure) == (
        "Once",
        "content_filter",
        None,
    )


@pytest.mark.parametrize(
    ("reason", "category"),
    [
        ("STOP", "service.empty"),
        ("OTHER", "service.empty"),
        ("MALFORMED_FUNCTION_CALL", "service.empty"),
        ("A_NEW_ONE", "service.empty"),
        ("MISSING_THOUGHT_SIGNATURE", "request.bad"),
        ("PUP_LIMITED_DISABLED", "auth.permission"),
    ],
)
def test_an_end_without_an_answer(reason, category):
    answer = chunk(finish=reason)
    assert stream(answer).failure.category == category
    answer["candidates"][0]["finishMessage"] = "because"
    assert document(answer).failure.message == "because"


def test_a_limit_that_left_no_room_says_so():
    decoded = document(chunk(finish="MAX_TOKENS", usageMetadata=USAGE))
    assert decoded.failure.category == "service.empty"
    assert decoded.failure.message == "The answer is empty: max_tokens was used up before it began."
    assert decoded.finish_reason == "length"
    thoughts = stream(chunk(text("hm", thought=True)), chunk(finish="MAX_TOKENS"))
    assert thoughts.failure is None


def test_an_unknown_end_after_text_is_told_as_other():
    decoded = stream(chunk(text("Once"), finish="OTHER"))
    assert (decoded.finish_reason, decoded.failure) == ("other", None)


ERROR = {"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}


@pytest.mark.parametrize(
    "data",
    [
        json.dumps(ERROR).encode(),
        json.dumps([ERROR]).encode(),
        sse(ERROR),
        sse(chunk(text("Once")), ERROR),
        sse(chunk(text("Once"), **ERROR)),
    ],
)
def test_an_error_inside_a_200(data):
    decoded, _ = decode(data, {"content-type": "text/event-stream"})
    assert decoded.failure is not None
    assert decoded.failure.message == "The model is overloaded."


def test_nothing_is_read_after_a_failure():
    decoder = gemini.decoder({}, stream=True, now=0.0)
    assert decoder.feed(sse(ERROR)) == []
    assert decoder.finished
    assert decoder.feed(sse(chunk(text("late")))) == []
    assert decoder.end().text == ""


@pytest.mark.parametrize(
    ("data", "category"),
    [
        (sse(chunk(text("Once"))), "service.stream_broken"),
        (sse(chunk(text("Once"), finish="STOP"))[:-30], "service.stream_broken"),
        (json.dumps(chunk(text("Once"))).encode(), "service.stream_broken"),
        (json.dumps([chunk(text("Once"))]).encode(), "service.stream_broken"),
        (json.dumps([chunk(text("Once"))]).encode()[:-9], "service.malformed"),
        (sse([1]), "service.malformed"),
        (b"data: {\r\n\r\n", "service.malformed"),
        (b"[1]", "service.malformed"),
        (b"<html>log in</html>", "network.proxy"),
        (b"", "service.empty"),
        (b"{}", "service.empty"),
        (b"[]", "service.empty"),
        (b'{"candidates": {}}', "service.empty"),
        (b'{"candidates": [{"content": {"parts": 1}}]}', "service.empty"),
    ],
)
def test_broken_answers(data, category):
    assert decode(data)[0].failure.category == category


def test_parts_without_text_are_bounded_too(monkeypatch):
    monkeypatch.setattr("nbapimgr.wire._decoding.MAX_BODY", 1000)
    decoded = stream(*[chunk({"executableCode": {"code": "x" * 50}})] * 20)
    assert decoded.failure.category == "service.malformed"
    assert len(decoded.content) < 10
    assert _limits.MAX_BODY > 1000


FIELDS = [
    *("candidates", "content", "parts", "text", "thought", "functionCall", "args", "name", "id"),
    *("inlineData", "data", "index", "error", "finishReason", "usageMetadata", "promptTokenCount"),
    *("promptFeedback", "blockReason", "thoughtSignature"),
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(FIELDS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=25,
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(VALUES, max_size=4), st.lists(st.integers(0, 400), max_size=4), st.binary(max_size=9)
)
def test_any_bytes_end_in_an_outcome(values, cuts, noise):
    data = sse(*values) + noise
    decoder = gemini.decoder({}, stream=True, now=0.0)
    places = [0, *sorted(cuts), len(data)]
    for start, stop in pairwise(places):
        decoder.feed(data[start:stop])
    decoded = decoder.end()
    if decoded.failure:
        assert decoded.failure.category in CATEGORIES
    else:
        assert decoded.native_finish_reason
    document(values)
