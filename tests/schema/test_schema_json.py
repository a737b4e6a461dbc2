"""JSON schemas the user wrote: checked against, made strict, never fetched."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbapimgr.errors import OptionError, SchemaError
from nbapimgr.schema import shape
from nbapimgr.schema._strict import resolved, strict, without_added_nulls

OPTIONAL = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"type": "string", "description": "maybe"}},
    "required": ["a"],
}


def test_a_field_that_may_be_left_out_is_sent_nullable_and_its_null_is_dropped():
    wanted = shape(OPTIONAL)
    assert wanted.schema["required"] == ["a", "b"]
    assert wanted.schema["properties"]["b"] == {"type": ["string", "null"], "description": "maybe"}
    assert wanted.read('{"a": 1, "b": null}') == {"a": 1}
    assert wanted.read('{"a": 1, "b": "x"}') == {"a": 1, "b": "x"}


def test_a_null_that_is_required_is_not_dropped():
    with pytest.raises(SchemaError, match="a: None is not of type 'integer'"):
        shape(OPTIONAL).read('{"a": null}')


def test_the_first_thing_that_is_wrong_is_named():
    nested = {"type": "object", "properties": {"x": {"type": "array", "items": OPTIONAL}}}
    with pytest.raises(SchemaError, match=r"x\[1\]\.a: 'n' is not of type 'integer'"):
        shape(nested).read('{"x": [{"a": 1}, {"a": "n"}]}')


def test_what_is_no_json_schema_is_refused():
    with pytest.raises(OptionError, match=r"no valid JSON schema: \$\.type"):
        shape({"type": "bogus"})


def test_no_reference_is_fetched():
    # the test's network guard would fail on a look-up of the host
    far = {"type": "object", "properties": {"a": {"$ref": "https://example.com/s.json"}}}
    with pytest.raises(OptionError, match=r"reference 'https://example\.com/s\.json' leads"):
        shape(far).read('{"a": 1}')


def test_references_of_both_kinds_are_kept_and_those_nobody_needs_are_not():
    one = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    schema = {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/A"}, "b": {"$ref": "#/definitions/B"}},
        "required": ["a", "b"],
        "$defs": {"A": one, "Unused": one},
        "definitions": {"B": one},
    }
    sent = shape(schema).schema
    assert set(sent["$defs"]) == {"A"}
    assert sent["definitions"]["B"]["additionalProperties"] is False
    assert shape(schema).read('{"a": {"n": 1}, "b": {"n": 2}}') == {"a": {"n": 1}, "b": {"n": 2}}


def test_what_stands_beside_a_reference_is_put_in_its_place():
    schema = {
        "type": "object",
        "properties": {"c": {"$ref": "#/$defs/C", "description": "which", "default": "r"}},
        "required": ["c"],
        "$defs": {"C": {"enum": ["r", "b"], "title": "C"}},
    }
    assert strict(schema)["properties"]["c"] == {
        "enum": ["r", "b"], "type": "string", "description": "which",
    }  # fmt: skip


def test_a_reference_that_leads_back_stays_a_reference():
    node = {
        "type": "object",
        "properties": {"next": {"$ref": "#/$defs/Node", "description": "the next"}},
        "required": ["next"],
    }
    sent = strict({"$ref": "#/$defs/Node", "$defs": {"Node": node}})
    assert sent["properties"]["next"] == {"$ref": "#/$defs/Node"}
    assert sent["$defs"]["Node"]["properties"]["next"] == {"$ref": "#/$defs/Node"}


@pytest.mark.parametrize(
    ("part", "sent"),
    [
        ({"oneOf": [{"type": "string"}], "discriminator": {}}, {"anyOf": [{"type": "string"}]}),
        ({"allOf": [{"type": "string"}], "description": "d"},
         {"type": "string", "description": "d"}),
        ({"type": "array", "items": {"type": "string", "title": "T"}},
         {"type": "array", "items": {"type": "string"}}),
        ({"enum": [1, 2]}, {"enum": [1, 2], "type": "integer"}),
        ({"enum": [1, "a"]}, {"enum": [1, "a"]}),
        ({"enum": [None]}, {"enum": [None]}),
        ({"type": "object", "additionalProperties": {"type": "integer", "default": 1}},
         {"type": "object", "additionalProperties": {"type": "integer"}}),
        ({"type": "object", "properties": {}, "additionalProperties": {"type": "string"}},
         {"type": "object", "properties": {}, "required": [],
          "additionalProperties": {"type": "string"}}),
        (True, True),
    ],
)  # fmt: skip
def test_what_strict_decoding_does_not_know_is_said_otherwise(part, sent):
    whole = strict({"type": "object", "properties": {"p": part}, "required": ["p"]})
    assert whole["properties"]["p"] == sent


@pytest.mark.parametrize(
    ("part", "sent"),
    [
        ({"enum": ["a"]}, {"anyOf": [{"enum": ["a"], "type": "string"}, {"type": "null"}]}),
        ({"const": 1, "description": "d"},
         {"anyOf": [{"const": 1}, {"type": "null"}], "description": "d"}),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]},
         {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]}),
        ({"type": ["string", "null"]}, {"type": ["string", "null"]}),
        ({"type": ["string", "integer"]},
         {"anyOf": [{"type": ["string", "integer"]}, {"type": "null"}]}),
        ({"const": None}, {"const": None}),
        ({"enum": ["a", None]}, {"enum": ["a", None]}),
        ({"anyOf": [{"type": "null"}, {"type": "string"}]},
         {"anyOf": [{"type": "null"}, {"type": "string"}]}),
        ({}, {}),
        (True, True),
    ],
)  # fmt: skip
def test_a_field_that_may_be_left_out_takes_null(part, sent):
    assert strict({"type": "object", "properties": {"p": part}})["properties"]["p"] == sent


def test_nulls_are_dropped_only_where_they_stand_for_a_missing_field():
    inner = {"type": "object", "properties": {"m": {"type": "string"}}}
    schema = {
        "type": "object",
        "properties": {
            "list": {"type": "array", "items": {"$ref": "#/$defs/I"}},
            "either": {"anyOf": [{"type": "string"}, inner]},
            "any": {},
        },
        "required": ["list"],
        "$defs": {"I": inner},
    }
    data = {"list": [{"m": None}], "either": {"m": None}, "any": None, "other": None}
    kept = {"list": [{}], "either": {}, "any": None, "other": None}
    assert without_added_nulls(data, schema, schema) == kept
    anything = True
    assert without_added_nulls({"a": None}, anything, {}) == {"a": None}
    assert without_added_nulls([None], {"type": "string"}, {}) == [None]


@pytest.mark.parametrize("ref", ["#/$defs/Loop", "#/nowhere/at/all", "other.json", "#/type"])
def test_a_reference_that_leads_nowhere_is_left_alone(ref):
    root = {"type": "object", "$defs": {"Loop": {"$ref": "#/$defs/Loop"}}}
    assert resolved({"$ref": ref}, root) == {"$ref": ref}


JSON_SCHEMAS = st.recursive(
    st.sampled_from(
        [{"type": "string"}, {"type": "integer"}, {"type": "boolean"}, {"type": "null"}]
    ),
    lambda inner: (
        st.builds(lambda i: {"type": "array", "items": i}, inner)
        | st.builds(
            lambda fields, n: {
                "type": "object",
                "properties": fields,
                "required": sorted(fields)[:n],
            },
            st.dictionaries(st.sampled_from("abc"), inner, min_size=1),
            st.integers(0, 3),
        )
    ),
    max_leaves=8,
)


def _full(schema):
    """An answer that has every field of the schema as it is sent."""
    kind = schema.get("type")
    if isinstance(kind, list):
        return None
    if "anyOf" in schema:
        return None
    if kind == "array":
        return [_full(schema["items"])]
    if kind == "object":
        return {name: _full(part) for name, part in schema["properties"].items()}
    return {"string": "x", "integer": 1, "boolean": True, "null": None}[kind]


def _is_as_sent(read, sent):
    """Whether nothing is other than it was sent; a null that was asked for as such may be gone."""
    if isinstance(sent, dict):
        return read.keys() <= sent.keys() and all(
            _is_as_sent(read.get(name), part) for name, part in sent.items()
        )
    if isinstance(sent, list):
        return len(read) == len(sent) and all(map(_is_as_sent, read, sent))
    return read == sent


@given(JSON_SCHEMAS)
def test_an_answer_that_keeps_to_what_was_sent_is_read(schema):
    wanted = shape(schema)
    sent = _full(wanted.schema)
    read = wanted.read(json.dumps(sent))
    if schema.get("type") != "object":  # it was sent in an object, for providers want one
        [sent] = sent.values()
    assert _is_as_sent(read, sent)
