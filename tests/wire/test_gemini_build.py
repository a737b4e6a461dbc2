"""Requests to Gemini: what is sent, where, and what is not."""

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
from nbapimgr.wire import dialect, gemini
from nbapimgr.wire._dialect import HttpCall

STUDIO = Provider(
    name="google", dialect="gemini", base_url="https://generativelanguage.googleapis.com/v1beta/"
)
FLASH = "gemini-3.5-flash"
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


def call(request, model=FLASH, provider=STUDIO, *, stream=True):
    return gemini.build(request, provider, model, stream=stream)


def body(*messages, model=FLASH, **fields):
    return json.loads(call(Request(messages=messages, **fields), model).body)


def assistant(*content):
    return Message(role="assistant", content=content)


def results(*content):
    return Message(role="tool", content=content)


def test_the_dialect_is_found_by_name():
    assert dialect("gemini") is gemini
    assert gemini.NAME == "gemini"


def test_a_bare_question_sends_nothing_else():
    assert body(user("hi")) == {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}


def test_every_setting_has_its_place():
    sent = body(
        user("hi"),
        system="be brief",
        temperature=0.5,
        top_p=0.9,
        max_tokens=7,
        seed=3,
        stop=("END",),
        schema=SCHEMA,
    )
    assert sent["systemInstruction"] == {"parts": [{"text": "be brief"}]}
    assert sent["generationConfig"] == {
        "temperature": 0.5,
        "topP": 0.9,
        "maxOutputTokens": 7,
        "seed": 3,
        "stopSequences": ["END"],
        "responseMimeType": "application/json",
        "responseJsonSchema": SCHEMA,
    }


def test_zero_is_a_setting():
    assert body(user("hi"), temperature=0.0)["generationConfig"] == {"temperature": 0.0}


def test_system_messages_join_the_system_instruction():
    later = Message(role="system", content=(Text(text="and kind"),))
    sent = body(user("hi"), later, system="be brief")
    assert sent["systemInstruction"]["parts"] == [{"text": "be brief"}, {"text": "and kind"}]
    assert [content["role"] for content in sent["contents"]] == ["user"]


def test_extra_is_merged_and_the_request_stays_as_it_was():
    request = Request(
        messages=(user("hi"),),
        temperature=0.1,
        tools=(Tool(name="f"),),
        extra={"generationConfig": {"topK": 5}, "tools": [{"googleSearch": {}}]},
    )
    sent = json.loads(call(request).body)
    assert sent["generationConfig"] == {"temperature": 0.1, "topK": 5}
    assert sent["tools"] == [{"functionDeclarations": [{"name": "f"}]}, {"googleSearch": {}}]
    assert request.extra["tools"] == [{"googleSearch": {}}]


# --- thinking ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "effort", "config"),
    [
        ("gemini-2.5-flash", "none", {"thinkingBudget": 0}),
        ("gemini-2.5-pro", "none", {"thinkingBudget": 128}),
        ("gemini-2.5-pro", "low", {"thinkingBudget": 1024}),
        ("gemini-2.5-flash", "high", {"thinkingBudget": 24576}),
        ("gemini-2.5-flash", "utmost", {"thinkingLevel": "utmost"}),
        ("gemini-3.5-flash", "none", {"thinkingLevel": "minimal"}),
        ("gemini-3-flash-preview", "none", {"thinkingLevel": "minimal"}),
        ("gemini-3.7-flash", "none", {"thinkingLevel": "low"}),
        ("gemini-3.1-pro-preview", "none", {"thinkingLevel": "low"}),
        ("gemini-flash-latest", "medium", {"thinkingLevel": "medium"}),
        ("gemini-3.1-pro-preview", "minimal", {"thinkingLevel": "minimal"}),
    ],
)
def test_effort_in_the_models_own_terms(model, effort, config):
    sent = body(user("hi"), model=model, reasoning=effort)
    assert sent["generationConfig"] == {"thinkingConfig": config}


# --- tools -------------------------------------------------------------------------------------


def test_tools_are_declared_with_json_schema():
    tools = (Tool(name="f", description="does f", parameters=SCHEMA), Tool(name="g"))
    sent = body(user("hi"), tools=tools)
    assert sent["tools"] == [
        {
            "functionDeclarations": [
                {"name": "f", "description": "does f", "parametersJsonSchema": SCHEMA},
                {"name": "g"},
            ]
        }
    ]
    assert "toolConfig" not in sent


@pytest.mark.parametrize(
    ("choice", "config"),
    [
        ("auto", {"mode": "AUTO"}),
        ("none", {"mode": "NONE"}),
        ("required", {"mode": "ANY"}),
        ("f", {"mode": "ANY", "allowedFunctionNames": ["f"]}),
    ],
)
def test_tool_choice(choice, config):
    sent = body(user("hi"), tools=(Tool(name="f"),), tool_choice=choice)
    assert sent["toolConfig"] == {"functionCallingConfig": config}


