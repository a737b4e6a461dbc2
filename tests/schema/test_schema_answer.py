"""JSON is found wherever a model puts it, and a clear word is said where there is none."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbapimgr.errors import SchemaError
from nbapimgr.schema import shape
from nbapimgr.schema._answer import found_in, is_cut_off

WANTED = shape("a int")


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}',
        '  {"a": 1}\n',
        '```json\n{"a": 1}\n```',
        'Sure!\n\n```\n{"a": 1}\n```\nAnything else?',
        '~~~\n{"a": 1}\n~~~',
        'The answer [see below] is {"a": 1}.',
        '<think>{"b": 2}</think>{"a": 1}',
        'first {"a": "no"} then {"a": 1}',
        '````md\n```json\n{"a": 1}\n```\n````',
    ],
)
def test_json_is_found(text):
    assert WANTED.read(text) == {"a": 1}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("I cannot do that.", "holds no JSON"),
        ("", "holds no JSON"),
        ('{"a": 1', "is cut off"),
        ('```json\n{"a": [1, ', "is cut off"),
        ("{'a': 1}", "holds no JSON"),
        ('{"a": NaN}', "holds no JSON"),
        ("[" * 100_000, "holds no JSON"),
        ('{"a": ' * 100_000, "holds no JSON"),
        ("{ [" * 50, "holds no JSON"),
    ],
)
def test_what_is_missing_is_said(text, message):
    with pytest.raises(SchemaError, match=message) as caught:
        WANTED.read(text)
    assert caught.value.text == text


def test_a_cut_off_answer_says_what_to_do():
    with pytest.raises(SchemaError) as caught:
        WANTED.read('{"a"')
    assert "--max-tokens" in caught.value.hint


def test_whole_json_is_not_cut_off():
    assert not is_cut_off("[1]")


@given(st.text(), st.text())
def test_json_is_found_between_any_words(before, after):
    value = {"key": ["value", 1, None]}
    if not set(before) & set("{["):
        assert value in list(found_in(before + json.dumps(value) + after))


@given(st.text(alphabet='{}[]",:1a\\ `~\n'))
def test_nothing_breaks_the_search(text):
    for value in found_in(text):
        assert json.loads(json.dumps(value)) == value
