"""What the dialect `ollama` sends."""

from __future__ import annotations

import json

import pytest

from nbapimgr.errors import OptionError
from nbapimgr.models import (
    Image,
    Message,
    Opaque,
    Provider,
    Reasoning,
    Request,
    Text,
    Tool,
    ToolCall,
    ToolResult,
    user,
)
from nbapimgr.wire import dialect

ollama = dialect("ollama")
HOME = Provider(name="home", dialect="ollama", base_url="http://127.0.0.1:11434")


def send(request, provider=HOME, *, stream=True):
    return ollama.build(request, provider, "qwen3:4b", stream=stream)


def body(request):
    return json.loads(send(request).body)


def ask(**fields):
    return Request(messages=(user("hi"),), **fields)


def turns(*messages):
    return body(Request(messages=messages))["messages"]


@pytest.mark.parametrize("stream", [True, False])
def test_nothing_is_sent_that_was_not_set(stream):
    assert json.loads(send(ask(), stream=stream).body) == {
        "model": "qwen3:4b",
        "messages": [{"role": "user", "content": "hi"}],
        "stream": stream,
    }


@pytest.mark.parametrize("base", ["http://h:1", "http://h:1/", "http://h:1/api", "http://h:1/api/"])
def test_where_it_goes(base):
    provider = Provider(name="h", dialect="ollama", base_url=base, headers={"x-team": "t"})
    call = send(ask(), provider)
    assert (call.method, call.url) == ("POST", "http://h:1/api/chat")
    assert call.headers == {"content-type": "application/json", "x-team": "t"}
    listed = ollama.models_call(provider)
    assert (listed.method, listed.url, listed.body) == ("GET", "http://h:1/api/tags", b"")
    assert listed.headers == {"x-team": "t"}


def test_a_key_is_a_bearer_and_none_is_none():
    assert ollama.authorise(send(ask()), "secret", HOME) == {"authorization": "Bearer secret"}
    assert ollama.authorise(send(ask()), "", HOME) == {}


def test_sampling():
    sent = body(ask(temperature=0.0, top_p=0.9, seed=7, max_tokens=50, stop=("END",)))
    assert sent["options"] == {
        "temperature": 0.0,
        "top_p": 0.9,
        "seed": 7,
        "num_predict": 50,
        "stop": ["END"],
    }


def test_extra_joins_what_is_there():
    sent = body(ask(temperature=0.5, extra={"options": {"num_ctx": 8192}, "keep_alive": "5m"}))
    assert sent["options"] == {"temperature": 0.5, "num_ctx": 8192}
    assert sent["keep_alive"] == "5m"


def test_structured_output():
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    assert body(ask(schema=schema))["format"] == schema


@pytest.mark.parametrize(
    ("effort", "wanted"), [("none", False), ("minimal", "low"), ("medium", "medium")]
)
def test_thinking(effort, wanted):
    assert body(ask(reasoning=effort))["think"] == wanted


TOOLS = (
    Tool(name="now"),
    Tool(name="add", description="adds", parameters={"type": "object", "required": ["x"]}),
)


def test_tools():
    assert body(ask(tools=TOOLS))["tools"] == [
        {
            "type": "function",
            "function": {"name": "now", "parameters": {"type": "object", "properties": {}}},
        },
        {
            "type": "function",
            "function": {
                "name": "add",
                "description": "adds",
                "parameters": {"type": "object", "required": ["x"]},
            },
        },
    ]


@pytest.mark.parametrize(
    ("choice", "wanted"),
    [("auto", ["now", "add"]), ("required", ["now", "add"]), ("add", ["add"])],
)
def test_which_tool(choice, wanted):
    sent = body(ask(tools=TOOLS, tool_choice=choice))
    assert [tool["function"]["name"] for tool in sent["tools"]] == wanted
    assert "tool_choice" not in sent


def test_no_tool():
    assert "tools" not in body(ask(tools=TOOLS, tool_choice="none"))


def test_system_texts():
    system = Message(role="system", content=(Text(text="and short"),))
    sent = body(Request(messages=(system, user("hi")), system="be kind"))["messages"]
    assert [(turn["role"], turn["content"]) for turn in sent] == [
        ("system", "be kind"),
        ("system", "and short"),
        ("user", "hi"),
    ]


def test_a_conversation_with_tools():
    call = ToolCall(id="c1", name="add", arguments={"x": 1})
    sent = turns(
        Message(role="assistant", content=(Text(text="I add."), call)),
        Message(
            role="tool",
            content=(
                ToolResult(id="c1", content="2"),
                ToolResult(id="", name="now", content="noon"),
                ToolResult(id="c9", content="?"),
            ),
        ),
    )
    assert sent == [
        {
            "role": "assistant",
            "content": "I add.",
            "tool_calls": [{"id": "c1", "function": {"name": "add", "arguments": {"x": 1}}}],
        },
        {"role": "tool", "content": "2", "tool_name": "add", "tool_call_id": "c1"},
        {"role": "tool", "content": "noon", "tool_name": "now"},
        {"role": "tool", "content": "?", "tool_call_id": "c9"},
    ]


def test_words_beside_a_tool_result_are_a_turn_of_the_user():
    parts = (ToolResult(id="1", content="2"), Text(text="so?"))
    assert [turn["role"] for turn in turns(Message(role="tool", content=parts))] == ["tool", "user"]


def test_a_call_without_id_and_with_broken_arguments():
    calls = (
        ToolCall(name="a", raw_arguments='{"cut'),
        ToolCall(name="b"),
    )
    sent = turns(Message(role="assistant", content=calls))[0]["tool_calls"]
    assert sent == [
        {"function": {"name": "a", "arguments": {"invalid_json": '{"cut'}}},
        {"function": {"name": "b", "arguments": {"invalid_json": ""}}},
    ]


def test_a_turn_may_be_empty():
    assert turns(Message(role="assistant")) == [{"role": "assistant", "content": ""}]


def test_our_reasoning_goes_back_and_that_of_others_stays():
    mine = Reasoning(text="hm", raw={"thinking": "hm"})
    others = (
        Reasoning(text="x", raw={"thinking": "x", "signature": "s"}),
        Reasoning(text="y"),
        Reasoning(text="z", raw="odd"),
        Opaque(dialect="gemini", raw={}),
    )
    (sent,) = turns(Message(role="assistant", content=(mine, *others, Text(text="so"))))
    assert sent == {"role": "assistant", "content": "so", "thinking": "hm"}


def test_pictures():
    sent = turns(user("what?", (Image(data=b"\x89PNG"), Image(data=b"GIF"))))
    assert sent[0]["images"] == ["iVBORw==", "R0lG"]


def test_a_picture_by_url_is_refused_in_words():
    with pytest.raises(OptionError, match=r"not by URL: 'https://x\.example/a\.png'") as caught:
        turns(user("what?", (Image(url="https://x.example/a.png"),)))
    assert "bytes" in caught.value.hint
