"""Answers of Claude, whole and streamed: what they say and what they cost."""

from __future__ import annotations

import pytest
from anthropic_events import START, STOP, begin, delta, ending, read, sse, text, told, whole

from nbapimgr.models import Opaque, Reasoning, Text, ToolCall


def test_a_streamed_text():
    ping = {"type": "ping"}
    done = {"type": "content_block_stop", "index": 0}
    decoder, deltas, decoded = read(sse(START, ping, *text("Hel", "", "lo"), done, ending(), STOP))
    assert [(d.text, d.kind) for d in deltas] == [("Hel", "text"), ("lo", "text")]
    assert (decoder.settled, decoder.finished, decoder.failure) == (True, True, None)
    assert decoded.text == "Hello"
    assert decoded.content == (Text(text="Hello"),)
    assert (decoded.finish_reason, decoded.native_finish_reason) == ("stop", "end_turn")
    assert (decoded.model, decoded.response_id) == ("claude-x", "msg_1")
    assert decoded.failure is None


def test_a_whole_message():
    decoded = whole(
        id="msg_2",
        model="claude-y",
        content=[
            {"type": "thinking", "thinking": "Hm", "signature": "s"},
            {"type": "text", "text": "One, "},
            {"type": "text", "text": "two."},
            {"type": "tool_use", "id": "t", "name": "f", "input": {"x": 1}},
            {"type": "text", "text": ""},
            "?",
        ],
        stop_reason="tool_use",
        usage={"input_tokens": 1, "output_tokens": 2},
    )
    assert decoded.text == "One, two."
    assert decoded.content == (
        Reasoning(
            text="Hm",
            signature="s",
            raw={"type": "thinking", "thinking": "Hm", "signature": "s"},
        ),
        Text(text="One, "),
        Text(text="two."),
        ToolCall(id="t", name="f", arguments={"x": 1}),
    )
    assert decoded.finish_reason == "tool_calls"
    assert (decoded.model, decoded.response_id) == ("claude-y", "msg_2")
    assert decoded.usage.total_tokens == 3
    assert decoded.failure is None


@pytest.mark.parametrize(
    ("native", "ours"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"),
        ("pause_turn", "other"),
        ("something_new", "other"),
        (None, None),
    ],
)
def test_finish_reasons(native, ours):
    content = [{"type": "text", "text": "Hi"}]
    decoded = whole(content=content, stop_reason=native)
    assert (decoded.finish_reason, decoded.native_finish_reason) == (ours, native)
    assert decoded.failure is None


def test_thinking_is_kept_for_replay():
    decoder, deltas, decoded = read(
        sse(
            START,
            begin(0, type="thinking", thinking="", signature=""),
            delta(0, type="thinking_delta", thinking="Let me "),
            delta(0, type="thinking_delta", thinking="see."),
            delta(0, type="signature_delta", signature="abc"),
            begin(1, type="redacted_thinking", data="hidden"),
            begin(2, type="text", text="Four"),
            ending(),
            STOP,
        )
    )
    assert [(d.text, d.kind) for d in deltas] == [
        ("Let me ", "reasoning"),
        ("see.", "reasoning"),
        ("Four", "text"),
    ]
    raw = {"type": "thinking", "thinking": "Let me see.", "signature": "abc"}
    assert decoded.content == (
        Reasoning(text="Let me see.", signature="abc", raw=raw),
        Reasoning(raw={"type": "redacted_thinking", "data": "hidden"}),
        Text(text="Four"),
    )
    assert decoder.finished


def tool(*pieces, **start):
    block = {"type": "tool_use", "id": "t1", "name": "f", "input": {}} | start
    pieces = [delta(0, type="input_json_delta", partial_json=piece) for piece in pieces]
    return told(START, begin(0, **block), *pieces, ending("tool_use"), STOP).content


@pytest.mark.parametrize(
    ("pieces", "raw", "arguments"),
    [
        (['{"x":', " 1}"], '{"x": 1}', {"x": 1}),
        ([""], "", {}),
        ([], None, {}),
        (['{"x":'], '{"x":', None),
        (["[1]"], "[1]", None),
    ],
)
def test_arguments_of_tools(pieces, raw, arguments):
    assert tool(*pieces) == (ToolCall(id="t1", name="f", arguments=arguments, raw_arguments=raw),)


def test_arguments_given_at_the_start_and_the_caller():
    caller = {"type": "code_execution_20250825", "tool_id": "x"}
    (call,) = tool(input={"x": 1}, caller=caller)
    assert call.arguments == {"x": 1}
    assert call.extra == {"caller": caller}
    assert whole(content=[{"type": "tool_use", "input": None}]).content[0].arguments is None


