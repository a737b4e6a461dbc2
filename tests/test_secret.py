"""A secret in memory: shown nowhere, let out by one door. What becomes of it is in test_secrets."""

from __future__ import annotations

import base64
import copy
import json
import pickle

import msgspec
import pytest

from nbapimgr.models import Provider
from nbapimgr.secret import Secret, scrub

VALUE = "sk-a-key-of-mine-1234567890"


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        ascii,
        "{}".format,
        "{!r}".format,
        "{:>20}".format,
        "%s".__mod__,
        lambda s: f"{s}",
        lambda s: repr([s]),
        lambda s: repr({"k": s}),
        lambda s: repr(vars(s)) if hasattr(s, "__dict__") else "",
        lambda s: str(ValueError(s)),
    ],
)
def test_it_is_shown_nowhere(show):
    assert VALUE not in show(Secret(VALUE))
    assert "1234" not in show(Secret(VALUE))


def test_its_format_has_the_width_that_is_asked_for():
    assert f"{Secret(VALUE):>20}" == "Secret(…)".rjust(20)


@pytest.mark.parametrize(
    "leave", [pickle.dumps, copy.copy, copy.deepcopy, hash, json.dumps, msgspec.json.encode, dict]
)
def test_it_leaves_by_no_back_door(leave):
    with pytest.raises((TypeError, ValueError)) as caught:
        leave(Secret(VALUE))
    assert VALUE not in str(caught.value)


@pytest.mark.parametrize("leave", [pickle.dumps, copy.copy, copy.deepcopy])
def test_why_it_does_not_leave_is_said(leave):
    with pytest.raises(TypeError, match=r"^a Secret cannot be pickled or copied$"):
        leave(Secret(VALUE))


@pytest.mark.parametrize("given", [VALUE, VALUE.encode(), Secret(VALUE)])
def test_it_is_made_of_text_bytes_or_another(given):
    assert Secret(given).reveal() == VALUE


def test_bytes_that_are_no_text_are_not_shown_by_an_error():
    assert Secret(b"key\xff").reveal() == "key\N{REPLACEMENT CHARACTER}"


def test_it_is_compared_by_value_with_its_like_alone():
    assert Secret(VALUE) == Secret(VALUE)
    assert Secret(VALUE) != Secret(VALUE + "x")
    assert Secret(VALUE) != VALUE
    assert Secret("ü") == Secret("ü")


def test_an_empty_one_is_false():
    assert not Secret("")
    assert Secret(" ")


@pytest.mark.parametrize(
    ("value", "tail"),
    [(VALUE, "…7890"), ("0123456789abcdef", "…cdef"), ("short-key", "…"), ("", "…")],
)
def test_its_tail_for_people(value, tail):
    assert Secret(value).tail() == tail


def test_a_longer_tail_needs_a_longer_secret():
    assert Secret(VALUE).tail(6) == "…567890"
    assert Secret(VALUE).tail(7) == "…"


def test_it_has_no_place_in_a_record():
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert({"name": Secret(VALUE), "dialect": "x", "base_url": ""}, Provider)
    assert VALUE not in str(caught.value)


@pytest.mark.parametrize("before", ["", "a", "ab", "abc", "user:"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_key_in_base64_is_taken_out_wherever_it_begins(before, encode):
    key = "my-own+gateway/key?~" * 2
    encoded = encode(f"{before}{key}:more".encode()).decode()
    left = scrub(f"id {encoded} end", [Secret(key)])
    head, tail = left.split("[secret]")
    assert head.startswith("id ")
    assert tail.endswith(" end")
    # at each end of it a character belongs to the key and to its neighbour
    assert len(head + tail) - len("id  end") <= len(encoded) - len(key) * 4 // 3 + 2


@pytest.mark.parametrize("case", [str.lower, str.upper])
def test_a_key_in_hex_is_taken_out(case):
    key = "my-own-gateway-key"
    assert scrub(f"x{case(key.encode().hex())}x", [Secret(key)]) == "x[secret]x"
