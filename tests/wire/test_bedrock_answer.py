"""What the dialect `bedrock` reads: Converse whole and streamed, and what breaks on the way."""

from __future__ import annotations

import base64
import json

import pytest
from aws_frames import event, frame
from hypothesis import given
from hypothesis import strategies as st

from nbapimgr.models import Opaque, Reasoning, Text, ToolCall
from nbapimgr.wire import _decoding, dialect
from nbapimgr.wire.bedrock import _decode

bedrock = dialect("bedrock")
USAGE = {"inputTokens": 10, "outputTokens": 5, "totalTokens": 15}


def decode(*pieces, headers=None):
    decoder = bedrock.decoder(headers or {}, stream=True, now=1000.0)
    deltas = [delta for piece in pieces for delta in decoder.feed(piece)]
    return decoder.end(), deltas


def whole(content, stop="end_turn", usage=USAGE, **more):
    message = {"role": "assistant", "content": content}
    answer = {"output": {"message": message}, "stopReason": stop, "usage": usage, **more}
    return decode(json.dumps(answer).encode())[0]


def start(index, **what):
    return event("contentBlockStart", {"contentBlockIndex": index, "start": what})


def delta(index, **what):
    return event("contentBlockDelta", {"contentBlockIndex": index, "delta": what})


def stop(reason="end_turn"):
    return event("messageStop", {"stopReason": reason})


BEGIN = event("messageStart", {"role": "assistant"})
META = event("metadata", {"usage": USAGE, "metrics": {"latencyMs": 1}})
HELLO = BEGIN + delta(0, text="Hel") + delta(0, text="lo") + stop() + META


# --- whole answers -----------------------------------------------------------------------------


def test_a_whole_answer():
    got = whole([{"text": "Hello"}])
    assert (got.text, got.finish_reason, got.native_finish_reason) == ("Hello", "stop", "end_turn")
    assert got.content == (Text(text="Hello"),)
    assert got.failure is None
    assert (got.model, got.response_id) == (None, None)


def test_cached_tokens_are_inside_the_input():
    raw = {
        "inputTokens": 433,
        "outputTokens": 16,
        "totalTokens": 3201,
        "cacheReadInputTokens": 2000,
        "cacheWriteInputTokens": 752,
        "cacheDetails": [{"ttl": "1h", "inputTokens": 700}, {"ttl": "5m", "inputTokens": 52}],
    }
    usage = whole([{"text": "x"}], usage=raw).usage
    assert (usage.input_tokens, usage.output_tokens) == (3185, 16)
    assert usage.total_tokens == raw["totalTokens"]
    assert (usage.cache_read_input_tokens, usage.cache_creation_input_tokens) == (2000, 752)
    assert usage.cache_creation_1h_input_tokens == 700
    assert usage.raw == raw


def test_usage_that_is_partly_missing():
    usage = whole([{"text": "x"}], usage={"outputTokens": 3}).usage
    assert (usage.input_tokens, usage.output_tokens) == (None, 3)
    assert usage.cache_creation_1h_input_tokens is None
    assert whole([{"text": "x"}], usage={}).usage is None


def test_the_service_tier_and_the_routed_model_are_named():
    got = whole(
        [{"text": "x"}],
        serviceTier={"type": "flex"},
        trace={"promptRouter": {"invokedModelId": "arn:aws:bedrock:x"}},
    )
    assert got.usage.service_tier == "flex"
    assert got.model == "arn:aws:bedrock:x"


def test_a_tool_call():
    tool = {"toolUseId": "t1", "name": "add", "input": {"x": 1}, "type": "tool_use"}
    got = whole([{"text": "I add."}, {"toolUse": tool}], "tool_use")
    call = ToolCall(id="t1", name="add", arguments={"x": 1})
    assert got.content == (Text(text="I add."), call)
    assert got.finish_reason == "tool_calls"


def test_a_tool_call_without_arguments_and_with_odd_ones():
    without = whole([{"toolUse": {"toolUseId": "1", "name": "now"}}], "tool_use")
    assert without.content[0].arguments == {}
    odd = whole([{"toolUse": {"toolUseId": "1", "name": "now", "input": [1]}}], "tool_use")
    assert odd.content[0].arguments is None


