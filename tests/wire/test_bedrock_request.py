"""What the dialect `bedrock` sends: Converse requests, their place, the lists it asks for."""

from __future__ import annotations

import json

import pytest

from nbapimgr.errors import OptionError, SettingsError
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

bedrock = dialect("bedrock")
HOST = "https://bedrock-runtime.us-east-1.amazonaws.com"
AWS = Provider(name="aws", dialect="bedrock", base_url=HOST)
MODEL = "us.amazon.nova-2-lite-v1:0"


def send(request, model=MODEL, provider=AWS, *, stream=False):
    return bedrock.build(request, provider, model, stream=stream)


def body(request, model=MODEL):
    return json.loads(send(request, model).body)


def ask(**fields):
    return Request(messages=(user("hi"),), **fields)


def turns(*messages):
    return body(Request(messages=messages))["messages"]


def test_nothing_is_sent_that_was_not_set():
    assert body(ask()) == {"messages": [{"role": "user", "content": [{"text": "hi"}]}]}


# --- place -------------------------------------------------------------------------------------


def test_where_a_question_goes():
    call = send(ask())
    assert call.method == "POST"
    assert call.url == f"{HOST}/model/us.amazon.nova-2-lite-v1:0/converse"
    assert call.headers == {"content-type": "application/json", "accept": "application/json"}


def test_where_a_stream_goes():
    call = send(ask(), stream=True)
    assert call.url.endswith("/converse-stream")
    assert call.headers["accept"] == "application/vnd.amazon.eventstream"


def test_an_arn_is_one_piece_of_the_path():
    call = send(ask(), "arn:aws:bedrock:us-east-1:1:inference-profile/us.x-v1:0")
    assert "/model/arn:aws:bedrock:us-east-1:1:inference-profile%2Fus.x-v1:0/" in call.url


def test_headers_of_the_user_are_sent():
    provider = Provider(name="a", dialect="bedrock", base_url=HOST, headers={"x-team": "t"})
    assert send(ask(), provider=provider).headers["x-team"] == "t"


@pytest.mark.parametrize(
    ("base", "options", "wanted"),
    [
        (HOST + "/", {}, HOST),
        (HOST, {"region": "eu-central-1"}, "https://bedrock-runtime.eu-central-1.amazonaws.com"),
        (
            "https://bedrock-runtime.{region}.amazonaws.com",
            {"region": "us-west-2"},
            "https://bedrock-runtime.us-west-2.amazonaws.com",
        ),
        (
            "https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com",
            {},
            "https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com",
        ),
        ("http://127.0.0.1:4566", {}, "http://127.0.0.1:4566"),
        ("http://127.0.0.1:4566", {"region": "us-west-2"}, "http://127.0.0.1:4566"),
    ],
)
def test_the_region_has_its_place_in_the_host(base, options, wanted):
    provider = Provider(name="a", dialect="bedrock", base_url=base, options=options)
    assert send(ask(), provider=provider).url.startswith(wanted + "/model/")


def test_a_region_that_is_left_open_is_asked_for():
    provider = Provider(
        name="a", dialect="bedrock", base_url="https://bedrock-runtime.{region}.amazonaws.com"
    )
    with pytest.raises(SettingsError, match="'a' has no AWS region") as caught:
        send(ask(), provider=provider)
    assert "region" in caught.value.hint


def test_models_are_listed_by_the_control_plane():
    call = bedrock.models_call(AWS)
    assert (call.method, call.body) == ("GET", b"")
    assert call.url == "https://bedrock.us-east-1.amazonaws.com/foundation-models"


# --- settings ----------------------------------------------------------------------------------


def test_sampling():
    sent = body(ask(max_tokens=50, temperature=0.0, top_p=0.9, stop=("END",), seed=7))
    assert sent["inferenceConfig"] == {
        "maxTokens": 50,
        "temperature": 0.0,
        "topP": 0.9,
        "stopSequences": ["END"],
    }
    assert "7" not in json.dumps(sent)


def test_system_texts_are_one_list():
    system = Message(role="system", content=(Text(text="and short"),))
    sent = body(Request(messages=(system, user("hi")), system="be kind"))
    assert sent["system"] == [{"text": "be kind"}, {"text": "and short"}]
    assert len(sent["messages"]) == 1


def test_an_empty_system_text_is_not_sent():
    assert "system" not in body(ask(system=""))


