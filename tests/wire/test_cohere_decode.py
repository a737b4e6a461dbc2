"""Answers of Cohere: streams and documents of both versions, blocks, breaks."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbapimgr.models import (
    Delta,
    Message,
    Opaque,
    Provider,
    Reasoning,
    Request,
    Text,
    ToolCall,
)
from nbapimgr.wire import cohere
from nbapimgr.wire.failures import CATEGORIES

COHERE = Provider(name="cohere", dialect="cohere", base_url="https://api.cohere.com")
LINES = {"content-type": "application/stream+json"}
USAGE = {"tokens": {"input_tokens": 9, "output_tokens": 3}}


def event(kind, message=None, **fields):
    delta = {"delta": {"message": message}} if message is not None else {}
    return {"type": kind, **delta, **fields}


def words(text):
    return event("content-delta", {"content": {"text": text}}, index=0)


def thought(text):
    return event("content-delta", {"content": {"thinking": text}}, index=0)


def call(index, arguments, **fields):
    kind = "tool-call-start" if fields else "tool-call-delta"
    name = fields.pop("name", None)
    function = {"arguments": arguments, **({"name": name} if name else {})}
    return event(kind, {"tool_calls": {"function": function, **fields}}, index=index)


def end(reason="COMPLETE", **fields):
    return {"type": "message-end", "delta": {"finish_reason": reason, "usage": USAGE, **fields}}


START = event("message-start", {"role": "assistant", "content": []}, id="r1")


def sse(*events, done=True):
    data = b"".join(
        f"event: {item['type']}\ndata: {json.dumps(item)}\n\n".encode() for item in events
    )
    return data + (b"data: [DONE]\n\n" if done else b"")


def decode(data, headers=None):
    decoder = cohere.decoder(headers or {}, stream=True, now=0.0)
    deltas = decoder.feed(data)
    return decoder.end(), deltas


def stream(*events):
    return decode(sse(START, *events))[0]


def document(value):
    return decode(json.dumps(value).encode())[0]


def lines(*events):
    return decode(b"".join(json.dumps(item).encode() + b"\n" for item in events), LINES)


# --- version 2, streamed -----------------------------------------------------------------------


def test_a_stream_of_thoughts_and_text():
    decoded, deltas = decode(
        sse(
            START,
            event("content-start", {"content": {"type": "thinking", "thinking": "h"}}, index=0),
            thought("m"),
            event("content-end", index=0),
            event("content-start", {"content": {"type": "text", "text": ""}}, index=1),
            words("Hel"),
            words("lo"),
            end(),
        )
    )
    assert deltas == [
        Delta(text="h", kind="reasoning"),
        Delta(text="m", kind="reasoning"),
        Delta(text="Hel"),
        Delta(text="lo"),
    ]
    raw = {"type": "thinking", "thinking": "hm"}
    assert decoded.content == (Reasoning(text="hm", raw=raw), Text(text="Hello"))
    assert (decoded.text, decoded.response_id, decoded.model) == ("Hello", "r1", None)
    assert (decoded.finish_reason, decoded.native_finish_reason) == ("stop", "COMPLETE")
    assert decoded.usage.input_tokens == 9
    assert decoded.failure is None


def test_message_end_settles_and_done_finishes():
    decoder = cohere.decoder({}, stream=True, now=0.0)
    decoder.feed(sse(START, words("a"), done=False))
    assert not decoder.settled
    decoder.feed(sse(end(), done=False))
    assert decoder.settled
    assert not decoder.finished
    decoder.feed(sse())
    assert decoder.finished
    assert decoder.end() == decoder.end()


def test_a_stream_without_done_is_whole():
    assert decode(sse(START, words("a"), end(), done=False))[0].failure is None


def test_tool_calls_with_plan_and_citations_go_back_as_they_came():
    source = {"start": 0, "end": 4, "text": "Ruby"}
    decoded = stream(
        event("tool-plan-delta", {"tool_plan": "I will "}),
        event("tool-plan-delta", {"tool_plan": "call."}),
        call(0, "", name="f", id="f_1", type="function"),
        call(0, '{"x":'),
        call(0, " 1}"),
        call(1, "", name="g", id="g_1", type="function"),
        event("citation-start", {"citations": source}, index=0),
        end("TOOL_CALL"),
    )
    plan, sources = {"tool_plan": "I will call."}, {"citations": [source]}
    assert decoded.content == (
        Opaque(dialect="cohere", raw=plan),
        ToolCall(id="f_1", name="f", arguments={"x": 1}, raw_arguments='{"x": 1}'),
        ToolCall(id="g_1", name="g", arguments={}, raw_arguments=""),
        Opaque(dialect="cohere", raw=sources),
    )
    assert (decoded.text, decoded.finish_reason) == ("", "tool_calls")
    request = Request(messages=(Message(role="assistant", content=decoded.content),))
    sent = json.loads(cohere.build(request, COHERE, "m", stream=True).body)["messages"][0]
    assert (sent["tool_plan"], sent["citations"]) == ("I will call.", [source])
    assert [c["function"]["arguments"] for c in sent["tool_calls"]] == ['{"x": 1}', "{}"]


def test_arguments_that_are_no_object():
    decoded = stream(call("?", "[1]", name="f", id="1"), end("TOOL_CALL"))
    assert decoded.content == (ToolCall(id="1", name="f", arguments=None, raw_arguments="[1]"),)


@pytest.mark.parametrize(
    ("native", "ours"),
    [("STOP_SEQUENCE", "stop"), ("MAX_TOKENS", "length"), ("A_NEW_ONE", "other")],
)
def test_finish_reasons(native, ours):
    decoded = stream(words("a"), end(native))
    assert (decoded.finish_reason, decoded.native_finish_reason) == (ours, native)
    assert decoded.failure is None


def test_unknown_events_are_passed_over():
    odd = event("content-delta", {"content": "no block"}, index=0)
    decoded = stream(event("debug", prompt="?"), odd, words("a"), end())
    assert (decoded.text, decoded.failure) == ("a", None)


# --- version 2, whole --------------------------------------------------------------------------


def answer(finish="COMPLETE", **message):
    return {"id": "r2", "message": message, "finish_reason": finish, "usage": USAGE}


def test_a_document():
    blocks = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "Hi"}, "noise"]
    decoded = document(answer(content=blocks, citations=[{"start": 0}]))
    assert [type(part) for part in decoded.content] == [Reasoning, Text, Opaque]
    assert (decoded.text, decoded.response_id, decoded.failure) == ("Hi", "r2", None)
    assert document(answer(content="plain")).text == "plain"


def test_a_document_with_tool_calls():
    calls = [{"id": "f_1", "function": {"name": "f", "arguments": "{}"}}, "noise"]
    decoded = document(answer("TOOL_CALL", tool_plan="I will.", tool_calls=calls))
    assert decoded.content[0].raw == {"tool_plan": "I will."}
    assert decoded.content[1] == ToolCall(id="f_1", name="f", arguments={}, raw_arguments="{}")
    assert decoded.finish_reason == "tool_calls"


# --- version 1 ---------------------------------------------------------------------------------

META = {"billed_units": {"input_tokens": 1, "output_tokens": 2}, **USAGE}
V1 = {"response_id": "r3", "generation_id": "g3", "finish_reason": "COMPLETE", "meta": META}


def test_version_1_whole():
    decoded = document({"text": "Hi", **V1})
    assert (decoded.text, decoded.response_id, decoded.finish_reason) == ("Hi", "r3", "stop")
    assert decoded.usage.input_tokens == 9
    oldest = document({"text": "Hi", "response_id": "r4", "generation_id": "g4"})
    assert (oldest.finish_reason, oldest.usage, oldest.failure) == (None, None, None)


def test_version_1_tool_calls():
    calls = [{"name": "f", "parameters": {"x": 1}}, {"name": "g"}]
    decoded = document({"text": "", "tool_calls": calls, **V1})
    assert decoded.content == (
        ToolCall(name="f", arguments={"x": 1}, raw_arguments='{"x":1}'),
        ToolCall(name="g", arguments={}, raw_arguments="{}"),
    )
    assert (decoded.finish_reason, decoded.native_finish_reason) == ("tool_calls", "COMPLETE")


def test_version_1_streamed():
    closing = {"event_type": "stream-end", "finish_reason": "COMPLETE", "is_finished": True}
    decoded, deltas = lines(
        {"event_type": "stream-start", "generation_id": "g"},
        {"event_type": "text-generation", "text": "He"},
        {"event_type": "text-generation", "text": "y"},
        closing | {"response": {"text": "Hey", **V1}},
    )
    assert deltas == [Delta(text="He"), Delta(text="y")]
    assert (decoded.text, decoded.response_id, decoded.failure) == ("Hey", "r3", None)
    assert decoded.usage.input_tokens == 9
    called, _ = lines(
        {"event_type": "tool-calls-generation", "tool_calls": [{"name": "f", "parameters": {}}]},
        closing | {"response": {"tool_calls": [{"name": "f", "parameters": {}}], **V1}},
    )
    assert [part.name for part in called.content] == ["f"]
    silent, deltas = lines(closing | {"response": {"text": "Hey", **V1}})
    assert (silent.text, deltas) == ("Hey", [Delta(text="Hey")])


def test_version_1_ends_at_stream_end():
    decoder = cohere.decoder(LINES, stream=True, now=0.0)
    decoder.feed(b'{"event_type": "text-generation", "text": "a"}\n')
    assert not decoder.finished
    decoder.feed(b'{"event_type": "stream-end", "finish_reason": "MAX_TOKENS"}\n')
    assert decoder.finished
    assert decoder.end().finish_reason == "length"


# --- no answer ---------------------------------------------------------------------------------


def test_a_failed_generation_is_a_failure():
    decoded = stream(thought("hm"), end("ERROR", error="No valid response generated."))
    assert decoded.failure.message == "No valid response generated."
    assert decoded.native_finish_reason == "ERROR"
    assert stream(end("ERROR")).failure.message == "The generation failed."
    assert document(answer("ERROR", content="Hi")).failure is not None


@pytest.mark.parametrize(
    ("reason", "category"),
    [
        ("ERROR_TOXIC", "request.content_policy"),
        ("ERROR_LIMIT", "model.context_length"),
        ("TIMEOUT", "service.error"),
        ("USER_CANCEL", "service.stream_broken"),
    ],
)
def test_bad_ends(reason, category):
    assert stream(words("a"), end(reason)).failure.category == category
    assert document({"text": "a", **V1, "finish_reason": reason}).failure.category == category


REFUSED = {"id": "x", "message": "invalid api token"}


@pytest.mark.parametrize("headers", [{}, LINES])
def test_an_error_inside_a_200(headers):
    decoded, deltas = decode(json.dumps(REFUSED).encode(), headers)
    assert decoded.failure.message == "invalid api token"
    assert deltas == []


def test_an_error_instead_of_an_event():
    data = sse(START, words("a"), done=False) + b"data: " + json.dumps(REFUSED).encode() + b"\n\n"
    assert decode(data)[0].failure.message == "invalid api token"


@pytest.mark.parametrize(
    ("data", "category"),
    [
        (sse(START, words("a"), done=False), "service.stream_broken"),
        (sse(START, words("a"), end(), done=False)[:-20], "service.stream_broken"),
        (json.dumps(answer(None, content="Hi")).encode(), "service.stream_broken"),
        (sse(START, end()), "service.empty"),
        (json.dumps(answer(content=[])).encode(), "service.empty"),
        (b"{}", "service.empty"),
        (b"", "service.empty"),
        (b"event: x\ndata: [1]\n\n", "service.malformed"),
        (b"event: content-delta\ndata: {\n\n", "service.malformed"),
        (b"<html>log in</html>", "network.proxy"),
        (b'{"message": {"content": "Hi"', "service.malformed"),
    ],
)
def test_broken_answers(data, category):
    assert decode(data)[0].failure.category == category


def test_lines_that_are_cut_off():
    decoded, _ = decode(b'{"event_type": "text-generation", "text": "a"}\n{"event', LINES)
    assert decoded.failure.category == "service.stream_broken"


def test_what_is_not_shown_is_bounded_too(monkeypatch):
    monkeypatch.setattr("nbapimgr.wire._decoding.MAX_BODY", 2000)
    events = [event("citation-start", {"citations": {"text": "x" * 100}}, index=0)] * 40
    decoded = stream(*events)
    assert decoded.failure.category == "service.malformed"
    assert len(decoded.content[0].raw["citations"]) < 20


FIELDS = [
    *("type", "event_type", "delta", "message", "content", "text", "thinking", "tool_calls"),
    *("function", "arguments", "name", "id", "index", "finish_reason", "usage", "error"),
    *("response", "citations", "tool_plan", "parameters", "meta", "generation_id"),
]
KINDS = ["message-end", "content-delta", "tool-call-start", "stream-end", "text-generation"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(KINDS) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4)
    ),
    max_leaves=25,
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([*KINDS, ""]), VALUES), max_size=4),
    st.lists(st.integers(0, 400), max_size=4),
    st.binary(max_size=9),
    st.sampled_from([{}, LINES]),
)
def test_any_bytes_end_in_an_outcome(events, cuts, noise, headers):
    data = noise
    for kind, value in events:
        line = json.dumps(value).encode()
        data += line + b"\n" if headers else b"event: %b\ndata: %b\n\n" % (kind.encode(), line)
    decoder = cohere.decoder(headers, stream=True, now=0.0)
    for start, stop in pairwise([0, *sorted(cuts), len(data)]):
        decoder.feed(data[start:stop])
    failure = decoder.end().failure
    assert failure is None or failure.category in CATEGORIES
    for _, value in events:
        document(value)
