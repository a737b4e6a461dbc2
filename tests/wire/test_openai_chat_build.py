from __future__ import annotations

import json

import pytest
from chat_requests import HI, asked, body, call, provider

from nbapimgr.models import Request, Tool
from nbapimgr.wire import openai_chat

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