def test_results_of_one_turn_go_together_and_find_their_tool_by_id():
    sent = body(
        user("hi"),
        assistant(
            ToolCall(id="1", name="f", arguments={"x": 1}),
            ToolCall(id="2", name="g", arguments=None),
        ),
        results(ToolResult(id="2", content='{"n": 2}')),
        results(ToolResult(id="1", content="one", is_error=True)),
        user("so?"),
        model="gemini-2.5-flash",
    )
    assert sent["contents"][1:3] == [
        {
            "role": "model",
            "parts": [
                {"functionCall": {"name": "f", "args": {"x": 1}, "id": "1"}},
                {"functionCall": {"name": "g", "args": {}, "id": "2"}},
            ],
        },
        {
            "role": "user",
            "parts": [
                {"functionResponse": {"name": "g", "response": {"n": 2}, "id": "2"}},
                {"functionResponse": {"name": "f", "response": {"error": "one"}, "id": "1"}},
            ],
        },
    ]
    assert sent["contents"][3] == {"role": "user", "parts": [{"text": "so?"}]}


def test_results_without_id_follow_the_order_of_the_calls():
    calls = [ToolCall(name="f", arguments={}), ToolCall(name="g", arguments={})]
    answers = [ToolResult(id="", content="[1]"), ToolResult(id="", content="two")]
    sent = body(assistant(*calls), results(*answers))
    assert sent["contents"][1]["parts"] == [
        {"functionResponse": {"name": "f", "response": {"output": "[1]"}}},
        {"functionResponse": {"name": "g", "response": {"output": "two"}}},
    ]


def test_a_result_of_an_unknown_call_keeps_its_own_name():
    answers = [
        ToolResult(id="9", name="f", content='{"e": 1}', is_error=True),
        ToolResult(id="8", content="x"),
    ]
    sent = body(results(*answers))
    first, second = (part["functionResponse"] for part in sent["contents"][0]["parts"])
    assert first == {"name": "f", "response": {"error": {"e": 1}}, "id": "9"}
    assert second["name"] == ""


# --- what is sent back -------------------------------------------------------------------------


def test_signatures_go_back_where_they_came_from():
    thought = {"text": "hm", "thought": True, "thoughtSignature": "S1"}
    apart = {"text": "", "thoughtSignature": "S4"}
    sent = body(
        assistant(
            Reasoning(text="hm", signature="S1", raw=thought),
            Text(text="I call."),
            Reasoning(signature="S2", raw={"thoughtSignature": "S2"}),
            ToolCall(name="f", arguments={}, extra={"thoughtSignature": "S3"}),
            Reasoning(signature="S4", raw=apart),
        )
    )
    assert sent["contents"][0]["parts"] == [
        thought,
        {"text": "I call.", "thoughtSignature": "S2"},
        {"functionCall": {"name": "f", "args": {}}, "thoughtSignature": "S3"},
        apart,
    ]


def test_another_models_reasoning_and_blocks_stay_at_home():
    sent = body(
        assistant(
            Reasoning(text="hm", signature="A", raw={"type": "thinking", "signature": "A"}),
            Reasoning(signature="S", raw={"thoughtSignature": "S"}),
            Reasoning(text="hm"),
            Opaque(dialect="anthropic", raw={"type": "server_tool_use"}),
            Opaque(dialect="gemini", raw={"executableCode": {"code": "1"}}),
        )
    )
    assert sent["contents"] == [
        {"role": "model", "parts": [{"executableCode": {"code": "1"}}]},
    ]


def test_a_turn_with_nothing_to_send_is_left_out():
    sent = body(user("hi"), assistant(Reasoning(text="hm")), user("so?"))
    assert [content["role"] for content in sent["contents"]] == ["user", "user"]


@pytest.mark.parametrize(
    ("model", "signed"),
    [("gemini-3.5-flash", True), ("gemini-2.5-flash", False), ("gemma-3-27b", False)],
)
def test_calls_another_model_made_get_googles_placeholder(model, signed):
    calls = [ToolCall(id="1", name="f", arguments={}), ToolCall(id="2", name="g", arguments={})]
    parts = body(assistant(*calls), model=model)["contents"][0]["parts"]
    placeholder = "skip_thought_signature_validator" if signed else None
    assert [part.get("thoughtSignature") for part in parts] == [placeholder, None]


