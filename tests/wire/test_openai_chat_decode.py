from __future__ import annotations

import json

import pytest
from chat_answers import answered, category, chunk, run, sse, streamed

from nbapimgr.wire import openai_chat

# --- the end of an answer ----------------------------------------------------------------------


def test_an_answer_is_settled_by_its_finish_reason_and_finished_by_its_mark():
    decoder = openai_chat.decoder({}, stream=True, now=0.0)
    assert [delta.text for delta in decoder.feed(sse(chunk({"content": "Hi"})))] == ["Hi"]
    assert not decoder.settled
    decoder.feed(sse(chunk(finish="stop")))
    assert decoder.settled
    assert not decoder.finished
    decoder.feed(b"data: [DONE]\n\n")
    assert decoder.finished
    assert decoder.end().text == "Hi"


def test_without_the_mark_it_is_an_answer_all_the_same():
    assert category(streamed(chunk({"content": "Hi"}), chunk(finish="stop"))) is None


def test_with_the_mark_alone_too():
    decoded = run(sse(chunk({"content": "Hi"})), b"data: [DONE]\n\n")[2]
    assert (decoded.text, decoded.finish_reason, decoded.failure) == ("Hi", None, None)


def test_without_either_it_is_broken():
    decoded = streamed(chunk({"content": "Hi"}))
    assert category(decoded) == "service.stream_broken"
    assert decoded.text == "Hi"


def test_broken_json_in_the_tenth_event_is_never_skipped():
    events = [sse(chunk({"content": str(n)})) for n in range(12)]
    events[9] = b'data: {"choices": [{"delta": {"content": "9"\n\n'
    decoder, deltas, decoded = run(*events, sse(chunk(finish="stop")), b"data: [DONE]\n\n")
    assert category(decoded) == "service.malformed"
    assert "".join(delta.text for delta in deltas) == "012345678"
    assert decoder.finished


@pytest.mark.parametrize(
    ("native", "ours"),
    [
        ("stop", "stop"),
        ("eos", "stop"),
        ("length", "length"),
        ("tool_call", "tool_calls"),
        ("content_filter", "content_filter"),
        ("something_new", "other"),
    ],
)
def test_finish_reasons(native, ours):
    decoded = streamed(chunk({"content": "Hi"}), chunk(finish=native))
    assert (decoded.finish_reason, decoded.native_finish_reason) == (ours, native)
    assert decoded.failure is None


def test_nothing_said_is_empty():
    assert category(streamed(chunk(finish="stop"))) == "service.empty"
    assert category(answered({"content": None})) == "service.empty"
    assert category(answered({"content": ""}, choices=[])) == "service.empty"


def test_nothing_said_for_want_of_room_says_so():
    decoded = answered({"content": ""}, finish="length")
    assert category(decoded) == "service.empty"
    assert "max_tokens" in decoded.failure.message


def test_nothing_but_a_filter_is_no_empty_answer():
    assert category(answered({"content": ""}, finish="content_filter")) == "request.content_policy"


def test_a_refusal_is_an_answer():
    decoded = streamed(
        chunk({"refusal": "I "}), chunk({"refusal": "cannot."}), chunk(finish="stop")
    )
    assert (decoded.refusal, decoded.finish_reason, decoded.text) == ("I cannot.", "refusal", "")
    assert decoded.failure is None


# --- errors inside a 200 -----------------------------------------------------------------------

ERROR = {"error": {"message": "Overloaded", "type": "server_error", "code": 503}}


@pytest.mark.parametrize(
    "event",
    [
        sse(ERROR),
        b"event: error\ndata: " + json.dumps(ERROR).encode() + b"\n\n",
        sse(chunk({"content": ""}, **ERROR)),
        sse({"choices": [], **ERROR}),
        sse({"id": "c1", "choices": [{"index": 0, "delta": {}, **ERROR}]}),
        sse({"object": "error", "message": "Overloaded", "code": 503}),
        sse({"detail": "Overloaded"}),
    ],
    ids=["bare", "named", "beside choices", "no choices", "in a choice", "object", "detail"],
)
def test_an_error_ends_a_stream_at_once(event):
    decoder = openai_chat.decoder({}, stream=True, now=0.0)
    decoder.feed(sse(chunk({"content": "Hi"})) + event)
    assert decoder.finished
    assert decoder.failure.message == "Overloaded"
    decoder.feed(sse(chunk({"content": "more"}, "stop")))
    decoded = decoder.end()
    assert (decoded.text, decoded.response_id) == ("Hi", "c1")
    assert decoded.failure == decoder.failure


