"""What is sent to a Responses API: items, settings, place, key."""

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
from nbapimgr.wire import openai_responses

OPENAI = Provider(
    name="openai", dialect="openai-responses", base_url="https://api.openai.com/v1", vendor="openai"
)
OWN = "openai-responses"


def built(request, provider=OPENAI, *, stream=False):
    call = openai_responses.build(request, provider, "gpt-x", stream=stream)
    return call, msgspec.json.decode(call.body)


def body_of(*messages, **fields):
    return built(Request(messages=messages or (user("Hi"),), **fields))[1]


def items_of(*messages, **fields):
    return body_of(*messages, **fields)["input"]


def said(role, *content):
    return Message(role=role, content=content)


def test_nothing_is_sent_unasked():
    call, body = built(Request(messages=(user("Hi"),)))
    assert body == {"model": "gpt-x", "input": [{"role": "user", "content": "Hi"}]}
    assert (call.method, call.url) == ("POST", "https://api.openai.com/v1/responses")
    assert call.headers == {"content-type": "application/json"}


def test_what_the_user_set_is_sent():
    body = body_of(
        tool_choice="weather",
        temperature=0.0,
        top_p=0.5,
        max_tokens=10,
        seed=1,
        stop=("END",),
        reasoning="none",
        extra={"store": False, "reasoning": {"summary": "auto"}},
    )
    assert body == {
        "model": "gpt-x",
        "input": [{"role": "user", "content": "Hi"}],
        "tool_choice": {"type": "function", "name": "weather"},
        "temperature": 0.0,
        "top_p": 0.5,
        "max_output_tokens": 10,
        "stop": ["END"],
        "reasoning": {"effort": "none", "summary": "auto"},
        "store": False,
    }
    assert built(Request(messages=(user("Hi"),)), stream=True)[1]["stream"] is True


@pytest.mark.parametrize("choice", ["auto", "none", "required"])
def test_tool_choice(choice):
    assert body_of(tool_choice=choice)["tool_choice"] == choice


CLOSED = {
    "type": "object",
    "properties": {"x": {"type": "integer"}},
    "required": ["x"],
    "additionalProperties": False,
}
OPEN = {"type": "object", "properties": {"x": {"type": "integer"}}}


def test_tools_are_strict_only_where_nothing_is_optional():
    tools = (
        Tool(name="f", description="F", parameters=CLOSED),
        Tool(name="g", parameters=OPEN),
        Tool(name="h"),
    )
    search = {"type": "web_search"}
    assert body_of(tools=tools, extra={"tools": [search]})["tools"] == [
        {
            "type": "function",
            "name": "f",
            "description": "F",
            "parameters": CLOSED,
            "strict": True,
        },
        {"type": "function", "name": "g", "parameters": OPEN, "strict": False},
        {
            "type": "function",
            "name": "h",
            "parameters": {"type": "object", "properties": {}},
            "strict": False,
        },
        search,
    ]


def test_answers_with_a_schema():
    form = body_of(schema=CLOSED)["text"]["format"]
    assert form == {"type": "json_schema", "name": "answer", "schema": CLOSED, "strict": True}
    form = body_of(schema=OPEN, schema_name="thing")["text"]["format"]
    assert form == {"type": "json_schema", "name": "thing", "schema": OPEN}


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        ({"type": "string"}, True),
        ({"anyOf": [CLOSED, {"type": "null"}]}, True),
        ({"anyOf": [CLOSED, OPEN]}, False),
        ({"$defs": {"a": {"type": "object"}}}, False),
        ({"type": "object", "additionalProperties": False}, True),
        ({**CLOSED, "required": []}, False),
        ({**CLOSED, "additionalProperties": {"type": "string"}}, False),
    ],
)
def test_which_schemas_are_strict(schema, strict):
    form = body_of(schema=schema)["text"]["format"]
    assert form.get("strict", False) is strict


# --- items -------------------------------------------------------------------------------------


def test_the_system_text_comes_first():
    messages = (user("Hi"), said("system", Text(text="Now in French.")))
    assert items_of(*messages, system="Be brief.") == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "system", "content": "Now in French."},
    ]