def test_structured_output():
    schema = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}}
    text = body(ask(schema=schema, schema_name="number"))["outputConfig"]["textFormat"]
    assert text["type"] == "json_schema"
    shape = text["structure"]["jsonSchema"]
    assert shape["name"] == "number"
    assert json.loads(shape["schema"]) == {
        "type": "object",
        "properties": {"n": {"type": "integer", "description": "(minimum: 1)"}},
        "additionalProperties": False,
    }


def test_extra_joins_what_is_there():
    extra = {"inferenceConfig": {"maxTokens": 9}, "requestMetadata": {"team": "t"}}
    sent = body(ask(temperature=0.5, extra=extra))
    assert sent["inferenceConfig"] == {"temperature": 0.5, "maxTokens": 9}
    assert sent["requestMetadata"] == {"team": "t"}


@pytest.mark.parametrize(
    ("model", "effort", "wanted"),
    [
        ("us.amazon.nova-2-lite-v1:0", "low", {"type": "enabled", "maxReasoningEffort": "low"}),
        ("us.amazon.nova-2-lite-v1:0", "minimal", {"type": "enabled", "maxReasoningEffort": "low"}),
        ("us.amazon.nova-2-lite-v1:0", "none", {"type": "disabled"}),
    ],
)
def test_nova_thinks_by_a_config(model, effort, wanted):
    sent = body(ask(reasoning=effort), model)
    assert sent["additionalModelRequestFields"] == {"reasoningConfig": wanted}


@pytest.mark.parametrize(
    ("effort", "wanted"), [("high", "high"), ("minimal", "low"), ("none", "low")]
)
def test_gpt_oss_thinks_by_a_word_and_always(effort, wanted):
    sent = body(ask(reasoning=effort), "openai.gpt-oss-120b-1:0")
    assert sent["additionalModelRequestFields"] == {"reasoning_effort": wanted}


def test_claude_thinks_as_at_home():
    new = body(ask(reasoning="high"), "us.anthropic.claude-sonnet-4-6")
    assert new["additionalModelRequestFields"] == {
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "high"},
    }
    old = body(ask(reasoning="low", max_tokens=8000), "us.anthropic.claude-haiku-4-5-20251001-v1:0")
    thinking = old["additionalModelRequestFields"]["thinking"]
    assert thinking["type"] == "enabled"
    assert 1024 <= thinking["budget_tokens"] < 8000


def test_claude_is_not_asked_to_think_where_no_thought_fits():
    short = ask(reasoning="high", max_tokens=500)
    assert "additionalModelRequestFields" not in body(short, "anthropic.claude-3-7-sonnet-20250219")


def test_other_families_have_aws_own_word():
    assert body(ask(reasoning="medium"), "qwen.qwen3-32b-v1:0")["outputConfig"] == {
        "effort": "medium"
    }
    assert "outputConfig" not in body(ask(reasoning="none"), "qwen.qwen3-32b-v1:0")


def test_effort_and_schema_share_a_config():
    sent = body(ask(reasoning="low", schema={"type": "object"}), "qwen.qwen3-32b-v1:0")
    assert set(sent["outputConfig"]) == {"textFormat", "effort"}


# --- tools -------------------------------------------------------------------------------------

WEATHER = Tool(
    name="weather",
    description="the weather",
    parameters={"type": "object", "properties": {"city": {"type": "string"}}},
)


def test_a_tool():
    assert body(ask(tools=(WEATHER,)))["toolConfig"] == {
        "tools": [
            {
                "toolSpec": {
                    "name": "weather",
                    "description": "the weather",
                    "inputSchema": {"json": WEATHER.parameters},
                }
            }
        ]
    }


def test_a_tool_without_words_or_arguments():
    (tool,) = body(ask(tools=(Tool(name="now"),)))["toolConfig"]["tools"]
    assert tool["toolSpec"] == {
        "name": "now",
        "inputSchema": {"json": {"type": "object", "properties": {}}},
    }


@pytest.mark.parametrize(
    ("choice", "wanted"),
    [("auto", {"auto": {}}), ("required", {"any": {}}), ("weather", {"tool": {"name": "weather"}})],
)
def test_which_tool(choice, wanted):
    assert body(ask(tools=(WEATHER,), tool_choice=choice))["toolConfig"]["toolChoice"] == wanted


def test_no_tools_means_none_are_told_of():
    assert "toolConfig" not in body(ask(tools=(WEATHER,), tool_choice="none"))


def test_tools_that_were_used_must_be_told_of():
    history = (user("?"), Message(role="assistant", content=(ToolCall(id="1", name="weather"),)))
    sent = body(Request(messages=history, tools=(WEATHER,), tool_choice="none"))
    assert "tools" in sent["toolConfig"]
    assert "toolChoice" not in sent["toolConfig"]