def test_unknown_blocks_are_kept_for_replay():
    server = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
    found = {"type": "web_search_tool_result", "tool_use_id": "s", "content": []}
    decoded = told(
        START,
        begin(0, **server),
        delta(0, type="input_json_delta", partial_json='{"query": "x"}'),
        begin(1, **found),
        begin(2, type="text", text=""),
        delta(2, type="citations_delta", citation={"url": "https://example.org"}),
        delta(2, type="text_delta", text="Found."),
        begin(3, type="compaction", content=None),
        delta(3, type="compaction_delta", content="So far: "),
        delta(3, type="compaction_delta", content="nothing."),
        ending(),
        STOP,
    )
    assert decoded.content == (
        Opaque(dialect="anthropic", raw=server | {"input": {"query": "x"}}),
        Opaque(dialect="anthropic", raw=found),
        Text(text="Found."),
        Opaque(dialect="anthropic", raw={"type": "compaction", "content": "So far: nothing."}),
    )


@pytest.mark.parametrize(
    ("kind", "field", "content"),
    [
        ("text_delta", "text", Text(text="ab")),
        ("input_json_delta", "partial_json", ToolCall(raw_arguments="ab")),
        (
            "thinking_delta",
            "thinking",
            Reasoning(text="ab", raw={"type": "thinking", "thinking": "ab"}),
        ),
    ],
)
def test_a_block_whose_start_was_left_out(kind, field, content):
    pieces = [delta(0, type=kind, **{field: piece}) for piece in ("a", "b")]
    decoded = told(START, *pieces, ending("max_tokens"), STOP)
    assert decoded.content == (content,)


def test_a_refusal_is_an_answer_that_says_so():
    details = {"type": "refusal", "category": "cyber", "explanation": "This looks like malware."}
    for stop_details, words in (
        (details, "This looks like malware."),
        (details | {"explanation": None}, "cyber"),
        (None, "refusal"),
    ):
        decoded = told(START, ending("refusal", stop_details=stop_details), STOP)
        assert (decoded.finish_reason, decoded.refusal) == ("refusal", words)
        assert decoded.failure is None


def test_a_paused_turn_may_hold_blocks_only():
    server = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
    assert whole(content=[server], stop_reason="pause_turn").failure is None
    assert whole(content=[server], stop_reason="end_turn").failure.category == "service.empty"


# --- usage -------------------------------------------------------------------------------------


def test_cached_input_is_made_part_of_the_input():
    raw = {
        "input_tokens": 4,
        "cache_read_input_tokens": 100,
        "cache_creation_input_tokens": 30,
        "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
        "output_tokens": 7,
        "output_tokens_details": {"thinking_tokens": 5},
        "service_tier": "standard",
    }
    usage = whole(content=[{"type": "text", "text": "Hi"}], usage=raw).usage
    assert usage.input_tokens == 134
    assert usage.output_tokens == 7
    assert usage.cache_read_input_tokens == 100
    assert usage.cache_creation_input_tokens == 30
    assert usage.cache_creation_1h_input_tokens == 20
    assert usage.reasoning_output_tokens == 5
    assert (usage.service_tier, usage.source, usage.raw) == ("standard", "provider", raw)


def test_the_last_value_of_each_field_counts():
    start = {
        "type": "message_start",
        "message": {"usage": {"input_tokens": 700, "cache_read_input_tokens": 2}},
    }
    raised = ending(usage={"input_tokens": 1500, "output_tokens": 9, "service_tier": None})
    usage = told(start, *text("Hi"), ending(usage={"output_tokens": 4}), raised, STOP).usage
    assert (usage.input_tokens, usage.output_tokens) == (1502, 9)
    assert usage.raw == {"input_tokens": 1500, "cache_read_input_tokens": 2, "output_tokens": 9}


def test_compactions_are_billed_too():
    counts = {"input_tokens": 10, "output_tokens": 2, "cache_read_input_tokens": 1}
    made = {"cache_creation": {"ephemeral_1h_input_tokens": 3}, "cache_creation_input_tokens": 3}
    rounds = [
        {"type": "compaction", "input_tokens": 1000, "output_tokens": 50, **made},
        {"type": "message", **counts},
        "?",
    ]
    usage = whole(
        content=[{"type": "text", "text": "Hi"}], usage=counts | {"iterations": rounds}
    ).usage
    assert (usage.input_tokens, usage.output_tokens) == (1014, 52)
    assert usage.cache_creation_1h_input_tokens == 3


def test_what_was_not_counted_is_unknown():
    usage = whole(content=[{"type": "text", "text": "Hi"}], usage={"output_tokens": 3}).usage
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (None, 3, None)
    assert whole(content=[{"type": "text", "text": "Hi"}]).usage is None
