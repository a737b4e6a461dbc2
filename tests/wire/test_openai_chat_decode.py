from __future__ import annotations

import json

import pytest

from nbapimgr.models import Reasoning, Text, ToolCall
from nbapimgr.wire import openai_chat


def chunk(delta=None, finish=None, **fields):
    choice = {"index": 0, "delta": delta or {}, "finish_reason": finish}
    return {"id": "c1", "model": "m-1", "choices": [choice], **fields}


def sse(*values):
    return b"".join(b"data: " + json.dumps(value).encode() + b"\n\n" for value in values)


def run(*bodies):
    decoder = openai_chat.decoder({}, stream=True, now=0.0)
    deltas = [delta for body in bodies for delta in decoder.feed(body)]
    return decoder, deltas, decoder.end()


def streamed(*values):
    return run(sse(*values))[2]


def answered(message=None, finish="stop", **fields):
    choice = {"index": 0, "message": message or {}, "finish_reason": finish}
    return run(json.dumps({"id": "c1", "choices": [choice], **fields}).encode())[2]


def category(decoded):
    return decoded.failure and decoded.failure.category


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


# --- reasoning ---------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
def test_reasoning_and_the_field_it_goes_back_in(field):
    _, deltas, decoded = run(
        sse(
            chunk({field: "h"}), chunk({field: "m"}), chunk({"content": "Hi"}), chunk(finish="stop")
        )
    )
    assert [(delta.kind, delta.text) for delta in deltas] == [
        ("reasoning", "h"),
        ("reasoning", "m"),
        ("text", "Hi"),
    ]
    assert decoded.content == (Reasoning(text="hm", raw={field: "hm"}), Text(text="Hi"))


def test_reasoning_alone_is_an_answer():
    assert streamed(chunk({"reasoning": "hm"}), chunk(finish="length")).failure is None


def test_the_order_is_that_of_arrival():
    decoded = streamed(chunk({"content": "Hi"}), chunk({"reasoning": "hm"}), chunk(finish="stop"))
    assert [type(part) for part in decoded.content] == [Text, Reasoning]