def test_a_forced_tool_that_stops_like_text():
    got = whole([{"toolUse": {"toolUseId": "1", "name": "a", "input": {}}}], "end_turn")
    assert (got.finish_reason, got.native_finish_reason) == ("tool_calls", "end_turn")


def test_reasoning_is_kept_as_it_came():
    signed = {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}}
    sealed = {"reasoningContent": {"redactedContent": "c2VhbGVk"}}
    got = whole([signed, sealed, {"text": "so"}])
    assert got.content == (
        Reasoning(text="hm", signature="s", raw=signed),
        Reasoning(raw=sealed),
        Text(text="so"),
    )
    assert got.text == "so"


def test_blocks_nobody_asked_about_are_kept_for_the_way_back():
    server = {"toolUse": {"toolUseId": "1", "name": "code", "input": {}, "type": "server_tool_use"}}
    result = {"toolResult": {"toolUseId": "1", "content": [{"json": {"out": 1}}]}}
    got = whole([server, result, {"text": "1"}])
    assert got.content[:2] == (
        Opaque(dialect="bedrock", raw=server),
        Opaque(dialect="bedrock", raw=result),
    )
    assert got.finish_reason == "stop"


def test_cited_text_is_text():
    cited = {"citationsContent": {"content": [{"text": "It "}, {"text": "is."}, "odd"]}}
    assert whole([cited]).text == "It is."


@pytest.mark.parametrize(
    ("native", "ours"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("guardrail_intervened", "content_filter"),
        ("content_filtered", "content_filter"),
        ("refusal", "refusal"),
        ("malformed_tool_use", "other"),
        ("new_in_2027", "other"),
    ],
)
def test_why_it_stopped(native, ours):
    got = whole([{"text": "x"}], native)
    assert (got.finish_reason, got.native_finish_reason) == (ours, native)


def test_no_reason_to_stop():
    got = whole([{"text": "x"}], None)
    assert (got.finish_reason, got.native_finish_reason) == (None, None)


# --- streams -----------------------------------------------------------------------------------


def test_a_stream():
    got, deltas = decode(HELLO)
    assert got.text == "Hello"
    assert [(d.text, d.kind) for d in deltas] == [("Hel", "text"), ("lo", "text")]
    assert got.usage.raw == USAGE
    assert (got.finish_reason, got.failure) == ("stop", None)


def test_a_stream_in_crumbs():
    assert decode(*(HELLO[at : at + 1] for at in range(len(HELLO)))) == decode(HELLO)


def test_what_is_known_when():
    decoder = bedrock.decoder({}, stream=True, now=0.0)
    decoder.feed(BEGIN + delta(0, text="x"))
    assert (decoder.settled, decoder.finished) == (False, False)
    decoder.feed(stop())
    assert (decoder.settled, decoder.finished) == (True, False)
    decoder.feed(META)
    assert (decoder.settled, decoder.finished) == (True, True)
    assert decoder.feed(delta(0, text="more")) == []
    assert decoder.end().text == "x"


def test_tool_calls_in_pieces():
    data = (
        BEGIN
        + delta(0, text="I look.")
        + start(1, toolUse={"toolUseId": "a", "name": "look"})
        + delta(1, toolUse={"input": '{"q": '})
        + delta(1, toolUse={"input": '"x"}'})
        + start(2, toolUse={"toolUseId": "b", "name": "now"})
        + stop("tool_use")
        + META
    )
    got, deltas = decode(data)
    assert got.content == (
        Text(text="I look."),
        ToolCall(id="a", name="look", arguments={"q": "x"}, raw_arguments='{"q": "x"}'),
        ToolCall(id="b", name="now", arguments={}, raw_arguments=""),
    )
    assert "".join(d.text for d in deltas if d.kind == "tool") == '{"q": "x"}'