def test_one_signature_serves_parallel_calls():
    calls = [
        ToolCall(name="f", arguments={}, extra={"thoughtSignature": "S"}),
        ToolCall(name="g", arguments={}),
    ]
    parts = body(assistant(*calls))["contents"][0]["parts"]
    assert [part.get("thoughtSignature") for part in parts] == ["S", None]


# --- pictures ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("image", "part"),
    [
        (
            Image(data=b"\x00\x01", media_type="image/webp"),
            {"inlineData": {"mimeType": "image/webp", "data": "AAE="}},
        ),
        (
            Image(url="data:image/gif;base64,R0k="),
            {"inlineData": {"mimeType": "image/gif", "data": "R0k="}},
        ),
        (
            Image(url="https://example.com/a.jpg?x=1"),
            {"fileData": {"mimeType": "image/jpeg", "fileUri": "https://example.com/a.jpg?x=1"}},
        ),
        (
            Image(url="gs://bucket/a"),
            {"fileData": {"mimeType": "image/png", "fileUri": "gs://bucket/a"}},
        ),
        (
            Image(url="https://example.com/a.png", media_type="image/heic"),
            {"fileData": {"mimeType": "image/heic", "fileUri": "https://example.com/a.png"}},
        ),
    ],
)
def test_pictures(image, part):
    sent = body(user("what is this?", (image,)))
    assert sent["contents"][0]["parts"] == [part, {"text": "what is this?"}]


# --- where it is sent --------------------------------------------------------------------------


def provider(base_url, **options):
    return Provider(name="v", dialect="gemini", base_url=base_url, options=options)


VERTEX = "https://aiplatform.googleapis.com/v1"
PROJECT = f"{VERTEX}/projects/p/locations/eu"


@pytest.mark.parametrize(
    ("where", "model", "url"),
    [
        (STUDIO, FLASH, f"{STUDIO.base_url}models/{FLASH}"),
        (STUDIO, f"models/{FLASH}", f"{STUDIO.base_url}models/{FLASH}"),
        (STUDIO, "tunedModels/mine", f"{STUDIO.base_url}tunedModels/mine"),
        (STUDIO, "a b?c#d", f"{STUDIO.base_url}models/a%20b%3Fc%23d"),
        (provider(VERTEX), FLASH, f"{VERTEX}/publishers/google/models/{FLASH}"),
        (
            provider(VERTEX),
            "publishers/google/models/m@1",
            f"{VERTEX}/publishers/google/models/m@1",
        ),
        (provider(PROJECT), FLASH, f"{PROJECT}/publishers/google/models/{FLASH}"),
        (provider(PROJECT, project="x"), FLASH, f"{PROJECT}/publishers/google/models/{FLASH}"),
        (
            provider(VERTEX, project="p"),
            FLASH,
            f"{VERTEX}/projects/p/locations/global/publishers/google/models/{FLASH}",
        ),
        (
            provider("https://proxy.example/v1", project="p", location="eu"),
            FLASH,
            f"https://proxy.example/v1/projects/p/locations/eu/publishers/google/models/{FLASH}",
        ),
        (
            provider(f"{VERTEX}/publishers/google"),
            FLASH,
            f"{VERTEX}/publishers/google/models/{FLASH}",
        ),
    ],
)
def test_the_url(where, model, url):
    request = Request(messages=(user("hi"),))
    streamed = call(request, model, where)
    assert (streamed.method, streamed.url) == ("POST", f"{url}:streamGenerateContent?alt=sse")
    assert call(request, model, where, stream=False).url == f"{url}:generateContent"


def test_headers_of_the_provider_are_sent():
    where = Provider(
        name="g", dialect="gemini", base_url="http://localhost:1", headers={"x-team": "a"}
    )
    sent = call(Request(messages=(user("hi"),)), provider=where).headers
    assert sent == {"content-type": "application/json", "x-team": "a"}
    assert gemini.models_call(where).headers == {"x-team": "a"}


@pytest.mark.parametrize(
    ("key", "headers"),
    [
        ("AIzaSy-planted", {"x-goog-api-key": "AIzaSy-planted"}),
        ("ya29.planted", {"authorization": "Bearer ya29.planted"}),
    ],
)
def test_the_key_is_a_header_and_never_in_the_url(key, headers):
    made = call(Request(messages=(user("hi"),)))
    assert gemini.authorise(made, key, STUDIO) == headers
    assert "key" not in made.url


@pytest.mark.parametrize(
    ("where", "url"),
    [
        (STUDIO, f"{STUDIO.base_url}models?pageSize=1000"),
        (
            provider(PROJECT),
            "https://aiplatform.googleapis.com/v1beta1/publishers/google/models?pageSize=100",
        ),
    ],
)
def test_the_list_of_models(where, url):
    assert gemini.models_call(where) == HttpCall(method="GET", url=url)
