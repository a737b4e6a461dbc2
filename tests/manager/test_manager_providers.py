"""Providers: added, changed, removed, kept; and each wrong field answered in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbapimgr import AllProvidersFailed, OptionError, Settings, UnknownName
from nbapimgr.manager import Manager
from nbapimgr.settings import load
from nbapimgr.wire.catalogue import CATALOGUE
from tests.engine.faultserver import error, status

URL = "http://127.0.0.1:9/v1"


def test_a_known_name_brings_everything(llm):
    added = llm.providers.add("groq")
    known = CATALOGUE["groq"]
    assert (added.vendor, added.dialect, added.base_url) == ("groq", "openai-chat", known.base_url)
    assert (added.models, added.env, added.keyless) == (known.models, known.env, False)
    assert llm.providers["groq"] is llm.settings.provider("groq") == added


def test_what_is_said_wins_over_the_catalogue(llm):
    added = llm.providers.add("mine", vendor="groq", models="just-this", priority=3)
    assert (added.name, added.vendor, added.models, added.priority) == (
        "mine", "groq", ("just-this",), 3,
    )  # fmt: skip


def test_a_known_name_at_an_address_of_ones_own_is_ones_own(llm):
    added = llm.providers.add("groq", base_url=URL)
    assert (added.vendor, added.models, added.keyless) == ("", (), True)


@pytest.mark.parametrize(
    ("fields", "keyless"),
    [
        ({}, True),
        ({"key": "a-key-of-mine"}, False),
        ({"keyless": False}, False),
        ({"env": ["MY_KEY"]}, False),
        ({"vendor": "openai"}, False),
    ],
)
def test_whether_a_server_of_ones_own_needs_a_key(llm, fields, keyless):
    assert llm.providers.add("mine", base_url=URL, **fields).keyless is keyless


def test_a_key_is_kept_in_memory_and_in_no_file(llm, home):
    llm.providers.add("mine", base_url=URL, key="a-key-of-mine")
    assert [info.masked for info in llm.credentials.list("mine")] == ["…"]
    assert "a-key-of-mine" not in (home / "settings.toml").read_text()


def test_it_is_a_mapping(llm):
    assert (len(llm.providers), list(llm.providers), repr(llm.providers)) == (
        0, [], "<Providers: none>",
    )  # fmt: skip
    llm.providers.add("b", base_url=URL)
    llm.providers.add("a", base_url=URL)
    assert list(llm.providers) == ["b", "a"]
    assert len(llm.providers) == 2
    assert "a" in llm.providers
    assert "c" not in llm.providers
    assert llm.providers.get("c") is None
    assert repr(llm.providers) == "<Providers: b, a>"
    with pytest.raises(KeyError):
        llm.providers["c"]


def test_what_is_added_again_is_replaced_in_its_place(llm):
    for name in ("a", "b", "c"):
        llm.providers.add(name, base_url=URL)
    llm.providers.add("b", base_url=URL, models=["new"])
    assert list(llm.providers) == ["a", "b", "c"]
    assert llm.providers["b"].models == ("new",)


def test_it_is_changed_and_removed(llm):
    llm.providers.add("a", base_url=URL, models=["m"], priority=7)
    changed = llm.providers.update("a", enabled=False, models="n")
    assert (changed.enabled, changed.models, changed.priority) == (False, ("n",), 7)
    assert llm.providers["a"] == changed
    llm.providers.remove("a")
    assert not llm.providers


def test_all_of_it_is_there_in_the_next_kernel(llm, home):
    llm.providers.add("a", base_url=URL, models=["m", "n"], rate_limits={"rpm": 5}, priority=2,
                      headers={"x-team": "red"}, options={"region": "eu"})  # fmt: skip
    llm.providers.add("groq")
    llm.providers.add("b", base_url=URL)
    llm.providers.remove("b")
    again = Manager(home)
    assert again.settings == llm.settings == load(home / "settings.toml")
    again.close()


def test_comments_in_the_file_stay(llm, home):
    llm.providers.add("a", base_url=URL)
    path = home / "settings.toml"
    path.write_text(path.read_text().replace("[providers.a]", "# by hand\n[providers.a]  # mine"))
    llm.providers.add("b", base_url=URL)
    assert "# by hand" in path.read_text()
    assert "# mine" in path.read_text()


def test_given_settings_are_never_saved(home):
    llm = Manager(home, settings=Settings())
    llm.providers.add("a", base_url=URL)
    assert "a" in llm.providers
    assert not (home / "settings.toml").exists()
    assert llm.trouble == ()
    llm.close()


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a/b", "a,b", "-a", "ä", 3, None])
def test_a_name_that_cannot_be_one(llm, name):
    with pytest.raises(OptionError, match="cannot name a provider") as caught:
        llm.providers.add(name, base_url=URL)
    assert "letters, digits" in caught.value.hint
    assert not llm.providers


@pytest.mark.parametrize("name", ["a", "A9", "my-server_2.local"])
def test_a_name_that_can_be_one(llm, name):
    assert llm.providers.add(name, base_url=URL).name == name


@pytest.mark.parametrize(
    ("fields", "said", "hint"),
    [
        ({"modles": ["m"]}, "no provider field named 'modles'", "did you mean 'models'?"),
        ({"name2": 1}, "no provider field named 'name2'", "known: "),
        ({"dialect": "opena-chat"}, "no dialect named 'opena-chat'", "'openai-chat'"),
        ({"vendor": "opnai"}, "no vendor named 'opnai'", "did you mean 'openai'?"),
        ({"vendor": 3}, "vendor is a name of the catalogue", ""),
        ({"rate_limits": {"rpn": 1}}, "no rate limit named 'rpn'", "did you mean 'rpm'?"),
        ({"rate_limits": {"rpm": "x"}}, "Expected `int`, got `str` - at `$.rate_limits", ""),
        ({"priority": "high"}, "Expected `int`, got `str` - at `$.priority`", ""),
        ({"models": 3}, "Expected `array`, got `int` - at `$.models`", ""),
        ({"enabled": "yes"}, "Expected `bool`, got `str` - at `$.enabled`", ""),
        ({"options": 3}, "Expected `object`, got `int` - at `$.options`", ""),
        ({"options": {"a": Path("b")}}, "PosixPath", ""),
        ({"base_url": 3}, "Expected `str`, got `int` - at `$.base_url`", ""),
        ({"base_url": "127.0.0.1:9"}, "base_url '127.0.0.1:9' is no http(s) address", "http://"),
        ({"base_url": "ftp://h"}, "base_url 'ftp://h' is no http(s) address", "http://"),
        ({"base_url": "http://"}, "base_url 'http://' is no http(s) address", "http://"),
        ({"base_url": "http://[h"}, "base_url is no http(s) address", "http://"),
        ({"base_url": "http://h:99999"}, "base_url is no http(s) address", "http://"),
        ({"base_url": "http://u:pw/d@h"}, "base_url is no http(s) address", "http://"),
        ({"base_url": "http://u:p@h"}, "base_url holds a secret", "give it as key="),
        ({"base_url": "ftp://u:p@h"}, "base_url holds a secret", "give it as key="),
        ({"base_url": "http://h/v1?a=1&api_key=k"}, "base_url (api_key) holds a secret", "key="),
        ({"options": {"token": "k"}}, "options['token'] holds a secret", "key="),
        ({"headers": {"X-Api-Key": "k"}}, "headers['X-Api-Key'] holds a secret", "key="),
    ],
)
def test_a_wrong_field_is_one_line(llm, fields, said, hint):
    with pytest.raises((OptionError, UnknownName)) as caught:
        llm.providers.add("mine", **{"base_url": URL, **fields})
    assert said in str(caught.value)
    assert hint in caught.value.hint
    assert "\n" not in str(caught.value)
    assert "pw" not in str(caught.value)
    assert not llm.providers
    assert llm.trouble == ()


@pytest.mark.parametrize(
    ("name", "hint"),
    [("opnai", "did you mean 'openai'? a server of your own needs base_url"),
     ("zzzzz", "a server of your own needs base_url")],
)  # fmt: skip
def test_a_name_nobody_knows_needs_an_address(llm, name, hint):
    with pytest.raises(UnknownName, match="no known provider") as caught:
        llm.providers.add(name)
    assert caught.value.hint.startswith(hint)


def test_wrong_options_without_an_address(llm):
    with pytest.raises(UnknownName, match="no known provider"):
        llm.providers.add("zzzzz", options=3)


def test_a_key_that_cannot_be_one_adds_nothing(llm):
    with pytest.raises(OptionError, match="is masked"):
        llm.providers.add("mine", base_url=URL, key="sk-…abcd")
    assert not llm.providers


@pytest.mark.parametrize("change", ["update", "remove", "test"])
def test_who_is_not_there_cannot_be_changed(llm, change):
    llm.providers.add("mine", base_url=URL)
    with pytest.raises(UnknownName, match="no provider named 'mien'") as caught:
        getattr(llm.providers, change)("mien")
    assert caught.value.hint == "did you mean 'mine'?"


def test_a_wrong_change_changes_nothing(llm):
    before = llm.providers.add("mine", base_url=URL)
    for fields in ({"priorty": 1}, {"priority": "x"}, {"base_url": "nowhere"}):
        with pytest.raises((OptionError, UnknownName)):
            llm.providers.update("mine", **fields)
    assert llm.providers["mine"] == before


def test_it_is_checked_with_its_free_call(asked, server):
    server.script(status(200, {"data": [{"id": "m"}, {"id": "n"}]}))
    assert [info.id for info in asked.providers.test("one")] == ["m", "n"]
    assert [(seen.method, seen.target) for seen in server.seen] == [("GET", "/v1/models")]
    assert len(asked.usage()) == 0


def test_a_check_that_fails_says_why(asked, server):
    server.script(error(401, "bad key"))
    with pytest.raises(AllProvidersFailed) as caught:
        asked.providers.test("one")
    assert caught.value.attempts[0].failure.category == "auth.invalid_key"


def test_a_model_may_be_a_table_that_says_what_it_can_do(llm):
    table = {"id": "n", "context_window": 4096, "images": False}
    made = llm.providers.add("mine", base_url=URL, models=["m", table])
    assert made.models == ("m", "n")
    assert llm.providers.update("mine", priority=3).declared == made.declared
    assert llm.providers.update("mine", models=table).models == ("n",)
    assert llm.providers.update("mine", models=["m"]).declared == ()


def test_a_wrong_table_of_a_model_is_one_line(llm):
    with pytest.raises(OptionError, match=r"provider 'mine': models\[0\]: unknown key 'imges'"):
        llm.providers.add("mine", base_url=URL, models=[{"id": "m", "imges": False}])
