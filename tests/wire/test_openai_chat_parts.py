from __future__ import annotations

import pytest
from chat_answers import answered, category, chunk, run, sse, streamed

from nbapimgr.models import Reasoning, Text, ToolCall

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


def test_details_that_are_not_pieces_of_one_stay_apart():
    details = [
        {"type": "reasoning.encrypted", "data": "x"},
        {"type": "reasoning.encrypted", "data": "y"},
        {"type": "reasoning.text", "index": 0, "id": "a", "text": "h"},
        {"type": "reasoning.text", "index": 0, "id": "b", "text": "m"},
        {"type": "reasoning.summary", "index": 0, "id": "b", "summary": "s"},
        {"type": "reasoning.text", "index": 1, "text": {"odd": 1}},
    ]
    (thought, _) = answered({"reasoning_details": details, "content": "Hi"}).content[::-1]
    assert thought.raw["reasoning_details"] == [
        *details[:5],
        {"type": "reasoning.text", "index": 1},
    ]


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
