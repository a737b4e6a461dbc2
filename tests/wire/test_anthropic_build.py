"""What is sent: the body, the place, the headers."""

from __future__ import annotations

import base64

import msgspec
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
from nbapimgr.wire import anthropic

CLAUDE = Provider(name="claude", dialect="anthropic", base_url="https://api.anthropic.com/v1")
VERTEX = Provider(
    name="vertex",
    dialect="anthropic",
    base_url="https://aiplatform.googleapis.com/v1/projects/p/locations/global",
)


def built(request, provider=CLAUDE, model="claude-opus-4-6", *, stream=False):
    call = anthropic.build(request, provider, model, stream=stream)
    return call, msgspec.json.decode(call.body)


def body_of(*messages, **fields):
    return built(Request(messages=messages or (user("Hi"),), **fields))[1]


def turns_of(*messages):
    return body_of(*messages)["messages"]


def said(role, *content):
    return Message(role=role, content=content)


def test_nothing_is_sent_unasked_but_the_limit():
    call, body = built(Request(messages=(user("Hi"),)))
    assert body == {
        "model": "claude-opus-4-6",
        "max_tokens": 32_000,
        "messages": [{"role": "user", "content": "Hi"}],
    }
    assert (call.method, call.url) == ("POST", "https://api.anthropic.com/v1/messages")
    assert call.headers == {"content-type": "application/json", "anthropic-version": "2023-06-01"}


def test_what_the_user_set_is_sent():
    weather = Tool(name="weather", description="Now", parameters={"type": "object"})
    body = body_of(
        system="Be brief.",
        tools=(weather, Tool(name="now")),
        tool_choice="required",
        temperature=0.0,
        top_p=0.5,
        max_tokens=10,
        seed=1,
        stop=("END",),
    )
    assert body == {
        "model": "claude-opus-4-6",
        "max_tokens": 10,
        "messages": [{"role": "user", "content": "Hi"}],
        "system": "Be brief.",
        "tools": [
            {"name": "weather", "description": "Now", "input_schema": {"type": "object"}},
            {"name": "now", "input_schema": {"type": "object"}},
        ],
        "tool_choice": {"type": "any"},
        "temperature": 0.0,
        "top_p": 0.5,
        "stop_sequences": ["END"],
    }


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ("auto", {"type": "auto"}),
        ("none", {"type": "none"}),
        ("weather", {"type": "tool", "name": "weather"}),
    ],
)
def test_tool_choice(choice, sent):
    assert body_of(tool_choice=choice)["tool_choice"] == sent


def test_extra_stands_beside_what_is_there():
    schema = {"type": "object", "additionalProperties": False}
    search = {"type": "web_search_20250305", "name": "web_search"}
    body = body_of(
        schema=schema,
        tools=(Tool(name="now"),),
        extra={"output_config": {"effort": "max"}, "tools": [search], "top_k": 3},
    )
    assert body["output_config"]["effort"] == "max"
    assert body["output_config"]["format"] == {"type": "json_schema", "schema": schema}
    assert [tool["name"] for tool in body["tools"]] == ["now", "web_search"]
    assert body["top_k"] == 3


# --- messages ----------------------------------------------------------------------------------


def test_system_messages_join_the_system_text():
    messages = (said("system", Text(text="One.")), user("Hi"), said("system", Text(text="Two.")))
    body = body_of(*messages, system="Zero.")
    assert body["system"] == "Zero.\n\nOne.\n\nTwo."
    assert body["messages"] == [{"role": "user", "content": "Hi"}]


def test_pictures():
    data = b"\x89PNG"
    there = "https://example.org/cat.png"
    turn = user(
        "What?", (Image(data=data), Image(url=there), Image(url="data:image/gif;base64,R0"))
    )
    sources = [block["source"] for block in turns_of(turn)[0]["content"][:3]]
    encoded = base64.b64encode(data).decode()
    assert sources == [
        {"type": "base64", "media_type": "image/png", "data": encoded},
        {"type": "url", "url": there},
        {"type": "base64", "media_type": "image/gif", "data": "R0"},
    ]


