"""Sources of settings: who wins, who says so, and who is not overridden."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbapimgr.errors import OptionError
from nbapimgr.models import Provider
from nbapimgr.settings import Budget, Layer, Settings, Stack, table_of
from nbapimgr.settings._table import MISSING, applied, changes, pieces, settings_of

BASE = {"dialect": "openai-chat", "base_url": "http://127.0.0.1:9/v1"}


def layer(kind, **table):
    return Layer(kind=kind, path=Path(f"/{kind}.toml"), table=table)


def mine(**fields):
    return {"mine": {**BASE, **fields}}


def test_the_order_of_precedence():
    stack = Stack(
        [
            layer("managed", default="m", providers={"mine": {"priority": 1}}),
            layer("project", default="p", mode="replay", providers={"mine": {"priority": 2}}),
            layer("user", default="u", mode="live", policy="spread", providers=mine(enabled=False)),
        ]
    )
    found = stack.settings
    assert (found.default, found.mode, found.policy) == ("m", "replay", "spread")
    assert (found.providers[0].priority, found.providers[0].enabled) == (1, False)
    assert {".".join(one.place): one.source for one in stack.origins()} == {
        "default": "/managed.toml (managed)",
        "mode": "/project.toml (project)",
        "policy": "/user.toml (user)",
        "providers.mine.dialect": "/user.toml (user)",
        "providers.mine.base_url": "/user.toml (user)",
        "providers.mine.enabled": "/user.toml (user)",
        "providers.mine.priority": "/managed.toml (managed)",
    }
    assert stack.source(("providers", "mine", "models")) == "default"


def test_what_a_program_gives_has_no_file():
    stack = Stack([Layer(kind="explicit", table={"default": "a"})])
    assert [one.source for one in stack.origins()] == ["given to Manager(settings=…)"]


def test_only_what_changes_is_said_by_the_layer_that_changes():
    user = layer("user", providers={"mine": {"enabled": True}}, routes={"a": ("b",)})
    stack = Stack([layer("project", providers=mine(models=["m"]), default="p"), user])

    def change(settings):
        changed = msgspec.structs.replace(settings.providers[0], priority=5)
        return msgspec.structs.replace(settings, providers=(changed,), routes={"c": ("d",)})

    new = stack.changed(user, change)
    assert new.table == {
        "providers": {"mine": {"enabled": True, "priority": 5}},
        "routes": {"c": ("d",)},
    }
    assert stack.replaced(user, new).settings == change(stack.settings)
    assert user.table["routes"] == {"a": ("b",)}


def without(settings):
    return msgspec.structs.replace(settings, providers=())


def moved(settings):
    provider = msgspec.structs.replace(settings.providers[0], base_url="http://elsewhere")
    return msgspec.structs.replace(settings, providers=(provider,))


def another_default(settings):
    return msgspec.structs.replace(settings, default="x")


@pytest.mark.parametrize("kind", ["managed", "project", "explicit"])
@pytest.mark.parametrize(
    ("change", "place"),
    [
        (without, "providers.mine"),
        (moved, "providers.mine.base_url"),
        (another_default, "default"),
    ],
)
def test_what_a_higher_layer_says_cannot_be_changed(kind, change, place):
    user = layer("user", providers=mine(), default="u")
    stack = Stack([layer(kind, default="u", providers={"mine": {"base_url": "http://h"}}), user])
    with pytest.raises(OptionError) as caught:
        stack.changed(user, change)
    assert (
        str(caught.value) == f"{place} is set by /{kind}.toml ({kind}) and cannot be changed here"
    )
    assert caught.value.hint


def test_a_provider_that_lacks_something_is_said_and_left_out():
    stack = Stack([layer("user", providers={"half": {"priority": 3}, **mine()})])
    assert [p.name for p in stack.settings.providers] == ["mine"]
    (note,) = stack.notes()
    assert note == "/user.toml (user): providers.half: Object missing required field `dialect`"


def test_what_is_known_of_a_provider_need_not_be_said():
    stack = Stack([layer("user", providers={"a": {"priority": 3}})], lambda *_: BASE)
    assert stack.settings.providers[0].base_url == BASE["base_url"]
    assert stack.source(("providers", "a", "base_url")) == "default"
    assert stack.source(("providers", "a")) == "/user.toml (user)"


def test_who_is_managed_is_found():
    managed = layer("managed", mode="replay")
    stack = Stack([managed, layer("user", mode="live", default="x")])
    assert stack.managed(("mode",)) is managed
    assert stack.managed(("default",)) is None


def test_what_cannot_be_written_is_refused():
    user = layer("user")
    wrong = Provider(name="a", **BASE, options={"x": object()})
    with pytest.raises(OptionError, match="cannot be written as TOML"):
        Stack([user]).changed(user, lambda _: Settings(providers=(wrong,)))


names = st.text("ab.", min_size=1, max_size=2)
settings = st.builds(
    Settings,
    default=st.none() | names,
    mode=st.none() | st.just("live"),
    policy=st.sampled_from(["priority", "spread"]),
    routes=st.dictionaries(names, st.tuples(names), max_size=2),
    policies=st.dictionaries(names, st.just("spread"), max_size=2),
    budgets=st.dictionaries(names, st.builds(Budget, limit=st.just(1.0), provider=names)),
    projects=st.just(()) | st.tuples(names),
    providers=st.lists(
        st.builds(
            Provider, name=names, dialect=names, base_url=names, priority=st.integers(99, 101)
        ),
        max_size=3,
        unique_by=lambda p: p.name,
    ).map(tuple),
)


@given(old=settings, new=settings)
def test_changes_make_of_one_what_the_other_is(old, new):
    before = table_of(old)
    after = applied(before, changes(before, table_of(new)))
    found, lacking = settings_of(after)
    assert not lacking
    assert sorted(found.providers, key=str) == sorted(new.providers, key=str)
    replace = msgspec.structs.replace
    assert replace(found, providers=()) == replace(new, providers=())
    assert before == table_of(old)


@given(one=settings)
def test_nothing_changed_is_no_change(one):
    assert changes(table_of(one), table_of(one)) == {}
    assert applied({}, dict(pieces(table_of(one)))) == table_of(one)


def test_an_empty_record_stays_a_record():
    assert applied({}, dict(pieces({"providers": {"a": {}}}))) == {"providers": {"a": {}}}
    assert changes({"providers": {"a": {}}}, {"providers": {"a": {"x": 1}}}) == {
        ("providers", "a"): MISSING,
        ("providers", "a", "x"): 1,
    }
    assert repr(MISSING) == "MISSING"


def test_an_empty_record_takes_nothing_away():
    stack = Stack([layer("project", providers={"mine": {}}), layer("user", providers=mine())])
    assert stack.table["providers"] == mine()
