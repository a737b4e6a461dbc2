"""Tool calls there and back, and answers of a shape, in each of the dialects llmock speaks."""

from __future__ import annotations

import pytest
from llmock.scenarios import Fail, Reply, StreamFault, ToolCall, ToolFault

from nbapimgr.errors import AllProvidersFailed, SchemaError
from nbapimgr.models import Message, ToolResult, user
from tests.llmock.llmock_stack import MAIN, SPARE, verdict

pytestmark = pytest.mark.parametrize("stream", [True, False], ids=["stream", "plain"])

ASKED = user("What is the weather in Paris?")


def get_weather(city: str, days: int = 1) -> str:
    """The weather in a city."""
    return f"sunny in {city} for {days}"


def results_of(reply):
    """What comes of the tools a reply wants called."""
    return Message(
        role="tool",
        content=tuple(
            ToolResult(id=call.id, name=call.name, content=get_weather(**call.arguments))
            for call in reply.tool_calls
        ),
    )


@pytest.fixture
def talkative(scene):
    """A tool that is offered is called, and when it has run there is an answer."""
    scene.main.state.scenarios.clear()
    return scene


def test_a_tool_there_and_back(talkative, stream):
    llm = talkative.llm
    wish = llm.ask([ASKED], tools=[get_weather], stream=stream)
    [call] = wish.tool_calls
    assert call.name == "get_weather"
    assert call.arguments == {"city": "mock-city", "days": 1}
    assert wish.finish_reason == "tool_calls"
    assert wish.text == ""

    said = Message(role="assistant", content=wish.content)
    answer = llm.ask([ASKED, said, results_of(wish)], tools=[get_weather], stream=stream)
    assert answer.tool_calls == ()
    assert answer.finish_reason == "stop"
    assert answer.text
    sent = str(talkative.main.state.journal.records(wait=20)[-1].body)
    assert "sunny in mock-city for 1" in sent
    talkative.verdict().assert_ok(strict=True)


def test_two_tools_at_once_beside_text(scene, stream):
    scene.main.state.scenarios.clear()
    calls = tuple(ToolCall("get_weather", {"city": city, "days": 2}) for city in ("Rome", "Oslo"))
    scene.meets(Reply(text="I will look.", tool_calls=calls))
    wish = scene.llm.ask([ASKED], tools=[get_weather], stream=stream)
    assert wish.text == "I will look."
    assert [call.arguments["city"] for call in wish.tool_calls] == ["Rome", "Oslo"]
    said = Message(role="assistant", content=wish.content)
    answer = scene.llm.ask([ASKED, said, results_of(wish)], tools=[get_weather], stream=stream)
    assert answer.text
    assert answer.tool_calls == ()
    scene.verdict().assert_ok(strict=True)


def test_a_tool_call_goes_on_with_another_provider(scene, stream):
    """What one dialect began another ends."""
    scene.main.state.scenarios.clear()
    llm = scene.with_spare().llm
    wish = llm.ask([ASKED], tools=[get_weather], stream=stream, route="main,")
    said = Message(role="assistant", content=wish.content)
    answer = llm.ask(
        [ASKED, said, results_of(wish)], tools=[get_weather], stream=stream, route="spare,"
    )
    assert answer.text == SPARE
    assert "sunny in mock-city" in str(scene.spare.state.journal.records(wait=20)[-1].body)
    verdict(scene.spare).assert_ok(strict=True)


@pytest.mark.parametrize("choice", ["none", "required", "get_weather"])
def test_a_choice_is_kept(talkative, stream, choice):
    wish = talkative.llm.ask([ASKED], tools=[get_weather], tool_choice=choice, stream=stream)
    if (talkative.name, choice) == ("cohere", "none"):
        [record] = talkative.main.state.journal.records(wait=20)
        assert record.body["tool_choice"] == "NONE"  # Cohere's word, which llmock does not know
    else:
        assert bool(wish.tool_calls) == (choice != "none")
    talkative.verdict().assert_ok(strict=True)


def test_a_tool_that_was_never_offered_is_shown_as_it_is(talkative, stream):
    talkative.meets(ToolFault("unknown_tool"))
    wish = talkative.llm.ask([ASKED], tools=[get_weather], stream=stream)
    assert [call.name for call in wish.tool_calls] == ["llmock_unknown_tool"]


def test_broken_arguments_are_none_and_kept(talkative, stream):
    talkative.meets(ToolFault("malformed_arguments"))
    [call] = talkative.llm.ask([ASKED], tools=[get_weather], stream=stream).tool_calls
    if talkative.name == "gemini" or (talkative.name == "anthropic" and not stream):
        assert call.arguments == {}  # sent as an object: llmock mends them
    else:
        assert call.arguments is None
        assert call.raw_arguments.startswith('{"city":')


def test_a_shape(scene, stream):
    scene.main.state.scenarios.clear()
    if scene.name == "anthropic":  # llmock knows the field of the beta, output_format
        scene.meets(Reply(text='{"name": "mock-name", "age": 1}'))
    reply = scene.llm.ask("Who is it?", schema="name, age int", stream=stream)
    assert reply.data == {"name": "mock-name", "age": 1}
    [record] = scene.main.state.journal.records(wait=20)
    assert "'name': {'type': 'string'}" in str(record.body).replace("STRING", "string")
    scene.verdict().assert_ok(strict=True)


def test_no_shape_in_the_answer(scene, stream):
    with pytest.raises(SchemaError) as caught:
        scene.llm.ask("Who is it?", schema="name, age int", stream=stream)
    assert caught.value.text == MAIN


def test_half_a_shape_is_thrown_away(scene, stream):
    scene.main.state.scenarios.clear()
    scene.with_spare().spare.state.scenarios.clear()
    scene.spare.state.scenarios.add(Reply(text='{"name": "Ada", "age": 36}'))
    scene.meets(StreamFault("truncate", after_chunks=2) if stream else Fail(503, retry_after=30))
    reply = scene.llm.ask("Who is it?", schema="name, age int", stream=stream)
    assert reply.data == {"name": "Ada", "age": 36}
    assert reply.provider == "spare"


@pytest.mark.parametrize("scene", ["openai"], indirect=True)
def test_what_ends_before_it_begins_is_not_bought_again(scene, stream):
    scene.main.state.scenarios.clear()
    scene.meets(Reply(text="", finish_reason="length", times=None))
    with pytest.raises(AllProvidersFailed) as caught:
        scene.llm.ask("Say it.", max_tokens=20, stream=stream)
    assert [one.failure.category for one in caught.value.attempts] == ["service.empty"]