def test_a_choice_without_tools_is_not_sent():
    assert "toolConfig" not in body(ask(tool_choice="required"))


# --- messages ----------------------------------------------------------------------------------


def test_a_conversation_with_a_tool():
    sent = turns(
        user("weather in Paris?"),
        Message(
            role="assistant",
            content=(
                Text(text="I look."),
                ToolCall(id="t1", name="weather", arguments={"city": "Paris"}),
            ),
        ),
        Message(role="tool", content=(ToolResult(id="t1", content="sunny"),)),
    )
    assert sent[1] == {
        "role": "assistant",
        "content": [
            {"text": "I look."},
            {"toolUse": {"toolUseId": "t1", "name": "weather", "input": {"city": "Paris"}}},
        ],
    }
    assert sent[2] == {
        "role": "user",
        "content": [{"toolResult": {"toolUseId": "t1", "content": [{"text": "sunny"}]}}],
    }


def test_a_tool_that_failed():
    result = ToolResult(id="1", content="no network", is_error=True)
    (turn,) = turns(Message(role="tool", content=(result,)))
    assert turn["content"][0]["toolResult"]["status"] == "error"


def test_neighbours_of_one_role_are_one_turn():
    results = [Message(role="tool", content=(ToolResult(id=i, content=i),)) for i in "12"]
    sent = turns(*results, user("and now?"))
    assert [turn["role"] for turn in sent] == ["user"]
    assert len(sent[0]["content"]) == 3


def test_blank_text_is_left_out():
    call = ToolCall(id="1", name="now", arguments={})
    sent = turns(user("x"), Message(role="assistant", content=(Text(text=" \n"), call)))
    assert [list(block) for block in sent[1]["content"]] == [["toolUse"]]
    assert turns(user("x"), Message(role="assistant", content=(Text(text=""),))) == [
        {"role": "user", "content": [{"text": "x"}]}
    ]


def test_missing_ids_pair_calls_and_results_by_order():
    calls = tuple(ToolCall(name=name, arguments={}) for name in ("a", "b"))
    results = tuple(ToolResult(id="", name=name, content=name) for name in ("a", "b"))
    sent = turns(Message(role="assistant", content=calls), Message(role="tool", content=results))
    called = [block["toolUse"]["toolUseId"] for block in sent[0]["content"]]
    answered = [block["toolResult"]["toolUseId"] for block in sent[1]["content"]]
    assert called == answered == ["call_1", "call_2"]


def test_ids_of_other_providers_fit_the_alphabet():
    call = ToolCall(id="naïve|id " + "x" * 80, name="a", arguments={})
    sent = turns(Message(role="assistant", content=(call,)))
    name = sent[0]["content"][0]["toolUse"]["toolUseId"]
    assert name == "x" * 64
    odd = turns(Message(role="tool", content=(ToolResult(id="a|b c", content=""),)))
    assert odd[0]["content"][0]["toolResult"]["toolUseId"] == "a_b_c"


def test_arguments_that_were_no_object_are_shown_as_they_were():
    call = ToolCall(id="1", name="a", arguments=None, raw_arguments='{"cut')
    sent = turns(Message(role="assistant", content=(call,)))
    assert sent[0]["content"][0]["toolUse"]["input"] == {"invalid_json": '{"cut'}
    nothing = turns(Message(role="assistant", content=(ToolCall(id="1", name="a"),)))
    assert nothing[0]["content"][0]["toolUse"]["input"] == {"invalid_json": ""}


SIGNED = {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s=="}}}
SEALED = {"reasoningContent": {"redactedContent": "c2VhbGVk"}}


@pytest.mark.parametrize("raw", [SIGNED, SEALED])
def test_our_reasoning_goes_back_as_it_came(raw):
    said = (Reasoning(text="hm", raw=raw), Text(text="answer"))
    sent = turns(Message(role="assistant", content=said))
    assert sent[0]["content"] == [raw, {"text": "answer"}]


@pytest.mark.parametrize(
    "raw",
    [
        None,
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"reasoningContent": "odd"},
        {"reasoningContent": {"reasoningText": {"text": "unsigned"}}},
        {"reasoningContent": {"reasoningText": "odd"}},
    ],
)
def test_other_reasoning_stays_here(raw):
    said = (Reasoning(text="hm", signature="s", raw=raw), Text(text="answer"))
    assert turns(Message(role="assistant", content=said))[0]["content"] == [{"text": "answer"}]


