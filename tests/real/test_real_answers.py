"""A real model answers through the whole stack: manager, engine, wire, llama.cpp."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import aclosing
from dataclasses import dataclass

import pytest

from nbapimgr import AllProvidersFailed, SchemaError
from nbapimgr.models import Delta, Failed, Finished, Planned, Restarted, Started

pytestmark = pytest.mark.real

PARIS = "What is the capital of France?"
SAME = {"system": "You are a helpful assistant.", "temperature": 0.0, "seed": 7, "max_tokens": 16}
STORY = "Tell a long story about a fox and a raven."
LONG = "one two three four five six seven eight " * 40
"""More than 300 tokens."""


@pytest.mark.parametrize("stream", [True, False])
def test_it_answers(llm, stream):
    reply = llm.ask(PARIS, stream=stream, **SAME)
    assert "Paris" in reply.text
    assert (reply.provider, reply.model, reply.source) == ("local", "smollm2", "live")
    assert reply.finish_reason == "stop"
    [attempt] = reply.attempts
    assert (attempt.outcome, attempt.http_status, attempt.stream) == ("ok", 200, stream)
    assert attempt.text_length == len(reply.text)


@pytest.mark.parametrize("stream", [True, False])
def test_usage_is_the_servers_own(llm, stream):
    usage = llm.ask(PARIS, stream=stream, **{**SAME, "max_tokens": 3}).usage
    assert usage.source == "provider"
    assert usage.output_tokens == 3
    assert usage.input_tokens > len(PARIS.split())
    assert usage.raw["total_tokens"] == usage.total_tokens


def test_a_streams_pieces_are_its_text(llm):
    events = list(llm.stream(STORY, max_tokens=24))
    kinds = [kind for kind, _ in itertools.groupby(type(event) for event in events)]
    assert kinds == [Planned, Started, Delta, Finished]
    deltas = [event for event in events if isinstance(event, Delta)]
    reply = events[-1].reply
    assert len(deltas) > 5
    assert "".join(delta.text for delta in deltas) == reply.text
    assert reply.finish_reason == "length"
    assert reply.usage.output_tokens == 24
    assert 0 < reply.attempts[0].first_chunk <= reply.attempts[0].duration


def test_it_becomes_one_free_row(llm):
    reply = llm.ask(PARIS, **SAME)
    [row] = llm.usage(columns=["provider_name", "outcome", "input_tokens", "output_tokens",
                               "cost_amount", "tokens_source"]).to_dict("records")  # fmt: skip
    assert row["outcome"] == "ok"
    assert row["tokens_source"] == "provider"
    assert row["cost_amount"] == 0
    assert (row["input_tokens"], row["output_tokens"]) == (
        reply.usage.input_tokens,
        reply.usage.output_tokens,
    )


def test_seed_and_temperature_zero_give_the_same_again(llm):
    first, *others = (llm.ask(PARIS, stream=stream, **SAME) for stream in (True, False, True))
    assert [other.text for other in others] == [first.text] * 2


def test_one_call_after_the_other_succeeds_at_once(llm):
    """llama.cpp closes the connection after an answer, while we keep it for the next call."""
    for number in range(8):
        reply = llm.ask(PARIS, stream=number % 2 == 0, **{**SAME, "max_tokens": 2})
        assert [attempt.outcome for attempt in reply.attempts] == ["ok"], number


async def test_four_at_once(llm):
    alone = await llm.aask(PARIS, **SAME)
    replies = await asyncio.gather(*(llm.aask(PARIS, **SAME) for _ in range(4)))
    assert [reply.text for reply in replies] == [alone.text] * 4
    assert [len(reply.attempts) for reply in replies] == [1] * 4
    assert (llm.usage(columns=["outcome"])["outcome"] == "ok").sum() == 5


async def test_it_streams_to_code_that_awaits(llm):
    async with aclosing(llm.astream(STORY, max_tokens=8)) as events:
        seen = [event async for event in events]
    text = "".join(event.text for event in seen if isinstance(event, Delta))
    assert text
    assert text == seen[-1].reply.text


@pytest.mark.parametrize("stream", [True, False])
def test_a_shape_in_the_short_form(llm, stream):
    asked = {**SAME, "max_tokens": 60, "stream": stream}
    reply = llm.ask("Ada is 36 years old. Who is it?", schema="name, age int", **asked)
    assert set(reply.data) == {"name", "age"}
    assert type(reply.data["age"]) is int
    assert list(reply.df.columns) == ["name", "age"]
    assert len(reply.df) == 1


def test_a_shape_as_a_class(llm):
    @dataclass
    class Person:
        name: str
        age: int

    asked = {**SAME, "max_tokens": 60}
    reply = llm.ask("Ada is 36 years old. Who is it?", schema=Person, **asked)
    assert isinstance(reply.data, Person)
    assert type(reply.data.age) is int


def test_half_a_shape_is_no_answer(llm):
    with pytest.raises(SchemaError) as caught:
        llm.ask("Ada is 36 years old.", schema="name, age int", **{**SAME, "max_tokens": 9})
    assert caught.value.text == llm.last.text != ""
    assert llm.last.finish_reason == "length"


def test_more_than_it_can_read_stops_with_what_to_do(llm, add):
    add("small", context=256)
    with pytest.raises(AllProvidersFailed) as caught:
        llm.ask(LONG, route="small,", max_tokens=2)
    [attempt] = caught.value.attempts
    assert attempt.failure.category == "model.context_length"
    assert attempt.failure.status == 400
    assert not attempt.failure.retryable
    assert "shorten" in caught.value.hint


@pytest.mark.parametrize("stream", [True, False])
def test_more_than_it_can_read_goes_to_one_with_a_larger_window(llm, add, stream):
    add("small", context=256)
    events = list(llm.stream(LONG, route="small,local", max_tokens=2, stream=stream))
    [failed] = [event for event in events if isinstance(event, Failed)]
    assert failed.failure.category == "model.context_length"
    assert str(failed.next) == "local:smollm2"
    assert failed.wait == 0
    assert not any(isinstance(event, Restarted) for event in events)
    reply = events[-1].reply
    assert reply.provider == "local"
    assert reply.usage.input_tokens > 256


def test_its_list_of_models_names_it(llm):
    assert [info.id for info in llm.providers.test("local")] == ["smollm2"]
