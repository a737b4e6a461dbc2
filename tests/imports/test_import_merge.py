"""Several sources over what is there: once, under one name, with every conflict said."""

from __future__ import annotations

import pytest

from nbapimgr.imports import Account, Found, Known, Piece, merged
from nbapimgr.imports._vendors import account, is_key, origin, vendor_at
from nbapimgr.secret import Secret

ONE, TWO = "0123456789abcdef1111", "0123456789abcdef2222"
CORP = "https://llm.corp.example/v1"


def piece(*accounts, source="llm", near=False, **found):
    return Piece(
        source=source, place=f"/{source}", found=Found(accounts=accounts, **found), near=near
    )


def acts(pieces, known=None):
    """(what, name, what is said) of each addition."""
    return [(one.act, one.name, one.said) for one in merged(pieces, known or Known())]


def test_the_same_account_and_key_in_two_places_is_one():
    pieces = [
        piece(account("openai", key=ONE, models=("a",))),
        piece(account("chat", vendor="openai", key=ONE, models=("b", "a")), source=".env"),
    ]
    assert acts(pieces) == [
        ("provider", "openai", "https://api.openai.com/v1, 2 models"),
        ("key", "openai", "the key …1111"),
        ("kept", "openai", "the key …1111 is there already"),
    ]
    assert merged(pieces, Known())[0].value == {"vendor": "openai", "models": ("a", "b")}


def test_another_key_of_the_same_account_is_a_spare():
    pieces = [
        piece(account("openai", key=ONE)),
        piece(account("openai", key=TWO, rate_limits={"rpm": 5}), source=".env"),
    ]
    found = merged(pieces, Known())
    assert [(one.act, one.alias) for one in found] == [
        ("provider", ""), ("key", "default"), ("key", "env"),
    ]  # fmt: skip
    assert found[2].said == "another key, …2222, as a spare"
    assert found[0].value["rate_limits"] == {"rpm": 5}


def test_what_is_configured_stays_as_it_is():
    known = Known(
        providers={"mine": "https://api.openai.com/v1/", "bad": "http://h:x"},
        keys={"mine": (Secret(ONE),)},
        routes={"fast": ("mine",), "same": ("mine:m",)},
        budgets={"b": {"limit": 1}},
        default="mine",
    )
    found = piece(
        account("openai", key=ONE, models=("m",)),
        account("openai", key=TWO),
        routes={"fast": ("openai:m",), "same": ("openai:m",), "new": ("openai:m", "fast", "gone")},
        budgets={"b": {"limit": 2}, "c": {"limit": 3, "provider": "openai"}},
        default="openai:m",
        notes=("a note",),
    )
    assert acts([found], known) == [
        ("kept", "mine", "is there already, at https://api.openai.com/v1"),
        ("kept", "mine", "the key …1111 is there already"),
        ("kept", "mine", "is there already, at https://api.openai.com/v1"),
        ("key", "mine", "another key, …2222, as a spare"),
        ("kept", "fast", "this route is there already; there it is mine:m"),
        ("note", "new", "'gone' is not there; it is left out"),
        ("route", "new", "mine:m, fast"),
        ("kept", "b", "this budget is there already; there it is limit 2"),
        ("budget", "c", "limit 3, provider mine"),
        ("kept", "default", "stays mine; there it is mine:m"),
        ("note", "llm", "a note"),
    ]


def test_two_defaults_are_one_and_the_other_is_said():
    found = [piece(default="openai:a"), piece(default="openai:a"), piece(default="b", source="x")]
    assert acts(found) == [
        ("default", "default", "openai:a"),
        ("kept", "default", "stays openai:a; there it is b"),
    ]


def test_names_are_made_unique_and_usable():
    accounts = [
        account("my server!", base_url=CORP),
        account("my server!", base_url="http://10.0.0.7:1"),
        account("…", base_url="http://10.0.0.7:2"),
        account("mine", base_url="http://10.0.0.7:3"),
    ]
    found = acts([piece(*accounts)], Known(providers={"mine": "http://10.0.0.7:4"}))
    assert [name for _, name, _ in found] == ["my-server", "my-server-2", "imported", "mine-2"]


