"""A reply as MIME data: the answer as text, inert Markdown, and the facts beside it."""

from __future__ import annotations

import dataclasses
import json

import msgspec
import pydantic
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from nbapimgr.magics._bundle import bundle, code_of, facts, partial
from nbapimgr.models import Cost, Usage
from tests.magics.replies import attempt, failed, reply

PICTURE = "![x](https://example.invalid/p.png)"


class Point(msgspec.Struct):
    x: int


@dataclasses.dataclass
class Pair:
    a: int
    b: str


class Model(pydantic.BaseModel):
    name: str


def kinds(markdown):
    """The kinds of token CommonMark finds, those inside lines too."""
    tokens = MarkdownIt("commonmark").parse(markdown)
    return {t.type for token in tokens for t in (token, *(token.children or []))}


def test_markdown_is_the_answer_as_text_and_inert():
    data, metadata = bundle(reply(f"Look: {PICTURE} <b>now</b>"))
    assert data["text/plain"] == f"Look: {PICTURE} <b>now</b>"
    assert "image" in kinds(data["text/plain"])
    assert not kinds(data["text/markdown"]) & {"image", "html_inline", "html_block", "fence"}
    assert metadata["nbapimgr"]["provider"] == "first"


def test_text_has_no_markdown():
    assert bundle(reply("*a*"), "text")[0] == {"text/plain": "*a*"}


@pytest.mark.parametrize("form", ["md", "text", "code", "json"])
def test_no_form_lets_control_characters_through(form):
    hostile = "a\x1b]52;c;cm0=\x07b\x9bc\x08"
    shown = "".join(bundle(reply(hostile), form)[0].values())
    shown += "".join(partial(hostile, form, above=hostile)[0].values())
    assert not set(shown) & set("\x1b\x07\x9b\x08")
    assert "52;c" in shown


@pytest.mark.parametrize(
    ("text", "code", "language"),
    [
        ("x = 1\n", "x = 1", ""),
        ("Look:\n```python\nx = 1\n```\nand\n```\ny\n```", "x = 1", "python"),
        ("```\nx\n", "x", ""),
        ("````md\n```\na\n```\n````", "```\na\n```", "md"),
        ("```py title=a.py\nx\n`````\n", "x", "py"),
        ("  ```c++\n  x;\n  ```", "  x;", "c++"),
        ("```r\r\nx\r\n```\r\n", "x", "r"),
        ("```print(1)``` prints:\n```py\nprint(1)\n```", "print(1)", "py"),
        ("```\n```", "", ""),
        ("", "", ""),
    ],
)
def test_the_first_fenced_block_is_the_code(text, code, language):
    assert code_of(text) == (code, language)


def test_code_is_shown_as_one_block():
    data, _ = bundle(reply("Here:\n```python\nx = 1\n```"), "code")
    assert data == {"text/plain": "x = 1", "text/markdown": "```python\nx = 1\n```"}


@pytest.mark.parametrize("form", ["code", "json"])
@given(text=st.text(alphabet="`~a\n\r !<[](:/)", max_size=60))
@example(text=f"````\n```\n{PICTURE}\n````")
@example(text=f"```x`y\n{PICTURE}\n```")
@example(text=f"{{\n```\n{PICTURE}")
@example(text=f"```a\n{PICTURE}")
def test_a_block_cannot_be_left_from_inside(form, text):
    data, _ = bundle(reply(text), form)
    (block,) = MarkdownIt("commonmark").parse(data["text/markdown"])
    assert block.type == "fence"
    assert block.content.rstrip("\n") == data["text/plain"].rstrip("\n")


@pytest.mark.parametrize(
    ("text", "data", "shown"),
    [
        ('{"b": [1, "ü"]}', None, {"b": [1, "ü"]}),
        ('Sure:\n```json\n{"a": 1}\n```', None, {"a": 1}),
        ("null", None, None),
        ("…", Point(x=1), {"x": 1}),
        ("…", Pair(a=1, b="c"), {"a": 1, "b": "c"}),
        ("…", Model(name="n"), {"name": "n"}),
        ("…", [Model(name="n"), {"name": "m"}], [{"name": "n"}, {"name": "m"}]),
        ("…", [], []),
    ],
)
def test_json_is_the_data_or_what_the_answer_says(text, data, shown):
    given_back, _ = bundle(reply(text, data=data), "json")
    assert json.loads(given_back["text/plain"]) == shown
    assert given_back["text/markdown"].startswith("```json\n")


def test_json_is_indented_and_readable():
    assert bundle(reply('{"ü":[1]}'), "json")[0]["text/plain"] == ('{\n  "ü": [\n    1\n  ]\n}')


@pytest.mark.parametrize(
    "text", ["no JSON at all", "[" * 100_000, "[" * 900 + "]" * 900, '{"a": 1']
)
def test_an_answer_that_is_no_json_is_shown_as_it_is(text):
    assert "".join(bundle(reply(text), "json")[0]["text/plain"].split()) == "".join(text.split())


def test_validated_data_is_shown_as_json_where_markdown_is_the_default():
    assert json.loads(bundle(reply("…", data={"a": 1}))[0]["text/plain"]) == {"a": 1}
    assert bundle(reply("…", data={"a": 1}), "text")[0]["text/plain"] == "…"


def test_facts_are_plain_and_say_what_is_known():
    known = facts(
        reply(
            finish_reason="stop",
            elapsed=1.23456,
            usage=Usage(input_tokens=1, output_tokens=2),
            cost=Cost(amount=0.5, source="local", price_ref="genai-prices"),
            request_id="r",
            response_id="s",
            attempts=(failed(http_status=429), attempt(number=2, duration=0.12345)),
        )
    )
    assert json.loads(json.dumps(known)) == {
        "provider": "first",
        "model": "m1-2026",
        "finish_reason": "stop",
        "source": "live",
        "elapsed_s": 1.235,
        "input_tokens": 1,
        "output_tokens": 2,
        "tokens_source": "provider",
        "cost_usd": 0.5,
        "cost_source": "local",
        "price_ref": "genai-prices",
        "request_id": "r",
        "response_id": "s",
        "attempts": [
            {
                "candidate": "first:m1",
                "outcome": "error",
                "category": "rate_limit.short",
                "http_status": 429,
                "duration_s": 0.5,
            },
            {"candidate": "first:m1", "outcome": "ok", "duration_s": 0.123},
        ],
    }


def test_what_is_not_known_is_not_named():
    known = facts(reply())
    assert None not in known.values()
    assert "cost_usd" not in known


def test_growing_text_is_inert_too():
    data, metadata = partial(f"{PICTURE} and [half", "md")
    assert data["text/plain"] == f"{PICTURE} and [half"
    assert "image" not in kinds(data["text/markdown"])
    assert "[half" not in data["text/markdown"]
    assert metadata == {}


@pytest.mark.parametrize("form", ["text", "json", "code"])
def test_growing_text_of_another_form_is_text(form):
    assert partial("*a*", form) == ({"text/plain": "*a*"}, {})
    assert partial("a", form, above="note")[0] == {"text/plain": "[note]\n\na"}


def test_the_line_above_is_inert_as_well():
    data, _ = partial("text", "md", above=f"restarted: {PICTURE} <img src=x>")
    assert data["text/plain"] == f"[restarted: {PICTURE} <img src=x>]\n\ntext"
    assert {"em_open", "text"} <= kinds(data["text/markdown"])
    assert not kinds(data["text/markdown"]) & {"image", "html_inline"}