def test_tools_and_their_results():
    turns = turns_of(
        user("Hi"),
        said(
            "assistant",
            Text(text="Let me see."),
            ToolCall(id="a", name="f", arguments={"x": 1}),
            ToolCall(id="b", name="g", extra={"caller": {"type": "direct"}, "signature": "s"}),
        ),
        said("tool", ToolResult(id="a", content="1")),
        said("tool", ToolResult(id="b", content="no", is_error=True)),
        user("And?"),
        user("Well?"),
    )
    assert turns == [
        {"role": "user", "content": "Hi"},
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "Let me see."},
                {"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1}},
                {
                    "type": "tool_use",
                    "id": "b",
                    "name": "g",
                    "input": {},
                    "caller": {"type": "direct"},
                },
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "a", "content": "1"},
                {"type": "tool_result", "tool_use_id": "b", "content": "no", "is_error": True},
                {"type": "text", "text": "And?"},
            ],
        },
        {"role": "user", "content": "Well?"},
    ]


def test_ids_of_other_providers_are_made_acceptable():
    calls = [
        ToolCall(id=name, name="f", arguments={}) for name in ("functions.f:0", "", "", "fine")
    ]
    results = [ToolResult(id=call.id, content=str(n)) for n, call in enumerate(calls)]
    turns = turns_of(said("assistant", *calls), said("tool", *results))
    ids = [block["id"] for block in turns[0]["content"]]
    assert ids == ["functions_f_0", "call_1", "call_2", "fine"]
    assert [block["tool_use_id"] for block in turns[1]["content"]] == ids


def test_only_signed_thinking_goes_back():
    signed = {"type": "thinking", "thinking": "Hm", "signature": "s"}
    hidden = {"type": "redacted_thinking", "data": "d"}
    server = {"type": "server_tool_use", "id": "1", "name": "web_search", "input": {}}
    foreign = {"type": "reasoning", "encrypted_content": "x"}
    turns = turns_of(
        said(
            "assistant",
            Reasoning(text="Hm", signature="s", raw=signed),
            Reasoning(raw=hidden),
            Reasoning(text="Hm", raw={"type": "thinking", "thinking": "Hm"}),
            Reasoning(raw=foreign),
            Reasoning(text="Hm", signature="from Gemini"),
            Opaque(dialect="anthropic", raw=server),
            Opaque(dialect="gemini", raw={"executableCode": {}}),
            Text(text="4"),
        )
    )
    text = {"type": "text", "text": "4"}
    assert turns == [{"role": "assistant", "content": [signed, hidden, server, text]}]


def test_turns_without_content_are_left_out():
    empty = said("assistant", Text(text=" \n"), Opaque(dialect="gemini", raw={}))
    assert turns_of(user("Hi"), empty, user("Still there?")) == [
        {"role": "user", "content": "Hi"},
        {"role": "user", "content": "Still there?"},
    ]


# --- limits and reasoning ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "limit"),
    [
        ("claude-3-opus-20240229", 4096),
        ("anthropic.claude-v2:1", 4096),
        ("claude-3-5-haiku-20241022", 8192),
        ("claude-3-7-sonnet-latest", 32_000),
        ("claude-opus-4-20250514", 32_000),
        ("claude-mythos-preview", 32_000),
        ("deepseek-v4", 8192),
    ],
)
def test_the_limit_is_one_the_model_takes(model, limit):
    assert built(Request(messages=(user("Hi"),)), model=model)[1]["max_tokens"] == limit


def test_the_limit_can_be_configured():
    provider = msgspec.structs.replace(CLAUDE, options={"max_tokens": 500})
    assert built(Request(messages=(user("Hi"),)), provider)[1]["max_tokens"] == 500


def reasoning_of(model, effort, max_tokens=10_000):
    request = Request(messages=(user("Hi"),), reasoning=effort, max_tokens=max_tokens)
    body = built(request, model=model)[1]
    return {name: body[name] for name in ("thinking", "output_config") if name in body}


@pytest.mark.parametrize(
    "model",
    [
        "claude-opus-4-6",
        "claude-4.7-opus",
        "claude-sonnet-5",
        "claude-fable-5",
        "claude-mythos-preview",
        "us.anthropic.claude-opus-4-6-v1:0",
    ],
)
def test_newer_models_are_told_an_effort(model):
    for effort, sent in (("minimal", "low"), ("high", "high"), ("xhigh", "xhigh")):
        assert reasoning_of(model, effort) == {
            "thinking": {"type": "adaptive"},
            "output_config": {"effort": sent},
        }


