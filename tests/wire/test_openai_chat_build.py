from __future__ import annotations

import json
import re

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
from nbapimgr.wire import openai_chat

HI = (user("Hi"),)


def provider(vendor="", base_url="https://api.example/v1", **fields):
    return Provider(name="p", dialect="openai-chat", base_url=base_url, vendor=vendor, **fields)


def call(request=None, vendor="", *, stream=False, model="m", **fields):
    request = request or Request(messages=HI)
    return openai_chat.build(request, provider(vendor, **fields), model, stream=stream)


def body(request=None, vendor="", **fields):
    return json.loads(call(request, vendor, **fields).body)


def asked(vendor="", **fields):
    """What a request with these fields sends beside the model and the messages."""
    sent = body(Request(messages=HI, **fields), vendor)
    return {name: value for name, value in sent.items() if name not in {"model", "messages"}}


def turns(*messages, vendor="", **fields):
    return body(Request(messages=messages, **fields), vendor)["messages"]


# --- nothing that was not set ------------------------------------------------------------------


def test_the_least_request():
    assert body() == {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}


def test_a_server_of_one_model_needs_no_name():
    assert "model" not in body(model="")


def test_a_stream_asks_for_its_usage():
    assert body(stream=True)["stream"] is True
    assert body(stream=True)["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize("vendor", ["mistral", "together", "perplexity"])
def test_who_sends_usage_unasked_is_not_asked(vendor):
    assert "stream_options" not in body(vendor=vendor, stream=True)


# --- where and how -----------------------------------------------------------------------------


def test_the_call():
    made = call(headers={"X-Title": "t"}, base_url="https://api.example/v1/")
    assert (made.method, made.url) == ("POST", "https://api.example/v1/chat/completions")
    assert made.headers == {
        "content-type": "application/json",
        "accept": "application/json",
        "x-title": "t",
    }
    assert call(stream=True).headers["accept"] == "text/event-stream"


def azure(base_url, options=None, **fields):
    request = Request(messages=HI, **fields)
    return call(request, "azure", base_url=base_url, options=options or {}, model="my gpt")


def test_azure_by_deployment():
    made = azure("https://r.openai.azure.com", {"api_version": "2025-04-01-preview"})
    assert made.url == (
        "https://r.openai.azure.com/openai/deployments/my%20gpt/chat/completions"
        "?api-version=2025-04-01-preview"
    )
    assert "model" not in json.loads(made.body)


def test_azure_has_a_default_version_and_can_do_without():
    assert azure("https://r.openai.azure.com/").url.endswith("?api-version=2024-10-21")
    assert "?" not in azure("https://r.openai.azure.com", {"api_version": ""}).url


@pytest.mark.parametrize(
    ("version", "field"),
    [
        ("2024-02-01", "max_tokens"),
        ("2024-08-01-preview", "max_tokens"),
        ("2024-09-01-preview", "max_completion_tokens"),
        ("2024-10-21", "max_completion_tokens"),
        ("", "max_completion_tokens"),
    ],
)
def test_old_azure_versions_know_only_the_old_bound(version, field):
    made = azure("https://r.openai.azure.com", {"api_version": version}, max_tokens=9)
    assert json.loads(made.body)[field] == 9


def test_azure_v1_and_foundry():
    made = azure("https://r.openai.azure.com/openai/v1")
    assert made.url == "https://r.openai.azure.com/openai/v1/chat/completions"
    assert json.loads(made.body)["model"] == "my gpt"
    version = "2024-05-01-preview"
    made = azure("https://r.services.ai.azure.com/models", {"api_version": version})
    assert made.url == (
        f"https://r.services.ai.azure.com/models/chat/completions?api-version={version}"
    )


def authorise(key, vendor=""):
    return openai_chat.authorise(call(), key, provider(vendor))


def test_keys():
    assert authorise("sk-1") == {"authorization": "Bearer sk-1"}
    assert authorise("k1", "azure") == {"api-key": "k1"}
    assert authorise("eyJhbGciOi", "azure") == {"authorization": "Bearer eyJhbGciOi"}
    assert authorise("") == {}


# --- sampling ----------------------------------------------------------------------------------


def test_sampling():
    set_ = {"temperature": 0.0, "top_p": 0.5, "max_tokens": 9, "seed": 0, "stop": ("a", "b")}
    assert asked(**set_) == {**set_, "stop": ["a", "b"]}


@pytest.mark.parametrize("vendor", ["openai", "azure", "xai", "cerebras"])
def test_the_new_name_of_the_bound(vendor):
    made = call(Request(messages=HI, max_tokens=9), vendor)
    assert json.loads(made.body)["max_completion_tokens"] == 9


def test_mistral_has_its_own_seed():
    assert asked("mistral", seed=7) == {"random_seed": 7}


def test_effort():
    assert asked(reasoning="low") == {"reasoning_effort": "low"}


@pytest.mark.parametrize(
    ("vendor", "sent"),
    [
        ("", {"reasoning_effort": "none"}),
        ("openai", {"reasoning_effort": "none"}),
        ("deepseek", {"thinking": {"type": "disabled"}}),
        ("xiaomi", {"thinking": {"type": "disabled"}}),
        ("zai", {"thinking": {"type": "disabled"}}),
        ("openrouter", {"reasoning": {"enabled": False}}),
        ("llamacpp", {"chat_template_kwargs": {"enable_thinking": False}}),
        ("dashscope", {"enable_thinking": False}),
        ("venice", {"venice_parameters": {"disable_thinking": True}}),
    ],
)
def test_everybody_has_his_own_way_to_think_not(vendor, sent):
    assert asked(vendor, reasoning="none") == sent


def test_extra_fields_go_in_as_they_are():
    sent = body(Request(messages=HI, extra={"top_k": 4, "stream_options": {"x": 1}}), stream=True)
    assert sent["top_k"] == 4
    assert sent["stream_options"] == {"include_usage": True, "x": 1}


# --- tools -------------------------------------------------------------------------------------


def test_tools():
    add = Tool(name="add", description="Adds.", parameters={"type": "object", "properties": {}})
    assert asked(tools=(add, Tool(name="now")))["tools"] == [
        {
            "type": "function",
            "function": {
                "name": "add",
                "description": "Adds.",
                "parameters": {"type": "object", "properties": {}},
            },
        },
        {
            "type": "function",
            "function": {"name": "now", "parameters": {"type": "object", "properties": {}}},
        },
    ]


@pytest.mark.parametrize("choice", ["auto", "none", "required"])
def test_a_choice_of_tools(choice):
    assert asked(tool_choice=choice) == {"tool_choice": choice}


def test_one_tool_is_chosen():
    named = {"type": "function", "function": {"name": "add"}}
    assert asked(tool_choice="add") == {"tool_choice": named}


# --- a schema for the answer -------------------------------------------------------------------

OPEN = {"type": "object", "properties": {"a": {"type": "integer"}}}
CLOSED = {**OPEN, "required": ["a"], "additionalProperties": False}


def test_a_schema_is_strict_where_it_can_be():
    for schema, strict in ((OPEN, {}), (CLOSED, {"strict": True})):
        sent = asked(schema=schema, schema_name="pair")["response_format"]
        assert sent["type"] == "json_schema"
        assert sent["json_schema"] == {"name": "pair", "schema": schema, **strict}


@pytest.mark.parametrize("vendor", ["deepseek", "zai"])
def test_a_vendor_without_schemas_gets_it_in_words(vendor):
    sent = body(Request(messages=HI, system="Be brief.", schema=OPEN), vendor)
    assert sent["response_format"] == {"type": "json_object"}
    words, system, question = sent["messages"]
    assert "JSON" in words["content"]
    assert json.dumps(OPEN, separators=(",", ":")) in words["content"]
    assert system == {"role": "system", "content": "Be brief."}
    assert question["content"] == "Hi"


# --- messages ----------------------------------------------------------------------------------


def test_the_system_prompt_comes_first():
    inner = Message(role="system", content=(Text(text="And kind."),))
    assert turns(inner, *HI, system="Be brief.") == [
        {"role": "system", "content": "Be brief."},
        {"role": "system", "content": "And kind."},
        {"role": "user", "content": "Hi"},
    ]


def test_pictures():
    message = user("What?", images=(Image(data=b"\x89P"), Image(url="https://x/y.png")))
    assert turns(message)[0]["content"] == [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVA="}},
        {"type": "image_url", "image_url": {"url": "https://x/y.png"}},
        {"type": "text", "text": "What?"},
    ]


def test_parts_of_this_dialect_go_back_and_others_do_not():
    ours = Opaque(dialect="openai-chat", raw={"type": "input_audio", "input_audio": {}})
    theirs = Opaque(dialect="gemini", raw={"inlineData": {}})
    (sent,) = turns(Message(role="user", content=(ours, theirs, Text(text="Hi"))))
    assert sent["content"] == [ours.raw, {"type": "text", "text": "Hi"}]
    (sent,) = turns(Message(role="user", content=(theirs, Text(text="Hi"))))
    assert sent["content"] == "Hi"
    assert turns(Message(role="user", content=(theirs,)))[0]["content"] == ""


def assistant(*content, vendor=""):
    (sent,) = turns(Message(role="assistant", content=content), vendor=vendor)
    return sent


def test_an_answer():
    assert assistant(Text(text="Yes.")) == {"role": "assistant", "content": "Yes."}
    assert assistant() == {"role": "assistant", "content": ""}


def test_a_call_and_its_result():
    called = ToolCall(id="c1", name="add", arguments={"a": 2}, extra={"extra_content": {"g": 1}})
    result = ToolResult(id="c1", content="4", name="add")
    bare = ToolResult(id="c2", content="5")
    sent = turns(
        Message(role="assistant", content=(called,)), Message(role="tool", content=(result, bare))
    )
    assert sent == [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": "c1",
                    "type": "function",
                    "function": {"name": "add", "arguments": '{"a":2}'},
                    "extra_content": {"g": 1},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "4", "name": "add"},
        {"role": "tool", "tool_call_id": "c2", "content": "5"},
    ]