def test_blocks_of_mistral():
    def thinking(text):
        return {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": text}]}]}

    decoded = streamed(
        chunk(thinking("h")),
        chunk(thinking("m")),
        chunk({"content": [{"type": "text", "text": "Hi"}]}),
        chunk(finish="stop"),
    )
    raw = {"thinking": [{"type": "text", "text": "hm"}]}
    assert decoded.content == (Reasoning(text="hm", raw=raw), Text(text="Hi"))
    decoded = answered({"content": [{"type": "thinking", "thinking": "hm"}, {"type": "other"}]})
    assert decoded.content == (Reasoning(text="hm", raw=raw),)


def test_details_are_joined_piece_by_piece():
    def details(*pieces):
        text = "".join(p.get("text", "") for p in pieces if isinstance(p, dict))
        return chunk({"reasoning": text, "reasoning_details": list(pieces)})

    decoded = streamed(
        details({"type": "reasoning.text", "index": 0, "text": "h"}),
        details({"type": "reasoning.text", "index": 0, "text": "m", "id": None}, "odd"),
        details({"type": "reasoning.text", "index": 0, "signature": "s"}),
        chunk({"reasoning_details": [{"type": "reasoning.encrypted", "index": 1, "data": "x"}]}),
        chunk({"content": "Hi"}),
        chunk(finish="stop"),
    )
    (thought, _) = decoded.content
    assert thought.text == "hm"
    assert thought.raw == {
        "reasoning": "hm",
        "reasoning_details": [
            {"type": "reasoning.text", "index": 0, "text": "hm", "signature": "s"},
            {"type": "reasoning.encrypted", "index": 1, "data": "x"},
        ],
    }


def test_hidden_reasoning_alone_is_no_answer():
    hidden = {"reasoning_details": [{"type": "reasoning.encrypted", "data": "x"}]}
    decoded = streamed(chunk(hidden), chunk(finish="stop"))
    assert category(decoded) == "service.empty"


# --- tool calls --------------------------------------------------------------------------------


def piece(index=None, id_=None, name=None, arguments=None, **fields):
    function = {"name": name, "arguments": arguments}
    return {"index": index, "id": id_, "function": function, **fields}


def calls(*pieces, finish="tool_calls"):
    chunks = [chunk({"tool_calls": given}) for given in pieces]
    decoded = streamed(*chunks, chunk(finish=finish))
    assert decoded.failure is None
    assert decoded.finish_reason == "tool_calls"
    return [(c.id, c.name, c.arguments) for c in decoded.content if isinstance(c, ToolCall)]


def test_a_call_in_crumbs():
    assert calls(
        [piece(0, "a", "add", "")],
        [piece(0, None, None, '{"x"')],
        [piece(0, "", "", ": 1}")],
    ) == [("a", "add", {"x": 1})]


def test_two_calls_at_once():
    assert calls(
        [piece(0, "a", "add", '{"x":1}'), piece(1, "b", "sub", "{")],
        [piece(1, None, None, '"y":2}')],
    ) == [("a", "add", {"x": 1}), ("b", "sub", {"y": 2})]


def test_whole_calls_without_index():
    assert calls(
        [piece(None, "a", "add", '{"x":1}')],
        [piece(None, "b", "sub", '{"y"')],
        [piece(None, None, None, ":2}")],
    ) == [("a", "add", {"x": 1}), ("b", "sub", {"y": 2})]


def test_calls_that_are_all_numbered_zero():
    assert calls(
        [piece(0, "a", "add", '{"x":1}')],
        [piece(0, "b", "add", '{"x"')],
        [piece(0, "c", None, ":2}")],
    ) == [("a", "add", {"x": 1}), ("b", "add", {"x": 2})]


def test_a_stop_with_calls_is_a_call():
    assert calls([piece(0, "a", "add", "{}")], finish="stop") == [("a", "add", {})]


def test_a_call_without_arguments_has_none():
    assert calls([{"index": 0, "id": "a"}], [piece(0, None, "now", None)]) == [("a", "now", {})]


@pytest.mark.parametrize("arguments", ["{", "[1]", "4 + 4"])
def test_arguments_that_are_no_object(arguments):
    decoded = streamed(chunk({"tool_calls": [piece(0, "a", "f", arguments)]}, "tool_calls"))
    assert (decoded.content[0].arguments, decoded.content[0].raw_arguments) == (None, arguments)


def test_arguments_as_an_object():
    assert calls([piece(0, "a", "add", {"x": 1})]) == [("a", "add", {"x": 1})]
    assert calls([piece("0", "a", "add", '{"x":1}')]) == [("a", "add", {"x": 1})]


def test_a_tool_of_free_text():
    custom = {"type": "custom", "id": "a", "custom": {"name": "calc", "input": "4 + 4"}}
    decoded = answered({"content": None, "tool_calls": [custom]}, finish="tool_calls")
    assert decoded.content == (ToolCall(id="a", name="calc", raw_arguments="4 + 4"),)


def test_the_old_call_of_a_function():
    decoded = streamed(
        chunk({"function_call": {"name": "add", "arguments": ""}}),
        chunk({"function_call": {"arguments": '{"x":1}'}}),
        chunk(finish="function_call"),
    )
    assert decoded.content == (ToolCall(name="add", arguments={"x": 1}, raw_arguments='{"x":1}'),)
    assert decoded.finish_reason == "tool_calls"


def test_a_thought_signature_is_kept():
    signed = piece(0, "a", "add", "{}", extra_content={"google": {"thought_signature": "s"}})
    decoded = streamed(chunk({"tool_calls": [signed]}), chunk(finish="tool_calls"))
    assert decoded.content[0].extra == {"extra_content": {"google": {"thought_signature": "s"}}}


def test_pieces_of_arguments_are_deltas():
    _, deltas, _ = run(sse(chunk({"tool_calls": [piece(0, "a", "add", '{"x"')]})))
    assert [(delta.kind, delta.text) for delta in deltas] == [("tool", '{"x"')]


# --- usage -------------------------------------------------------------------------------------


def used(raw, **fields):
    return answered({"content": "Hi"}, usage=raw, **fields).usage


def base(given=5, made=7, total=12, **fields):
    return {"prompt_tokens": given, "completion_tokens": made, "total_tokens": total, **fields}


def test_tokens():
    raw = base(
        prompt_tokens_details={"cached_tokens": 3, "cache_write_tokens": 1},
        completion_tokens_details={"reasoning_tokens": 4},
    )
    usage = used(raw, service_tier="flex")
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (5, 7, 12)
    assert usage.cache_read_input_tokens == 3
    assert usage.cache_creation_input_tokens == 1
    assert usage.reasoning_output_tokens == 4
    assert usage.service_tier == "flex"
    assert (usage.raw, usage.source, usage.cost) == (raw, "provider", None)


@pytest.mark.parametrize(
    "fields",
    [{"cached_tokens": 3}, {"num_cached_tokens": 3}, {"prompt_cache_hit_tokens": 3}],
    ids=str,
)
def test_everybody_has_his_own_name_for_cached_tokens(fields):
    assert used(base(**fields)).cache_read_input_tokens == 3


def test_reasoning_outside_the_output_is_added():
    raw = base(5, 7, 22, completion_tokens_details={"reasoning_tokens": 10})
    assert (used(raw).output_tokens, used(raw).reasoning_output_tokens) == (17, 10)


def test_reasoning_inside_the_output_is_not():
    assert used(base(reasoning_tokens=4)).output_tokens == 7
    assert used(base(reasoning_tokens=4)).reasoning_output_tokens == 4


def test_audio_is_counted_in_the_total_alone():
    assert used(base(5, 7, 387, prompt_audio_seconds=3)).input_tokens == 380


def test_a_total_that_does_not_add_up_is_left():
    assert (used(base(5, 7, 99)).input_tokens, used(base(5, 7, 99)).output_tokens) == (5, 7)


@pytest.mark.parametrize("raw", [{}, {"prompt_tokens": None}, None])
def test_no_count_is_no_usage(raw):
    assert used(raw) is None


def test_a_missing_count_is_unknown():
    usage = used({"prompt_tokens": 5})
    assert (usage.input_tokens, usage.output_tokens) == (5, None)


def test_the_last_count_is_the_true_one():
    decoded = streamed(
        chunk({"content": "Hi"}, usage=base(5, 1, 6)),
        chunk(finish="stop", usage=base(5, 2, 7), service_tier="default"),
        chunk(usage=None),
    )
    assert decoded.usage.output_tokens == 2
    assert decoded.usage.service_tier == "default"


def test_groq_counts_in_a_corner_of_its_own():
    decoded = streamed(
        chunk({"content": "Hi"}, x_groq={"id": "req_1"}),
        chunk(finish="stop", x_groq={"id": "req_1", "usage": base()}),
    )
    assert decoded.usage.raw == base()


@pytest.mark.parametrize(
    ("fields", "cost"),
    [
        ({"cost": 0.25}, 0.25),
        ({"cost": 0}, 0.0),
        ({"cost": {"total_cost": 0.5}}, 0.5),
        ({"cost": {}}, None),
        ({"cost_in_usd_ticks": 5_000_000_000}, 0.5),
        ({"cost": 0.25, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.5}}, 0.75),
        ({"cost": 0.25, "is_byok": True}, 0.25),
        ({"cost": "0.25"}, None),
        ({"cost": -1}, None),
        ({"cost": True}, None),
    ],
    ids=str,
)
def test_the_cost_where_the_provider_names_it(fields, cost):
    assert used(base(**fields)).cost == cost


def test_mistral_names_the_tier_in_the_usage():
    assert used(base(service_tier="standard")).service_tier == "standard"