@pytest.mark.parametrize(
    "model", ["claude-sonnet-4-20250514", "claude-haiku-4-5@20251001", "claude-3-7-sonnet", "kimi"]
)
def test_older_models_are_told_a_number_of_tokens(model):
    for effort, budget in (("minimal", 1024), ("low", 2000), ("high", 8000), ("max", 9500)):
        assert reasoning_of(model, effort) == {
            "thinking": {"type": "enabled", "budget_tokens": budget}
        }


def test_a_budget_needs_room_below_the_limit():
    assert reasoning_of("claude-haiku-4-5", "high", 1024) == {}
    assert reasoning_of("claude-haiku-4-5", "low", 1025)["thinking"]["budget_tokens"] == 1024


def test_no_reasoning():
    off = {"thinking": {"type": "disabled"}}
    assert reasoning_of("claude-opus-5", "none") == off
    assert reasoning_of("claude-haiku-4-5", "none") == off
    assert reasoning_of("claude-fable-5", "none") == {"output_config": {"effort": "low"}}


def test_effort_and_schema_share_a_field():
    config = body_of(reasoning="low", schema={"type": "string"})["output_config"]
    form = {"type": "json_schema", "schema": {"type": "string"}}
    assert config == {"effort": "low", "format": form}


# --- places ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("stream", "verb"), [(False, "rawPredict"), (True, "streamRawPredict")])
def test_vertex_has_the_model_in_the_url(stream, verb):
    call, body = built(
        Request(messages=(user("Hi"),)), VERTEX, "claude-haiku-4-5@20251001", stream=stream
    )
    base = "https://aiplatform.googleapis.com/v1/projects/p/locations/global"
    assert call.url == f"{base}/publishers/anthropic/models/claude-haiku-4-5@20251001:{verb}"
    assert body["anthropic_version"] == "vertex-2023-10-16"
    assert "model" not in body
    assert body.get("stream", False) == stream
    assert "anthropic-version" not in call.headers


def test_a_vertex_project_may_stand_in_the_options():
    host = "https://us-east5-aiplatform.googleapis.com/v1"
    options = {"project": "mine", "location": "us-east5"}
    provider = Provider(name="v", dialect="anthropic", base_url=host, options=options)
    call, _ = built(Request(messages=(user("Hi"),)), provider, "claude-opus-4-6")
    place = f"{host}/projects/mine/locations/us-east5"
    assert call.url == f"{place}/publishers/anthropic/models/claude-opus-4-6:rawPredict"


def test_headers_and_query_of_the_provider():
    provider = msgspec.structs.replace(
        CLAUDE,
        base_url="http://127.0.0.1:9/v1/",
        headers={"Anthropic-Beta": "x"},
        options={"query": {"beta": "true"}},
    )
    call, _ = built(Request(messages=(user("Hi"),)), provider)
    assert call.url == "http://127.0.0.1:9/v1/messages?beta=true"
    assert call.headers["anthropic-beta"] == "x"


def test_keys():
    call = anthropic.models_call(CLAUDE)
    assert anthropic.authorise(call, "sk-ant-1", CLAUDE) == {"x-api-key": "sk-ant-1"}
    assert anthropic.authorise(call, "eyJ0.a.b", CLAUDE) == {"authorization": "Bearer eyJ0.a.b"}
    assert anthropic.authorise(call, "ya29.x", VERTEX) == {"authorization": "Bearer ya29.x"}
    assert anthropic.authorise(call, "", CLAUDE) == {}


def test_the_call_that_lists_models():
    call = anthropic.models_call(CLAUDE)
    assert (call.method, call.url) == ("GET", "https://api.anthropic.com/v1/models?limit=1000")
    assert call.headers == {"anthropic-version": "2023-06-01"}
    listed = "https://aiplatform.googleapis.com/v1beta1/publishers/anthropic/models?pageSize=100"
    assert anthropic.models_call(VERTEX).url == listed
