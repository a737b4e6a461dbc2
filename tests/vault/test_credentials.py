"""Keys by provider and alias: given ones first, then those of the environment."""

from __future__ import annotations

import copy
import pickle

import pytest

from nbapimgr.errors import OptionError, UnknownName
from nbapimgr.models import Candidate, Provider
from nbapimgr.secret import Secret
from nbapimgr.vault import Credentials

MINE = Provider(name="mine", dialect="openai-chat", base_url="http://127.0.0.1:1", env=("A", "B"))


def secret_of(keys, alias, provider=MINE):
    found = keys.secret(Candidate(provider=provider, model="m", credential=alias))
    return found.reveal() if found else None


def test_given_keys_come_first_and_empty_variables_do_not_count():
    keys = Credentials({"A": "", "B": " from-b "})
    assert keys.aliases(MINE) == ("env:B",)
    keys.add("mine", " given-one ")
    keys.add("mine", b"given-two", alias="work")
    assert keys.aliases(MINE) == ("default", "work", "env:B")
    assert [secret_of(keys, a) for a in keys.aliases(MINE)] == ["given-one", "given-two", "from-b"]
    assert [info.source for info in keys.list(MINE)][1:] == [
        "this kernel",
        "environment variable B",
    ]
    assert [info.active for info in keys.list(MINE)] == [True, False, False]


def test_a_keyless_provider_is_asked_without_one_only_when_it_has_none():
    keys = Credentials({})
    local = Provider(name="local", dialect="ollama", base_url="http://127.0.0.1:1", keyless=True)
    assert keys.aliases(local) == ("",)
    assert secret_of(keys, "", local) is None
    assert keys.list(local) == ()
    keys.add("local", "given-key")
    assert keys.aliases(local) == ("default",)


def test_another_key_is_made_the_first_and_one_is_forgotten():
    keys = Credentials({})
    keys.add("mine", "key-one")
    keys.add("mine", "key-two", alias="work")
    keys.activate("mine", "work")
    assert keys.aliases(MINE) == ("work", "default")
    keys.remove("mine", "work")
    assert keys.aliases(MINE) == ("default",)
    assert secret_of(keys, "work") is None
    for change in (keys.remove, keys.activate):
        with pytest.raises(UnknownName, match="no key of mine named 'wrok'"):
            change("mine", "wrok")


@pytest.mark.parametrize(
    ("key", "said"),
    [("", "empty"), ("  ", "empty"), ("sk-…abc", "masked"), ("sk-***", "masked"),
     ("two words", "spaces"), ("schlüssel", "letters no key has"), (b"\xff\xfe", "letters")],
)  # fmt: skip
def test_what_cannot_be_a_key_is_refused_without_being_shown(key, said):
    with pytest.raises(OptionError, match=said) as caught:
        Credentials({}).add("mine", key)
    assert str(key).strip() == "" or str(key) not in str(caught.value)


@pytest.mark.parametrize("alias", ["", "env:A"])
def test_an_alias_is_a_name_of_its_own(alias):
    with pytest.raises(OptionError, match="alias"):
        Credentials({}).add("mine", "key-one", alias=alias)


def test_all_that_is_known_is_there_for_scrubbing():
    keys = Credentials({"A": "from-a", "C": "of somebody else"})
    keys.add("mine", "given-key")
    keys.add("gone", "of-a-removed-one")
    assert {key.reveal() for key in keys.values([MINE])} == {
        "given-key",
        "of-a-removed-one",
        "from-a",
    }
    assert Credentials({"A": "from-a"}).values() == ()


def test_a_variable_that_goes_away_leaves_no_key():
    environ = {"A": "from-a"}
    keys = Credentials(environ)
    del environ["A"]
    assert secret_of(keys, "env:A") is None


def test_secrets_are_compared_by_value_and_leave_by_no_back_door():
    assert Secret("a" * 20) == Secret(b"a" * 20) == Secret(Secret("a" * 20))
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert not Secret("")
    for leave in (hash, pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            leave(Secret("a" * 20))
