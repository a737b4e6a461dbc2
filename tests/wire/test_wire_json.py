from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbapimgr.wire import _json
from nbapimgr.wire._limits import MAX_DEPTH

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES)
def test_json_is_parsed_as_everybody_parses_it(value):
    data = json.dumps(value).encode()
    assert _json.loads(data) == value
    assert _json.loads(_json.dumps(value)) == value


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b"{",
        b"[1]x",
        b"NaN",
        b"Infinity",
        b'"\xff"',
        b'"\\ud800"',
        b"1e999",
        b"9" * 5000,
        b"\xef\xbb\xbf{}",
        b'"a\tb"',
        b"[" * 100_000,
    ],
)
def test_what_is_no_json_is_a_value_error(data):
    with pytest.raises(ValueError, match=r".+"):
        _json.loads(data)


def test_the_last_of_duplicate_keys_wins():
    assert _json.loads(b'{"a": 1, "a": 2}') == {"a": 2}


def test_text_is_taken_too():
    assert _json.loads('{"ä": "ö"}') == {"ä": "ö"}
    with pytest.raises(ValueError, match="utf-8"):
        _json.loads('"\ud800"')


@pytest.mark.parametrize("depth", [MAX_DEPTH, MAX_DEPTH + 1, 5000])
@pytest.mark.parametrize("pair", [(b"[", b"]"), (b'{"a":', b"}")])
def test_nesting_has_a_limit(depth, pair):
    data = pair[0] * depth + b"1" + pair[1] * depth
    assert _json.too_deep(data) is (depth > MAX_DEPTH)
    assert _json.too_deep(b"[1, []]" + data + b"[2]") is (depth > MAX_DEPTH)
    if depth > MAX_DEPTH:
        with pytest.raises(ValueError, match="deeper than 200"):
            _json.loads(data)
    else:
        _json.loads(data)


def test_brackets_in_text_do_not_nest():
    assert _json.loads(json.dumps(["[" * 500, '\\"' + "{" * 500, "\\"]).encode())[0] == "[" * 500


def test_brackets_side_by_side_do_not_nest():
    assert _json.loads(json.dumps([[]] * 5000).encode()) == [[]] * 5000


@pytest.mark.parametrize("data", [b'"' + b"\\" * 10**6, b'"\\"' * 10**6, b'["' * 10**6])
def test_telling_the_depth_is_linear(data):
    """A pattern that goes back and forth would need hours here, and the test be stopped."""
    assert _json.too_deep(b"[" * 300 + data)


def test_an_object_or_none():
    assert _json.loads_object('{"a": 1}') == {"a": 1}
    assert _json.loads_object("[1]") is None
    assert _json.loads_object("{") is None


def test_values_of_another_kind_are_empty():
    assert _json.as_dict({"a": 1}) == {"a": 1}
    assert _json.as_dict([1]) == {}
    assert _json.as_list([1]) == [1]
    assert _json.as_list({}) == []
    assert _json.as_str("a") == "a"
    assert _json.as_str(None) == ""


@pytest.mark.parametrize(
    ("value", "count"),
    [(3, 3), (3.0, 3), (0, 0), (3.5, None), (-1, None), (True, None), ("3", None), (None, None)],
)
def test_a_count_is_a_whole_number(value, count):
    assert _json.as_int(value) == count
