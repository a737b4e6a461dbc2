"""What is a key in a text: the marked forms of vendors, and one's own in any form."""

from __future__ import annotations

import pytest

from nbapimgr.scan._keys import Finder, _alternatives
from nbapimgr.secret import Secret

A = "a1" * 60
KEYS = {
    "openai": f"sk-proj-{A[:40]}T3BlbkFJ{A[:40]}",
    "anthropic": f"sk-ant-api03-{A[:93]}AA",
    "groq": f"gsk_{A[:52]}",
    "openrouter": f"sk-or-v1-{A[:64]}",
    "together": f"tgp_v1_{A[:43]}",
    "perplexity": f"pplx-{A[:48]}",
    "nvidia": f"nvapi-{A[:64]}",
    "cerebras": f"csk-{A[:48]}",
    "google or vertex": f"AIza{A[:35]}",
}


@pytest.mark.parametrize("vendor", KEYS)
def test_a_vendors_key_is_found_in_any_text(vendor):
    key = KEYS[vendor]
    finder = Finder()
    for text in (key, f'os.environ["X"] = "{key}"', f"curl -H 'Bearer {key}'\n", f"a={key}&b"):
        (found,) = finder.keys(text)
        assert found.key.reveal() == key
        assert found.whose == vendor


@pytest.mark.parametrize(
    "text",
    [
        "sk-this-is-a-word-with-hyphens",
        "d41d8cd98f00b204e9800998ecf8427e",
        "0" * 64,
        "x" + KEYS["groq"],
        KEYS["groq"] + "a1",
        "risk-proj-aT3BlbkFJa",
        "",
    ],
)
def test_what_is_no_key(text):
    assert [*Finder().keys(text)] == []


def test_ones_own_keys_are_found_whatever_their_form():
    own = Secret("0123456789abcdef(+)[x]")
    finder = Finder([own, Secret("short")])
    (found,) = finder.keys(f"x{own.reveal()}y short")
    assert found == (own, "a key of yours", "")


@pytest.mark.parametrize(
    ("pattern", "parts"),
    [
        ("a|b", ["a", "b"]),
        ("a(?:b|c)|d", ["a(?:b|c)", "d"]),
        (r"a\|[|]|b", [r"a\|[|]", "b"]),
        (r"[\]|]x", [r"[\]|]x"]),
        ("", [""]),
    ],
)
def test_the_forms_of_a_pattern(pattern, parts):
    assert _alternatives(pattern) == parts


@pytest.mark.parametrize("key", KEYS.values())
def test_a_text_with_a_key_is_never_passed_over(key):
    assert Finder().may_hold(f"x{key}y")
    assert not Finder().may_hold("x" * 100)
    assert Finder([Secret("0123456789abcdefgh")]).may_hold("0123456789abcdefgh")


def test_every_form_begins_with_something_to_look_for():
    marks = Finder()._marks
    assert all(len(mark) >= 3 for mark in marks)
    assert {"sk-", "sk-or-v1-", "gsk_", "AQ.Ab8RN6", "AIza"} <= set(marks)


@pytest.mark.timeout(60)
def test_a_long_text_that_looks_like_the_start_of_a_key_is_read_once():
    """Reading it again from each of the places where a key might begin would take hours."""
    assert [*Finder().keys("sk-proj-" * 500_000)] == []