def test_arguments_go_back_as_they_came():
    sent = assistant(ToolCall(id="c", name="f", arguments={"a": 2}, raw_arguments='{"a": 2}'))
    assert sent["tool_calls"][0]["function"]["arguments"] == '{"a": 2}'
    sent = assistant(Text(text="Hm."), ToolCall(id="c", name="f", raw_arguments=""))
    assert sent["tool_calls"][0]["function"]["arguments"] == "{}"
    assert sent["content"] == "Hm."


def test_a_result_holds_nothing_but_results():
    assert turns(Message(role="tool", content=(Text(text="4"),))) == []


def test_ids_are_made_short_for_mistral_alike_in_call_and_result():
    sent = turns(
        Message(role="assistant", content=(ToolCall(id="call_12345678", name="f"),)),
        Message(role="tool", content=(ToolResult(id="call_12345678", content="4"),)),
        Message(role="assistant", content=(ToolCall(id="AbCdEf123", name="f"),)),
        Message(role="assistant", content=(ToolCall(id="äbcdefghi", name="f"),)),
        *HI,
        vendor="mistral",
    )
    made, kept, other = (sent[i]["tool_calls"][0]["id"] for i in (0, 2, 3))
    assert re.fullmatch("[A-Za-z0-9]{9}", made)
    assert sent[1]["tool_call_id"] == made
    assert kept == "AbCdEf123"
    assert re.fullmatch("[A-Za-z0-9]{9}", other)
    assert other != made