def test_an_error_as_a_whole_response():
    decoded = run(json.dumps({**ERROR, "id": "c1"}).encode())[2]
    assert decoded.failure.message == "Overloaded"
    assert decoded.failure.code == "503"
    assert decoded.response_id == "c1"


def test_an_end_by_error_is_a_failure():
    assert category(streamed(chunk({"content": "Hi"}), chunk(finish="error"))) == "service.error"


@pytest.mark.parametrize("nothing", [None, {}, ""])
def test_an_empty_error_is_none(nothing):
    decoded = streamed(chunk({"content": "Hi"}, error=nothing), chunk(finish="stop", error=nothing))
    assert decoded.failure is None


def test_a_response_of_another_kind_is_malformed():
    assert category(run(b'{"object": "list", "data": []}')[2]) == "service.malformed"


@pytest.mark.parametrize("body", [b"1", b"[1]", b"data: 1\n\n", b'data: "x"\n\n'])
def test_what_is_no_object_is_malformed(body):
    assert category(run(body)[2]) == "service.malformed"


def test_an_event_without_choices_is_passed_over():
    decoded = streamed({"type": "keepalive"}, chunk({"content": "Hi"}), chunk(finish="stop"))
    assert (decoded.text, decoded.failure) == ("Hi", None)


# --- shapes ------------------------------------------------------------------------------------


def test_who_answers_may_be_told_late():
    first = {"id": "", "model": "", "choices": [], "prompt_filter_results": []}
    decoded = streamed(first, chunk({"content": "Hi"}), chunk(finish="stop"))
    assert (decoded.response_id, decoded.model) == ("c1", "m-1")
    decoded = streamed({**first, "model": "m-0"}, chunk({"content": "Hi"}), chunk(finish="stop"))
    assert (decoded.response_id, decoded.model) == ("c1", "m-0")


def test_only_the_first_of_several_answers_is_read():
    def both(first, second, finish=None):
        choices = [
            {"index": 1, "delta": {"content": second}, "finish_reason": finish},
            {"index": 0, "delta": {"content": first}, "finish_reason": finish},
        ]
        return {"choices": choices}

    decoded = streamed(chunk({"content": "A"}), both("B", "x"), both("C", "y", "stop"))
    assert decoded.text == "ABC"
    alone = {"choices": [{"index": 1, "delta": {"content": "z"}}]}
    assert streamed(chunk({"content": "A"}), alone, chunk(finish="stop")).text == "A"


def test_a_message_in_a_chunk_is_read_where_there_is_no_delta():
    whole = {"choices": [{"index": 0, "message": {"content": "Hi"}, "finish_reason": "stop"}]}
    assert streamed(whole).text == "Hi"


def test_a_delta_in_a_response_counts_less_than_the_message():
    choice = {"message": {"content": "Hi"}, "delta": {"content": ""}, "finish_reason": "stop"}
    assert run(json.dumps({"choices": [choice]}).encode())[2].text == "Hi"


def test_the_answer_as_an_object():
    assert answered({"content": {"name": "Ada"}}).text == '{"name":"Ada"}'


def test_an_old_way_to_tell_the_end():
    choice = {"message": {"content": "Hi"}, "finish_details": {"type": "max_tokens"}}
    assert run(json.dumps({"choices": [choice]}).encode())[2].finish_reason == "length"


@pytest.mark.parametrize(
    "odd",
    [
        {"id": 7},
        {"model": ["m"]},
        {"usage": []},
        {"service_tier": 1},
        {"x_groq": "no"},
        {"choices": [{"index": None, "delta": {"content": "Hi"}, "finish_reason": 1}, "x"]},
        {"choices": [{"index": 0, "delta": "Hi"}]},
        {"choices": [{"index": 0, "delta": {"content": "Hi", "reasoning_details": "no"}}]},
        {"choices": [{"index": 0, "delta": {"content": 7, "tool_calls": "no"}}]},
        {"choices": [{"index": 0, "delta": {"tool_calls": ["no", {"index": "0"}]}}]},
        {"choices": [{"index": 0, "delta": {"content": "Hi", "function_call": "no"}}]},
    ],
    ids=str,
)
def test_fields_of_another_kind_are_passed_over(odd):
    event = {"choices": [{"index": 0, "delta": {"content": "Hi"}}], **odd}
    decoded = streamed(chunk({"content": "A"}), event, chunk(finish="stop"))
    assert decoded.failure is None
    assert decoded.text in {"A", "AHi"}