def test_a_tool_call_alone_is_an_answer():
    tool = start(0, toolUse={"toolUseId": "b", "name": "now"})
    got, deltas = decode(BEGIN + tool + stop("tool_use") + META)
    assert got.failure is None
    assert deltas == []


def test_arguments_that_are_no_object():
    tool = start(0, toolUse={"toolUseId": "b", "name": "now"})
    got, _ = decode(tool + delta(0, toolUse={"input": '{"cut'}) + stop("max_tokens") + META)
    assert got.content == (ToolCall(id="b", name="now", raw_arguments='{"cut'),)


def test_reasoning_in_pieces():
    data = (
        delta(0, reasoningContent={"text": "h"})
        + delta(0, reasoningContent={"text": "m"})
        + delta(0, reasoningContent={"signature": "si"})
        + delta(0, reasoningContent={"signature": "g"})
        + delta(1, reasoningContent={"redactedContent": base64.b64encode(b"sea").decode()})
        + delta(1, reasoningContent={"redactedContent": base64.b64encode(b"led").decode()})
        + delta(2, text="so")
        + stop()
        + META
    )
    got, deltas = decode(data)
    signed = {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "sig"}}}
    sealed = {"reasoningContent": {"redactedContent": base64.b64encode(b"sealed").decode()}}
    assert got.content == (
        Reasoning(text="hm", signature="sig", raw=signed),
        Reasoning(raw=sealed),
        Text(text="so"),
    )
    assert [(d.text, d.kind) for d in deltas] == [
        ("h", "reasoning"),
        ("m", "reasoning"),
        ("so", "text"),
    ]


def test_reasoning_without_a_signature():
    got, _ = decode(delta(0, reasoningContent={"text": "hm"}) + stop() + META)
    assert got.content[0].raw == {"reasoningContent": {"reasoningText": {"text": "hm"}}}


def test_a_tool_of_the_server_is_not_ours_to_answer():
    data = (
        start(0, toolUse={"toolUseId": "a", "name": "code", "type": "server_tool_use"})
        + delta(0, toolUse={"input": '{"snippet": "1"}'})
        + start(1, toolResult={"toolUseId": "a", "status": "success"})
        + delta(1, toolResult=[{"json": {"out": 1}}])
        + delta(2, text="1")
        + stop()
        + META
    )
    got, deltas = decode(data)
    assert [type(part) for part in got.content] == [Opaque, Opaque, Text]
    assert got.content[0].raw["toolUse"]["input"] == {"snippet": "1"}
    assert got.content[1].raw == {
        "toolResult": {"toolUseId": "a", "status": "success", "content": [{"json": {"out": 1}}]}
    }
    assert [d.kind for d in deltas] == ["text"]


def test_events_aws_adds_later_are_passed_over():
    got, _ = decode(BEGIN + event("news", {"x": 1}) + delta(0, text="x") + stop() + META)
    assert got.failure is None


def test_a_stream_without_usage_is_whole():
    got, _ = decode(BEGIN + delta(0, text="x") + stop())
    assert (got.text, got.usage, got.failure) == ("x", None, None)


def test_usage_may_come_before_the_end():
    got, _ = decode(delta(0, text="x") + META + stop())
    assert got.failure is None
    assert got.usage.output_tokens == 5


# --- what is no answer -------------------------------------------------------------------------


@pytest.mark.parametrize("data", [HELLO[:-1], BEGIN + delta(0, text="x") + stop() + META[:20]])
def test_the_answer_is_whole_though_its_usage_is_cut(data):
    got, _ = decode(data)
    assert (got.failure, got.usage) == (None, None)


@pytest.mark.parametrize(
    "data",
    [
        BEGIN,
        BEGIN + delta(0, text="x"),
        BEGIN + delta(0, text="x") + stop()[:-1],
        BEGIN[:5],
        delta(0, text="x") + META,
    ],
)
def test_a_stream_that_ends_early(data):
    got, _ = decode(data)
    assert got.failure.category == "service.stream_broken"
    assert got.finish_reason is None


def test_the_text_before_the_break_is_kept():
    assert decode(BEGIN + delta(0, text="so far"))[0].text == "so far"


