from __future__ import annotations

import re

import pytest
from chat_requests import HI, turns

from nbapimgr.models import Image, Message, Opaque, Reasoning, Text, ToolCall, ToolResult, user

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
        {"role": "tool", "tool_call_id": "c1", "content": "4"},
        {"role": "tool", "tool_call_id": "c2", "content": "5"},
    ]


def test_only_mistral_is_told_the_name_of_the_tool_again():
    result = Message(role="tool", content=(ToolResult(id="c", content="4", name="add"),))
    named = {"mistral": ["add"], "groq": [], "xai": [], "openai": [], "": []}
    for vendor, names in named.items():
        assert [m["name"] for m in turns(result, vendor=vendor) if "name" in m] == names


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
