"""Answers in the Responses format, whole and streamed: what they say and what they cost."""

from __future__ import annotations

import pytest
from responses_events import (
    START,
    USAGE,
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

from nbapimgr.models import Opaque, Reasoning, Text, ToolCall


def test_a_streamed_text():
    noise = {"type": "keepalive", "sequence_number": 3}
    done = ended(response(message("Hello")))
    decoder, deltas, decoded = read(sse(START, noise, piece("Hel"), piece(""), piece("lo"), done))
    assert [(d.text, d.kind) for d in deltas] == [("Hel", "text"), ("lo", "text")]
    assert (decoder.settled, decoder.finished, decoder.failure) == (True, True, None)
    assert decoded.text == "Hello"
    assert decoded.content == (Text(text="Hello"),)
    assert (decoded.finish_reason, decoded.native_finish_reason) == ("stop", "completed")
    assert (decoded.model, decoded.response_id) == ("gpt-x", "resp_1")


def test_nothing_is_read_behind_the_end():
    done = ended(response(message("Hi")))
    decoder, deltas, decoded = read(sse(done, piece("!")) + b"data: [DONE]\n\n")
    assert (deltas, decoded.text) == ([], "Hi")
    assert decoder.feed(sse(piece("?"))) == []


def test_a_whole_response():
    thought = {"type": "reasoning", "id": "rs", "summary": [{"type": "summary_text", "text": "Hm"}]}
    search = {"type": "web_search_call", "id": "ws", "action": {}}
    decoded = whole(response(thought, search, message("One, ", "", "two."), call()))
    assert decoded.text == "One, two."
    assert decoded.content == (
        Reasoning(text="Hm", raw=thought),
        Opaque(dialect="openai-responses", raw=search),
        Text(text="One, "),
        Text(text="two."),
        ToolCall(id="c1", name="f", arguments={"x": 1}, raw_arguments='{"x": 1}'),
    )
    assert decoded.finish_reason == "tool_calls"
    assert decoded.failure is None


@pytest.mark.parametrize(
    ("raw", "arguments"),
    [("{}", {}), ("", {}), (" ", {}), ('{"x":', None), ("[1]", None)],
)
def test_arguments_of_tools(raw, arguments):
    (made,) = whole(response(call(raw))).content
    assert (made.arguments, made.raw_arguments) == (arguments, raw)


def test_reasoning_of_all_kinds():
    open_weights = {"type": "reasoning", "content": [{"type": "reasoning_text", "text": "So."}]}
    hidden = {"type": "reasoning", "summary": [], "encrypted_content": "x"}
    _, deltas, decoded = read(
        sse(
            START,
            piece("I ", "reasoning_summary_text"),
            piece("think.", "reasoning_text"),
            piece("{}", "function_call_arguments"),
            ended(response(open_weights, hidden, message("4"))),
        )
    )
    assert [(d.text, d.kind) for d in deltas] == [
        ("I ", "reasoning"),
        ("think.", "reasoning"),
        ("{}", "tool"),
    ]
    assert decoded.content == (
        Reasoning(text="So.", raw=open_weights),
        Reasoning(raw=hidden),
        Text(text="4"),
    )


@pytest.mark.parametrize(
    ("given", "native", "ours"),
    [
        (response(message("Hi")), "completed", "stop"),
        (response(call()), "completed", "tool_calls"),
        (cut_short("max_output_tokens", message("Hi")), "max_output_tokens", "length"),
        (cut_short("content_filter", message("Hi")), "content_filter", "content_filter"),
        (cut_short("something_new", message("Hi")), "something_new", "other"),
        (cut_short(None, message("Hi")), "incomplete", "other"),
        (response(message("Hi"), status=None), None, None),
    ],
)
def test_finish_reasons(given, native, ours):
    decoded = whole(given)
    assert (decoded.native_finish_reason, decoded.finish_reason) == (native, ours)
    assert decoded.failure is None


def test_a_refusal_is_an_answer_that_says_so():
    refusal = {"type": "message", "content": [{"type": "refusal", "refusal": "I will not."}]}
    sound = piece("I will not.", "refusal")
    decoded = told(START, sound, ended(response(refusal)))
    assert (decoded.finish_reason, decoded.refusal, decoded.text) == ("refusal", "I will not.", "")
    assert decoded.failure is None
    assert whole(response(message("Hi"))).refusal is None


def test_items_stand_in_for_an_empty_output():
    items = [
        {"type": "response.output_item.done", "output_index": 1, "item": message("lo")},
        {"type": "response.output_item.done", "output_index": 0, "item": message("Hel")},
    ]
    assert told(START, *items, ended(response())).text == "Hello"


def test_pieces_stand_in_for_an_output_without_text():
    decoded = told(START, piece("Hel"), piece("lo"), ended(response(call())))
    assert decoded.text == "Hello"
    assert [type(part) for part in decoded.content] == [ToolCall, Text]


def test_event_names_stand_in_for_types():
    done = ended(response(message("Hi")))
    body = sse(done).replace(b'"type":"response.completed",', b"")
    assert b"event: response.completed" in body
    assert read(body)[2].text == "Hi"


# --- usage -------------------------------------------------------------------------------------


def test_usage():
    usage = whole(response(message("Hi"))).usage
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (30, 9, 39)
    assert usage.cache_read_input_tokens == 20
    assert usage.cache_creation_input_tokens == 5
    assert usage.reasoning_output_tokens == 4
    assert (usage.service_tier, usage.cost, usage.raw) == ("default", None, USAGE)
    assert whole(response(message("Hi"), usage=None)).usage is None


@pytest.mark.parametrize(
    ("told_cost", "dollars"),
    [
        ({"cost_in_usd_ticks": 11_706_000}, 0.0011706),
        ({"cost": 0.25}, 0.25),
        ({"cost": 0}, 0.0),
        (
            {"cost": 0.01, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.2}},
            0.21,
        ),
        ({"cost": 0.01, "is_byok": True}, 0.01),
        (
            {"cost": 0.01, "is_byok": False, "cost_details": {"upstream_inference_cost": 0.2}},
            0.01,
        ),
        ({"cost": "free"}, None),
        ({"cost": True}, None),
        ({"cost": -1}, None),
    ],
)
def test_cost_only_where_the_provider_names_it(told_cost, dollars):
    usage = whole(response(message("Hi"), usage=USAGE | told_cost)).usage
    assert usage.cost == (None if dollars is None else pytest.approx(dollars))
