"""Keys are taken out of texts: in every spelling, in pieces of 12 characters, and nothing else."""

from __future__ import annotations

import base64
import json
import math

import pytest

from nbapimgr.secret import Secret, scrub
from tests.secrets.leaks import KEY, PIECE, leaks, spellings

SECRETS = [Secret(KEY)]
SPELLINGS = {
    name: text
    for name, text in spellings().items()
    if name in {"raw", "url", "json", "hex", "HEX"} or name.startswith("base64")
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_piece_of_every_spelling_is_taken_out(spelling):
    text = SPELLINGS[spelling]
    for start in range(len(text) - PIECE + 1):
        piece = text[start : start + PIECE]
        assert scrub(f"<{piece}>", SECRETS) == "<[secret]>", start


@pytest.mark.parametrize("spelling", ["raw", "url", "json", "hex"])
def test_a_known_key_is_taken_out_whole_and_cut(spelling):
    text = SPELLINGS[spelling]
    assert scrub(f"a {text} b", SECRETS) == "a [secret] b"
    assert scrub(text, SECRETS) == "[secret]"
    assert scrub(f"{text[:13]} and {text[-13:]}.", SECRETS) == "[secret] and [secret]."


def test_the_end_of_a_key_is_found_in_json_too():
    text = json.dumps("my-own-gateway-key/")[1:-1].replace("/", "\\/")
    assert scrub(f"{text[-12:]}.", [Secret("my-own-gateway-key/")]) == "[secret]."


def test_what_is_too_short_to_search_with_stays():
    assert scrub(KEY[-11:], SECRETS) == KEY[-11:]
    assert scrub(KEY[:11], SECRETS) == KEY[:11]


def test_a_text_with_every_spelling_is_clean_afterwards():
    whole = [
        encode(b"." * before + KEY.encode()).decode()
        for before in range(3)
        for encode in (base64.b64encode, base64.urlsafe_b64encode)
    ]
    left = scrub(" ".join([*SPELLINGS.values(), *whole]), SECRETS)
    assert left.split().count("[secret]") >= 5
    assert leaks({"the text": left}) == []


@pytest.mark.parametrize("before", ["", "a", "d", "ab", "ap", "abc"])
@pytest.mark.parametrize("key", ["my-own-gateway-key-1", "my-own-gateway-key-12", KEY])
def test_of_base64_only_what_a_neighbour_decides_stays(before, key):
    encoded = base64.b64encode((before + key).encode()).decode()
    head, tail = math.ceil(len(before) * 4 / 3), len(before + key) * 4 // 3
    left = scrub(f"id {encoded} end", [Secret(key)])
    assert left == f"id {encoded[:head]}[secret]{encoded[tail:]} end"


def test_short_keys_go_whole_and_words_stay():
    assert scrub("key abcdefgh!", [Secret("abcdefgh")]) == "key [secret]!"
    assert scrub("key bcdefgh!", [Secret("abcdefgh")]) == "key bcdefgh!"
    assert scrub("ollama is up", [Secret("ollama")]) == "ollama is up"
    assert scrub("", [Secret(KEY)]) == ""


def test_a_key_that_begins_as_another_does_goes_whole():
    both = [Secret("abcdefgh"), Secret("abcdefghijkl")]
    assert scrub("abcdefghijkl", both) == "[secret]"
    assert scrub("abcdefghijkl", both[::-1]) == "[secret]"


def test_keys_side_by_side_are_one_mask():
    both = [Secret("first-key-001"), Secret("other-key-002")]
    assert scrub("xfirst-key-001other-key-002y", both) == "x[secret]y"


@pytest.mark.parametrize(
    "text",
    [
        "sk-proj-" + "a1B2" * 10,
        "gsk_" + "a1" * 26,
        "AIza" + "S4" * 18,
        "AKIA" + "Z2" * 8,
        "Bearer abcdefghij0123456789",
    ],
)
def test_what_looks_like_a_key_is_taken_out_unknown(text):
    assert scrub(f"got {text}.").startswith("got [secret]")


@pytest.mark.parametrize(
    "text",
    [
        "skateboarding_championships_of_2025",
        "pkg_resources_something_long_1",
        "sk-learn-like-hyphenated-words-only",
        "fwd-looking-statements-of-q1-2026",
        "the bearer of this letter",
    ],
)
def test_words_that_look_a_little_like_keys_stay(text):
    assert scrub(text) == text
