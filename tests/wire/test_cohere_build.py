"""Requests to Cohere: what is sent, where, and what is not."""

from __future__ import annotations

import json

import pytest

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
from nbapimgr.wire import cohere, dialect
from nbapimgr.wire._dialect import HttpCall

COHERE = Provider(name="cohere", dialect="cohere", base_url="https://api.cohere.com")
MODEL = "command-a-03-2025"
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


def call(request, provider=COHERE, *, stream=False):
    return cohere.build(request, provider, MODEL, stream=stream)


def body(*messages, **fields):
    return json.loads(call(Request(messages=messages, **fields)).body)


def assistant(*content):
    return Message(role="assistant", content=content)


def test_the_dialect_is_found_by_name():
    assert dialect("cohere") is cohere
    assert cohere.NAME == "cohere"


def test_a_bare_question_sends_nothing_else():
    assert body(user("hi")) == {"model": MODEL, "messages": [{"role": "user", "content": "hi"}]}
    streamed = call(Request(messages=(user("hi"),)), stream=True)
    assert json.loads(streamed.body)["stream"] is True


def test_every_setting_has_its_place():
    sent = body(
        user("hi"),
        system="be brief",
        temperature=0.0,
        top_p=0.9,
        max_tokens=7,
        seed=0,
        stop=("END",),
        schema=SCHEMA,
        extra={"k": 5, "response_format": {"x": 1}},
    )
    del sent["model"]
    assert sent == {
        "messages": [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": "hi"},
        ],
        "temperature": 0.0,
        "p": 0.9,
        "max_tokens": 7,
        "seed": 0,
        "stop_sequences": ["END"],
        "response_format": {"type": "json_object", "json_schema": SCHEMA, "x": 1},
        "k": 5,
    }


def test_system_messages_keep_their_place():
    later = Message(role="system", content=(Text(text="and kind"),))
    roles = [message["role"] for message in body(user("hi"), later)["messages"]]
    assert roles == ["user", "system"]


@pytest.mark.parametrize(
    ("effort", "thinking"),
    [
        ("none", {"type": "disabled"}),
        ("minimal", {"type": "enabled", "token_budget": 512}),
        ("low", {"type": "enabled", "token_budget": 1024}),
        ("medium", {"type": "enabled", "token_budget": 8192}),
        ("high", {"type": "enabled"}),
    ],
)
def test_effort_is_a_budget(effort, thinking):
    assert body(user("hi"), reasoning=effort)["thinking"] == thinking


def declared(name, **fields):
    return {"type": "function", "function": {"name": name, **fields}}


@pytest.mark.parametrize(
    ("choice", "sent_choice", "names"),
    [
        (None, None, ["f", "g"]),
        ("auto", None, ["f", "g"]),
        ("none", "NONE", ["f", "g"]),
        ("required", "REQUIRED", ["f", "g"]),
        ("g", "REQUIRED", ["g"]),
    ],
)
def test_tools_and_the_choice_among_them(choice, sent_choice, names):
    tools = (Tool(name="f", description="does f", parameters=SCHEMA), Tool(name="g"))
    sent = body(user("hi"), tools=tools, tool_choice=choice)
    known = {"f": declared("f", description="does f", parameters=SCHEMA), "g": declared("g")}
    assert sent["tools"] == [known[name] for name in names]
    assert sent.get("tool_choice") == sent_choice


def test_a_turn_with_tools_goes_back():
    plan, sources = {"tool_plan": "I will f."}, {"citations": [{"start": 0}]}
    thought = {"type": "thinking", "thinking": "hm"}
    sent = body(
        assistant(
            Reasoning(text="hm", raw=thought),
            Text(text="Well."),
            Opaque(dialect="cohere", raw=plan),
            ToolCall(id="f_1", name="f", arguments={"x": 1}),
            ToolCall(id="g_1", name="g", raw_arguments='{"y": 2.0}'),
            Opaque(dialect="cohere", raw=sources),
        ),
        Message(
            role="tool",
            content=(ToolResult(id="f_1", content="one"), ToolResult(id="g_1", content="two")),
        ),
    )
    function = {"name": "g", "arguments": '{"y": 2.0}'}
    assert sent["messages"] == [
        {
            "role": "assistant",
            "content": [thought, {"type": "text", "text": "Well."}],
            "tool_calls": [
                {"id": "f_1", **declared("f", arguments='{"x":1}')},
                {"id": "g_1", "type": "function", "function": function},
            ],
            **plan,
            **sources,
        },
        {"role": "tool", "tool_call_id": "f_1", "content": "one"},
        {"role": "tool", "tool_call_id": "g_1", "content": "two"},
    ]


def test_what_comes_with_a_result_follows_it():
    both = Message(role="tool", content=(Text(text="look"), ToolResult(id="1", content="one")))
    assert [message["role"] for message in body(both)["messages"]] == ["tool", "user"]


def test_another_models_blocks_stay_at_home():
    sent = body(
        user("hi"),
        assistant(
            Reasoning(text="hm", raw={"type": "thinking", "thinking": "hm", "signature": "S"}),
            Reasoning(text="hm"),
            Opaque(dialect="gemini", raw={"tool_plan": "not ours"}),
            Text(text=""),
        ),
    )
    assert sent["messages"] == [{"role": "user", "content": "hi"}]


def test_its_own_blocks_go_back():
    document = {"type": "document", "document": {"id": "d"}}
    sent = body(
        Message(role="user", content=(Opaque(dialect="cohere", raw=document), Text(text="hi")))
    )
    assert sent["messages"][0]["content"] == [document, {"type": "text", "text": "hi"}]


@pytest.mark.parametrize(
    ("image", "url"),
    [
        (Image(data=b"\x00\x01", media_type="image/webp"), "data:image/webp;base64,AAE="),
        (Image(url="https://example.com/a.png"), "https://example.com/a.png"),
    ],
)
def test_pictures(image, url):
    sent = body(user("what is this?", (image,)))
    assert sent["messages"][0]["content"] == [
        {"type": "image_url", "image_url": {"url": url}},
        {"type": "text", "text": "what is this?"},
    ]


@pytest.mark.parametrize("suffix", ["", "/", "/v2", "/v1/"])
def test_where_it_is_sent(suffix):
    provider = Provider(
        name="c",
        dialect="cohere",
        base_url=f"https://api.cohere.com{suffix}",
        headers={"x-client-name": "a"},
    )
    made = call(Request(messages=(user("hi"),)), provider)
    assert (made.method, made.url) == ("POST", "https://api.cohere.com/v2/chat")
    assert made.headers == {"content-type": "application/json", "x-client-name": "a"}
    assert cohere.models_call(provider) == HttpCall(
        method="GET",
        url="https://api.cohere.com/v1/models?page_size=1000",
        headers={"x-client-name": "a"},
    )


def test_the_key_is_a_bearer_token():
    made = call(Request(messages=(user("hi"),)))
    assert cohere.authorise(made, "planted", COHERE) == {"authorization": "Bearer planted"}
