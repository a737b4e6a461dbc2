"""The short form: fields, types, descriptions, and what is no field."""

from __future__ import annotations

import sys

import pytest

from nbapimgr.errors import OptionError
from nbapimgr.schema import shape


def _properties(text):
    sent = shape(text).schema
    assert sent["required"] == list(sent["properties"])
    return sent["properties"]


def test_fields_types_and_descriptions():
    assert _properties("name, age int, bio: one line, rate float: per cent, ok bool") == {
        "name": {"type": "string"},
        "age": {"type": "integer"},
        "bio": {"type": "string", "description": "one line"},
        "rate": {"type": "number", "description": "per cent"},
        "ok": {"type": "boolean"},
    }


def test_lines_allow_commas_in_descriptions():
    text = "name: full, with titles\n\nage integer: in years,\n"
    assert _properties(text) == {
        "name": {"type": "string", "description": "full, with titles"},
        "age": {"type": "integer", "description": "in years"},
    }


def test_an_empty_description_is_none():
    assert _properties("a: , b") == {"a": {"type": "string"}, "b": {"type": "string"}}


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("a strng", "unknown type 'strng'", "did you mean string?"),
        ("a quux", "unknown type 'quux'", "types: str, int, float, bool"),
        ("1a", "'1a' is no field", "a field is NAME [TYPE][: DESCRIPTION]"),
        ("a int b", "'a int b' is no field", "a field is"),
        ("a, b, a", "'a' is there twice", ""),
        (" , ", "no field is named", "for example"),
        ("", "no field is named", "for example"),
    ],
)
def test_what_is_no_field_is_refused(text, message, hint):
    with pytest.raises(OptionError, match=message.replace("[", r"\[")) as caught:
        shape(text)
    assert caught.value.hint.startswith(hint)


def test_the_short_form_needs_no_validator_of_json_schemas(monkeypatch):
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    assert shape("a int").read('{"a": 1}') == {"a": 1}
