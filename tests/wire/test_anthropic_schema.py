"""Schemas become what Claude's structured output takes."""

from __future__ import annotations

import pytest

from nbapimgr.wire.anthropic._schema import accepted


def test_a_schema_it_takes_is_left_alone():
    schema = {
        "type": "object",
        "title": "Dog",
        "properties": {
            "name": {"type": "string", "pattern": "^[A-Z]", "format": "email"},
            "legs": {"type": "array", "items": {"enum": [1, 2]}, "minItems": 1},
            "minimum": {"const": 3, "default": {"minimum": 1}},
        },
        "required": ["name"],
        "additionalProperties": False,
        "$defs": {"x": {"$ref": "#/$defs/y"}},
    }
    assert accepted(schema) == schema


def test_objects_are_closed_at_every_depth():
    schema = {
        "$defs": {"a": {"properties": {}}},
        "anyOf": [{"type": "object", "additionalProperties": True}],
        "items": {"type": "object"},
    }
    assert accepted(schema) == {
        "$defs": {"a": {"properties": {}, "additionalProperties": False}},
        "anyOf": [{"type": "object", "additionalProperties": False}],
        "items": {"type": "object", "additionalProperties": False},
    }


def test_an_open_map_is_the_apis_to_judge():
    schema = {"type": "object", "additionalProperties": {"type": "integer"}}
    assert accepted(schema) == schema


@pytest.mark.parametrize(
    ("constraint", "value"),
    [("minimum", 0), ("maxLength", 5), ("minItems", 2), ("format", "binary"), ("multipleOf", 3)],
)
def test_a_constraint_it_cannot_enforce_is_said_in_words(constraint, value):
    words = f"({constraint}: {value})"
    assert accepted({"type": "string", constraint: value}) == {
        "type": "string",
        "description": words,
    }
    described = {"description": "An age.", constraint: value}
    assert accepted(described) == {"description": f"An age. {words}"}


def test_alternatives():
    told = {"oneOf": [{"type": "object"}], "discriminator": {"propertyName": "kind"}}
    closed = {"type": "object", "additionalProperties": False}
    assert accepted(told) == {"anyOf": [closed]}
    both = {"oneOf": [{"type": "null"}], "anyOf": [{"type": "string"}]}
    assert accepted(both) == both


def test_what_is_no_schema_stays():
    assert accepted({"items": True, "anyOf": "?", "properties": None}) == {
        "items": True,
        "anyOf": "?",
        "properties": None,
        "additionalProperties": False,
    }