def test_opaque_blocks_go_back_to_their_own_dialect():
    mine = Opaque(dialect="bedrock", raw={"cachePoint": {"type": "default"}})
    other = Opaque(dialect="gemini", raw={"x": 1})
    sent = turns(Message(role="user", content=(Text(text="a"), mine, other)))
    assert sent[0]["content"] == [{"text": "a"}, {"cachePoint": {"type": "default"}}]


# --- pictures ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("media", "wanted"), [("image/png", "png"), ("image/JPEG", "jpeg"), ("image/jpg", "jpeg")]
)
def test_a_picture(media, wanted):
    sent = turns(user("what?", (Image(data=b"\x89PNG", media_type=media),)))
    assert sent[0]["content"][0] == {"image": {"format": wanted, "source": {"bytes": "iVBORw=="}}}


def test_a_picture_in_s3():
    sent = turns(user("what?", (Image(url="s3://bucket/a.png"),)))
    source = sent[0]["content"][0]["image"]["source"]
    assert source == {"s3Location": {"uri": "s3://bucket/a.png"}}


def test_a_picture_by_url_is_refused_in_words():
    with pytest.raises(OptionError, match=r"not by URL: 'https://x\.example/a\.png'") as caught:
        turns(user("what?", (Image(url="https://x.example/a.png"),)))
    assert "bytes" in caught.value.hint


def test_a_picture_of_another_kind_is_refused_in_words():
    with pytest.raises(OptionError, match="image/tiff") as caught:
        turns(user("what?", (Image(data=b"x", media_type="image/tiff"),)))
    assert "png" in caught.value.hint


# --- lists -------------------------------------------------------------------------------------


def test_models_are_read():
    listed = {
        "modelSummaries": [
            {
                "modelId": "a.see-v1:0",
                "inputModalities": ["TEXT", "IMAGE"],
                "converse": {"maxTokensMaximum": 4096},
            },
            {"modelId": "a.read-v1:0", "inputModalities": ["TEXT"]},
            {"modelId": "a.bare-v1:0"},
            {"modelName": "no id"},
            "odd",
        ]
    }
    models, following = bedrock.read_models(json.dumps(listed).encode())
    assert [model.id for model in models] == ["a.see-v1:0", "a.read-v1:0", "a.bare-v1:0"]
    assert [model.images for model in models] == [True, False, None]
    assert models[0].max_output_tokens == 4096
    assert models[1].raw == {"modelId": "a.read-v1:0", "inputModalities": ["TEXT"]}
    assert following is None


@pytest.mark.parametrize(
    "odd", [b"", b"[]", b'{"message":"no"}', b"<html>", b'{"modelSummaries":1}']
)
def test_what_is_no_list_is_said_to_be_none(odd):
    with pytest.raises(ValueError, match=r"."):
        bedrock.read_models(odd)


def test_a_token_count_is_read():
    assert bedrock.read_token_count(b'{"inputTokens": 375}') == 375


@pytest.mark.parametrize("odd", [b"", b"{}", b'{"inputTokens": -1}', b'{"inputTokens": "9"}'])
def test_what_is_no_count_is_said_to_be_none(odd):
    with pytest.raises(ValueError, match=r"."):
        bedrock.read_token_count(odd)


# --- a second opinion --------------------------------------------------------------------------


def test_aws_own_model_accepts_all_that_is_sent():
    session = pytest.importorskip("botocore.session").get_session()
    shape = session.get_service_model("bedrock-runtime").shape_for("ConverseRequest")
    from botocore.validate import ParamValidator

    call = ToolCall(id="t1", name="weather", arguments={"city": "Paris"})
    request = Request(
        messages=(
            user("what?", (Image(data=b"\x89PNG"), Image(url="s3://bucket/a.png"))),
            Message(role="assistant", content=(Reasoning(raw=SIGNED), Reasoning(raw=SEALED), call)),
            Message(role="tool", content=(ToolResult(id="t1", content="no", is_error=True),)),
        ),
        system="be kind",
        tools=(WEATHER, Tool(name="now")),
        tool_choice="weather",
        schema={"type": "object"},
        max_tokens=9,
        temperature=0.5,
        top_p=0.9,
        stop=("END",),
        reasoning="low",
    )
    for model in (MODEL, "qwen.qwen3-32b-v1:0", "us.anthropic.claude-sonnet-4-6"):
        sent = body(request, model)
        report = ParamValidator().validate({"modelId": model, **sent}, shape)
        assert not report.has_errors(), report.generate_report()
        assert set(sent) <= set(shape.members)
