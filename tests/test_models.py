"""The records: frozen, small when written, and what can be read from them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import msgspec
import pydantic
import pytest

from nbapimgr import models
from nbapimgr.models import (
    Attempt,
    Candidate,
    Content,
    Cost,
    Delta,
    Failure,
    Image,
    Message,
    Opaque,
    Plan,
    Provider,
    Reasoning,
    Reply,
    Request,
    Text,
    ToolCall,
    ToolResult,
    Usage,
    user,
)

PROVIDER = Provider(name="one", dialect="openai-chat", base_url="http://127.0.0.1:9")
CANDIDATE = Candidate(provider=PROVIDER, model="org/m:1", credential="work")


def reply(**fields):
    return Reply(**{"text": "", "candidate": CANDIDATE, "model": "m", **fields})


def attempt(**fields):
    usual = {"number": 1, "started_at": 0.0, "duration": 2.04, "outcome": "ok"}
    return Attempt(candidate=CANDIDATE, **{**usual, **fields})


def test_records_cannot_be_changed():
    for record in (PROVIDER, CANDIDATE, Usage(), Request(messages=()), Delta(text="x"), reply()):
        with pytest.raises(AttributeError):
            setattr(record, record.__struct_fields__[0], None)


def test_records_are_made_by_name():
    for name in models.__all__:
        kind = getattr(models, name)
        if isinstance(kind, type):
            with pytest.raises(TypeError):
                kind("positional")


def test_what_is_not_said_is_not_written():
    assert msgspec.to_builtins(PROVIDER) == {
        "name": "one", "dialect": "openai-chat", "base_url": "http://127.0.0.1:9",
    }  # fmt: skip
    assert msgspec.to_builtins(Usage()) == {}


def test_a_turn_is_read_back_as_it_was():
    parts = (
        Text(text="a"),
        Image(data=b"\x00\xff", media_type="image/gif"),
        Reasoning(text="hm", signature="s", raw={"x": 1}),
        ToolCall(id="1", name="f", arguments={"a": 1}, extra={"sig": "x"}),
        ToolResult(id="1", content="b", is_error=True),
        Opaque(dialect="gemini", raw=[1]),
    )
    message = Message(role="assistant", content=parts)
    data = msgspec.json.encode(message)
    assert msgspec.json.decode(data, type=Message) == message
    assert msgspec.json.decode(msgspec.json.encode(parts), type=tuple[Content, ...]) == parts


def test_a_message_of_the_user():
    picture = Image(url="https://example.org/a.png")
    message = user("What is it?", (picture,))
    assert message == Message(role="user", content=(picture, Text(text="What is it?")))
    assert message.text == "What is it?"
    assert Message(role="tool", content=(ToolResult(id="1", content="x"),)).text == ""
    assert Message(role="user", content=(Text(text="a"), Text(text="b"))).text == "ab"


def test_a_candidate_by_its_name():
    assert str(CANDIDATE) == "one:org/m:1"
    assert "work" not in str(CANDIDATE)


def test_a_plan_is_by_priority_unless_it_says_more():
    assert Plan(candidates=()).policy == "priority"


@pytest.mark.parametrize(
    ("usage", "total"),
    [
        (Usage(input_tokens=3, output_tokens=4), 7),
        (Usage(input_tokens=3, output_tokens=0), 3),
        (Usage(input_tokens=3), None),
        (Usage(output_tokens=3), None),
        (Usage(), None),
    ],
)
def test_tokens_together(usage, total):
    assert usage.total_tokens == total


def test_an_unknown_cost_is_not_zero():
    assert Cost().amount is None
    assert reply().cost.amount is None
    assert attempt().cost.source == "none"


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({}, "one:org/m:1 · 2.0 s · ok"),
        ({"outcome": "cancelled"}, "one:org/m:1 · 2.0 s · cancelled"),
        ({"failure": Failure(category="a.b", scope="local", retryable=False)},
         "one:org/m:1 · 2.0 s · a.b"),
        ({"failure": Failure(category="a.b", scope="local", retryable=False, status=429,
                             message="slow\n down ")}, "one:org/m:1 · 2.0 s · a.b 429: slow down"),
        ({"failure": Failure(category="a.b", scope="local", retryable=False, message="theirs",
                             detail="for people")}, "one:org/m:1 · 2.0 s · a.b: for people"),
    ],
)  # fmt: skip
def test_an_attempt_in_a_line(fields, line):
    assert attempt(**fields).line() == line


def test_a_long_message_is_cut():
    failure = Failure(category="a", scope="local", retryable=False, message="x" * 500)
    said = attempt(failure=failure).line().split(": ", 1)[1]
    assert len(said) == 160
    assert said.endswith("x…")
    exact = Failure(category="a", scope="local", retryable=False, message="x" * 160)
    assert attempt(failure=exact).line().endswith("x" * 160)


def test_what_a_reply_tells():
    call = ToolCall(name="f")
    content = (Reasoning(text="h"), Text(text="Hello"), Reasoning(text="m"), call)
    told = reply(text="Hello", content=content)
    assert (told.provider, str(told), told.reasoning, told.tool_calls) == (
        "one", "Hello", "hm", (call,),
    )  # fmt: skip
    assert (reply().reasoning, reply().tool_calls, reply().source) == ("", (), "live")


# --- the answer as a table ------------------------------------------------------------------------


class Pydantic(pydantic.BaseModel):
    name: str
    age: int


@dataclass
class Data:
    name: str
    age: int


class Struct(msgspec.Struct):
    name: str
    age: int


ROW = {"name": "Ada", "age": 36}


@pytest.mark.parametrize("kind", [dict, Pydantic, Data, Struct])
def test_one_thing_is_one_row_and_a_list_is_many(kind):
    one = kind(**ROW)
    assert reply(data=one).df.to_dict("records") == [ROW]
    table = reply(data=[one, one]).df
    assert table.to_dict("records") == [ROW, ROW]
    assert list(table.columns) == ["name", "age"]
    assert table["age"].dtype.kind == "i"


@pytest.mark.parametrize(
    ("data", "values"),
    [(3, [3]), ("x", ["x"]), ([1, 2], [1, 2]), (None, [None]), ([ROW, 3], [ROW, 3]),
     ([[1], [2]], [[1], [2]])],
)  # fmt: skip
def test_what_is_no_record_is_a_column_of_values(data, values):
    table = reply(data=data).df
    assert list(table.columns) == ["value"]
    assert table["value"].tolist() == values


def test_no_rows_at_all():
    assert reply(data=[]).df.empty


def test_what_is_missing_in_a_row_is_missing():
    table = reply(data=[{"a": 1}, {"b": dt.date(2026, 11, 23)}]).df
    assert table.shape == (2, 2)
    assert table["a"].isna().tolist() == [False, True]