def test_pictures_and_files():
    file = {"type": "input_file", "filename": "a.pdf", "file_data": "data:x"}
    there = "https://example.org/cat.png"
    turn = said(
        "user",
        Text(text="What?"),
        Image(data=b"GIF", media_type="image/gif"),
        Image(url=there),
        Opaque(dialect=OWN, raw=file),
        Opaque(dialect="gemini", raw={"fileData": {}}),
    )
    data = base64.b64encode(b"GIF").decode()
    assert items_of(turn) == [
        {
            "role": "user",
            "content": [
                {"type": "input_text", "text": "What?"},
                {"type": "input_image", "image_url": f"data:image/gif;base64,{data}"},
                {"type": "input_image", "image_url": there},
                file,
            ],
        }
    ]


def test_a_turn_of_the_model_goes_back_in_its_order():
    search = {"type": "web_search_call", "id": "ws_1", "status": "completed"}
    hidden = {"type": "reasoning", "id": "rs_1", "status": None, "encrypted_content": "x"}
    shown = {"type": "reasoning", "id": "rs_2", "content": [{"type": "reasoning_text"}]}
    items = items_of(
        user("Hi"),
        said(
            "assistant",
            Reasoning(raw=hidden | {"summary": []}),
            Reasoning(raw=shown),
            Reasoning(raw={"type": "reasoning", "id": "rs_3", "summary": []}),
            Reasoning(text="Hm", raw={"type": "thinking", "signature": "s"}),
            Opaque(dialect=OWN, raw=search),
            Opaque(dialect="anthropic", raw={"type": "server_tool_use"}),
            Text(text="Let me see."),
            ToolCall(id="a", name="f", arguments={"x": 1}, raw_arguments='{"x":1}'),
            ToolCall(id="b", name="g", arguments={"x": 1}),
            ToolCall(id="c", name="h", raw_arguments=""),
        ),
        said("tool", ToolResult(id="a", content="1"), Text(text="Mind the gap.")),
    )
    assert items[1:] == [
        {"type": "reasoning", "encrypted_content": "x", "summary": []},
        {"type": "reasoning", "content": [{"type": "reasoning_text"}]},
        search,
        {"role": "assistant", "content": "Let me see."},
        {"type": "function_call", "call_id": "a", "name": "f", "arguments": '{"x":1}'},
        {"type": "function_call", "call_id": "b", "name": "g", "arguments": '{"x":1}'},
        {"type": "function_call", "call_id": "c", "name": "h", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "a", "output": "1"},
        {"role": "user", "content": "Mind the gap."},
    ]


def test_results_of_a_kind_of_its_own():
    output = {"type": "custom_tool_call_output", "call_id": "c", "output": "x"}
    assert items_of(said("tool", Opaque(dialect=OWN, raw=output))) == [output]


# --- places ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("vendor", "base", "options", "url"),
    [
        (
            "azure",
            "https://r.openai.azure.com",
            {},
            "https://r.openai.azure.com/openai/v1/responses",
        ),
        (
            "azure",
            "https://r.openai.azure.com/openai/",
            {"api_version": "2025-04-01-preview"},
            "https://r.openai.azure.com/openai/responses?api-version=2025-04-01-preview",
        ),
        ("xai", "https://api.x.ai/v1", {}, "https://api.x.ai/v1/responses"),
        ("", "http://127.0.0.1:1234", {}, "http://127.0.0.1:1234/responses"),
    ],
)
def test_places(vendor, base, options, url):
    provider = Provider(name="p", dialect=OWN, base_url=base, vendor=vendor, options=options)
    assert built(Request(messages=(user("Hi"),)), provider)[0].url == url


def test_headers_of_the_provider():
    provider = msgspec.structs.replace(OPENAI, headers={"OpenAI-Project": "p"})
    call, _ = built(Request(messages=(user("Hi"),)), provider)
    assert call.headers["openai-project"] == "p"


def test_keys_and_lists_are_those_of_chat_completions():
    call = openai_responses.models_call(OPENAI)
    assert (call.method, call.url) == ("GET", "https://api.openai.com/v1/models")
    assert openai_responses.authorise(call, "sk-1", OPENAI) == {"authorization": "Bearer sk-1"}
    azure = msgspec.structs.replace(OPENAI, vendor="azure")
    assert openai_responses.authorise(call, "abc", azure) == {"api-key": "abc"}
    models, following = openai_responses.read_models(b'{"data": [{"id": "gpt-x"}]}')
    assert ([model.id for model in models], following) == (["gpt-x"], None)