def test_mistral_is_told_what_to_continue():
    assert assistant(Text(text="Once"), vendor="mistral")["prefix"] is True
    assert "prefix" not in assistant(Text(text="Once"))
    assert "prefix" not in turns(*HI, vendor="mistral")[0]


# --- reasoning goes back -----------------------------------------------------------------------

THOUGHT = Reasoning(text="hm", raw={"reasoning_content": "hm"})
DETAILED = Reasoning(text="hm", raw={"reasoning": "hm", "reasoning_details": [{"text": "hm"}]})
BLOCK = Reasoning(text="hm", raw={"thinking": [{"type": "text", "text": "hm"}]})


@pytest.mark.parametrize(
    ("vendor", "part", "sent"),
    [
        ("deepseek", THOUGHT, {"reasoning_content": "hm"}),
        ("deepseek", DETAILED, {"reasoning_content": "hm"}),
        ("openrouter", DETAILED, {"reasoning": "hm", "reasoning_details": [{"text": "hm"}]}),
        ("groq", THOUGHT, {"reasoning": "hm"}),
        ("", THOUGHT, {"reasoning_content": "hm"}),
        ("openai", THOUGHT, {}),
        ("azure", DETAILED, {}),
        ("deepseek", Reasoning(text="hm", raw={"type": "thinking", "signature": "s"}), {}),
        ("deepseek", Reasoning(text="hm"), {}),
        ("groq", BLOCK, {}),
    ],
)
def test_reasoning_goes_back_where_the_vendor_takes_it(vendor, part, sent):
    got = assistant(part, Text(text="Yes."), vendor=vendor)
    assert got == {"role": "assistant", "content": "Yes.", **sent}


def test_mistral_takes_reasoning_as_a_block_of_the_content():
    block = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
    got = assistant(BLOCK, Text(text="Yes."), vendor="mistral")
    said = [block, {"type": "text", "text": "Yes."}]
    assert got == {"role": "assistant", "content": said, "prefix": True}
    got = assistant(BLOCK, ToolCall(id="AbCdEf123", name="f"), vendor="mistral")
    assert got["content"] == [block]
    opaque = Opaque(dialect="openai-chat", raw={"type": "reference", "reference_ids": [1]})
    got = assistant(BLOCK, Text(text="Yes."), opaque, vendor="mistral")
    assert got["content"] == [block, {"type": "text", "text": "Yes."}, opaque.raw]