def test_nothing_at_all():
    assert decode()[0].failure.category == "service.empty"
    assert decode(b"")[0].failure.category == "service.empty"


@pytest.mark.parametrize("tail", [b"", META])
def test_an_end_without_an_answer(tail):
    got, _ = decode(BEGIN + stop() + tail)
    assert got.failure.category == "service.empty"
    assert whole([]).failure.category == "service.empty"
    assert whole([{"text": ""}], "max_tokens").failure.category == "service.empty"


def test_blocks_of_the_server_alone_are_no_answer():
    result = {"toolResult": {"toolUseId": "1", "content": []}}
    assert whole([result]).failure.category == "service.empty"


@pytest.mark.parametrize("reason", ["guardrail_intervened", "content_filtered"])
def test_a_filter_that_left_nothing(reason):
    assert whole([], reason).failure.category == "request.content_policy"
    assert decode(stop(reason) + META)[0].failure.category == "request.content_policy"


def test_a_filter_that_left_words():
    got = whole([{"text": "I may not."}], "guardrail_intervened")
    assert (got.failure, got.finish_reason) == (None, "content_filter")


def test_a_wrong_checksum_is_an_end_at_once():
    decoder = bedrock.decoder({}, stream=True, now=0.0)
    damaged = bytearray(delta(0, text="x"))
    damaged[-1] ^= 1
    assert decoder.feed(BEGIN + bytes(damaged)) == []
    assert decoder.finished
    assert decoder.failure.category == "service.malformed"
    assert "checksum" in decoder.failure.message
    assert decoder.feed(HELLO) == []


@pytest.fixture
def events(monkeypatch):
    """What the room of failures is handed for an error inside a stream."""
    seen = []
    original = _decode.from_event

    def spy(dialect, payload, headers, *, now):
        seen.append((dialect, payload, headers, now))
        return original(dialect, payload, headers, now=now)

    monkeypatch.setattr(_decode, "from_event", spy)
    return seen


def test_an_exception_in_the_stream_is_an_end_at_once(events):
    bad = frame(
        b'{"message":"Too many requests"}',
        exception_type="throttlingException",
        message_type="exception",
    )
    decoder = bedrock.decoder({"x-amzn-requestid": "r1"}, stream=True, now=7.0)
    shown = decoder.feed(BEGIN + delta(0, text="so far") + bad + stop())
    assert [d.text for d in shown] == ["so far"]
    assert decoder.finished
    assert decoder.failure.category == "rate_limit.short"
    assert decoder.failure.message == "Too many requests"
    (dialect_name, payload, headers, now), *rest = events
    assert rest == []
    assert (dialect_name, payload, now) == ("bedrock", {"message": "Too many requests"}, 7.0)
    assert headers[":exception-type"] == "throttlingException"
    assert headers["x-amzn-requestid"] == "r1"


def test_an_error_frame_says_it_in_its_headers(events):
    bad = frame(b"", error_code="InternalFailure", error_message="oh no", message_type="error")
    got, _ = decode(bad)
    assert (got.failure.category, got.failure.message) == ("service.error", "oh no")
    assert events[0][1] == {"message": "oh no"}
    assert events[0][2][":error-code"] == "InternalFailure"


def test_an_exception_whose_payload_is_no_json(events):
    decode(frame(b"\xffbroken", message_type="exception", exception_type="x"))
    assert events[0][1] == {"message": "\ufffdbroken"}


@pytest.mark.parametrize("body", [{"message": "denied"}, {"Message": "denied"}])
def test_an_error_in_a_good_status(events, body):
    got, _ = decode(json.dumps(body).encode(), headers={"x-amzn-errortype": "AccessDenied"})
    assert got.failure is not None
    assert events[0][1] == body
    assert events[0][2] == {"x-amzn-errortype": "AccessDenied"}


@pytest.mark.parametrize(
    "payload",
    [b"", b"[]", b"nonsense", b'{"delta": NaN}', b"\xff", b"[" * 100_000, b'{"a":' * 5000],
)
def test_an_event_that_is_no_object(payload):
    got, _ = decode(frame(payload, event_type="contentBlockDelta", message_type="event"))
    assert got.failure.category == "service.malformed"