def test_a_route_to_nothing_is_none():
    assert [one[0] for one in acts([piece(routes={"a": ("gone",)})])] == ["note"]


def test_an_account_of_nobody_has_no_place():
    assert account("nobody").fields == {}
    assert acts([piece(account("nobody"))])[0][0] == "note"


def test_localhost_is_this_machine():
    pieces = [
        piece(account("a", base_url="http://localhost:1234/v1")),
        piece(account("b", base_url="http://127.0.0.1:1234/v1")),
    ]
    assert len(acts(pieces)) == 1


def test_a_vendor_whose_address_must_be_filled_in_is_left_out():
    assert acts([piece(account("azure", key=ONE))]) == [
        ("note", "azure", "its address is not known; add it with base_url=…")
    ]
    assert acts([piece(Account(name="x", fields={"base_url": "ftp:x"}, key=Secret(ONE)))])[0][
        0
    ] == ("note")


def test_an_address_with_a_password_is_not_shown():
    (only,) = acts([piece(Account(name="x", fields={"base_url": "https://me:pw@h.example/v1"}))])
    assert only == ("note", "x", "its address holds a password; it is left out")


def test_a_key_that_is_named_elsewhere_in_the_same_tool():
    pieces = [
        piece(keys={"lab": Secret(ONE)}),
        piece(Account(name="x", fields={"base_url": CORP}, key_name="lab")),
        piece(Account(name="y", fields={"base_url": "http://h:1"}, key_name="lab"), source="other"),
    ]
    assert [one[:2] for one in acts(pieces)] == [("provider", "x"), ("provider", "y"), ("key", "x")]


@pytest.mark.parametrize("near", [True, False])
def test_a_file_of_the_working_folder_takes_no_variable_elsewhere(near):
    """A repository's configuration may name the variable of your key and its author's address."""
    evil = account("x", base_url="https://evil.example/v1", env=("OPENAI_API_KEY",))
    own = account("openai", env=("OPENAI_API_KEY",))
    found = merged([piece(evil, own, near=near)], Known())
    fields = {one.name: one.value for one in found if one.act == "provider"}
    assert fields["openai"]["env"] == ("OPENAI_API_KEY",)
    assert ("env" in fields["x"]) is not near
    said = [one.said for one in found if one.act == "note"]
    assert bool(said) is near
    assert all("would be sent OPENAI_API_KEY" in line for line in said)


@pytest.mark.parametrize(
    ("value", "yes"),
    [
        (ONE, True), (f" {ONE} ", True), ("sk-…abcd", False), ("********", False), ("none", False),
        ("your-api-key-here", False), ("<paste it here>", False), ("${OPENAI_API_KEY}", False),
        ("os.environ/OPENAI", False), ("two words", False), ("schlüssel-lang", False),
        (None, False), (3, False), ("op://vault/item/key", False), ("$(pass openai)", False),
    ],
)  # fmt: skip
def test_what_may_be_a_key(value, yes):
    assert is_key(value) is yes


@pytest.mark.parametrize(
    ("url", "vendor"),
    [
        ("https://api.openai.com", "openai"),
        ("https://api.openai.com:443/v2", "openai"),
        ("http://localhost:11434/v1", "ollama"),
        ("https://x.openai.azure.com/", "azure"),
        ("https://api.openai.com.evil.example/v1", ""),
        ("http://[::1", ""),
        ("http://h:99999999", ""),
        ("", ""),
    ],
)
def test_whose_an_address_is(url, vendor):
    assert vendor_at(url) == vendor


def test_an_origin_says_its_port():
    assert origin("https://H.example/x") == "https://h.example:443"
    assert origin("http://h:8/") == "http://h:8"
    assert origin("h") == ""