def test_encrypted_reasoning_that_is_no_base64():
    got, _ = decode(delta(0, reasoningContent={"redactedContent": "!"}))
    assert got.failure.category == "service.malformed"


@pytest.mark.parametrize(
    "body",
    [
        b"<xml>",
        b"[]",
        b'"text"',
        b"{}",
        b'{"output"',
        b'{"answer": 1}',
        b"data: {}\n\n",
        b"[" * 100_000,
        b"\xff\xfe",
        b'{"output": NaN}',
    ],
)
def test_a_body_that_is_no_answer(body):
    assert decode(body)[0].failure.category == "service.malformed"


def test_comments_of_an_event_stream_alone():
    assert decode(b": ping\n\n")[0].failure.category == "service.stream_broken"


def test_odd_values_are_no_trouble():
    odd = {"delta": {"text": 1, "toolUse": {"input": {}}, "toolResult": 3}, "contentBlockIndex": []}
    data = event("contentBlockDelta", odd) + event("contentBlockStart", {"start": "x"})
    got, _ = decode(data + delta(0, text="x") + event("messageStop", {"stopReason": 4}) + META)
    assert (got.text, got.failure, got.finish_reason) == ("x", None, None)
    assert whole([1, None, {"toolUse": 1}, {"text": "x"}]).text == "x"
    assert whole("odd").failure.category == "service.empty"


def test_a_duplicate_key_counts_the_last_time():
    body = b'{"output":{"message":{"content":[{"text":"a"}],"content":[{"text":"b"}]}}}'
    assert decode(body)[0].text == "b"


@pytest.mark.parametrize(
    "piece",
    [
        lambda index: start(index, toolUse={"toolUseId": "x", "name": "y"}),
        lambda index: delta(index, text="x"),
        lambda _: delta(0, reasoningContent={"signature": "x" * 1000}),
    ],
)
def test_many_small_things_are_bounded(monkeypatch, piece):
    monkeypatch.setattr(_decoding, "MAX_BODY", 20_000)
    decoder = bedrock.decoder({}, stream=True, now=0.0)
    for index in range(100):
        decoder.feed(piece(index))
    assert decoder.finished
    assert decoder.failure.category == "service.malformed"
    assert len(decoder._blocks) <= 20


def test_the_end_may_be_asked_for_twice():
    decoder = bedrock.decoder({}, stream=True, now=0.0)
    decoder.feed(HELLO)
    assert decoder.end() == decoder.end()
    assert decoder.feed(HELLO) == []


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_no_bytes_raise(pieces):
    got, _ = decode(*pieces)
    assert got.failure is not None


WORDS = st.sampled_from(
    """delta text toolUse input start contentBlockIndex reasoningContent redactedContent signature
    toolResult stopReason usage inputTokens bytes output message content trace serviceTier
    cacheDetails type choices completion reasoningText citationsContent""".split()  # noqa: SIM905  # a list of words
)
NAMES = st.sampled_from(
    ["contentBlockStart", "contentBlockDelta", "messageStop", "metadata", "chunk", "new"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(st.tuples(NAMES, st.dictionaries(WORDS, JSON, max_size=4)), max_size=6))
def test_no_events_raise(events):
    got, _ = decode(b"".join(event(name, value) for name, value in events))
    assert got.failure is not None or got.content


@given(st.dictionaries(WORDS, JSON, max_size=5))
def test_no_document_raises(value):
    got, _ = decode(json.dumps(value).encode())
    assert got.failure is not None or got.content


@pytest.mark.parametrize("step", [1, 2, 7])
def test_only_the_first_byte_tells_frames_from_text(step):
    """Found by the fuzzer: a blank before a NUL was a frame or not as the bytes were cut."""
    body = bytes.fromhex("09000000000074")
    reading = bedrock.decoder({}, stream=True, now=0.0)
    for start in range(0, len(body), step):
        reading.feed(body[start : start + step])
    assert reading.end().failure.category == "service.malformed"
