"""What a user writes as a route, and who it stands for."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbapimgr import Settings
from nbapimgr.errors import SettingsError, UnknownName
from nbapimgr.manager._routes import known_names, resolve, rest
from nbapimgr.models import Provider


def provider(name, *models, priority=100, keyless=False):
    url = "http://127.0.0.1:9"
    return Provider(
        name=name, dialect="openai-chat", base_url=url, models=models, priority=priority,
        keyless=keyless,
    )  # fmt: skip


SETTINGS = Settings(
    providers=(
        provider("openai", "gpt-5-mini", "gpt-5"),
        provider("groq", "openai/gpt-oss-20b", "qwen/qwen3", priority=50),
        provider("ollama", "gpt-oss:120b", "gpt-5", priority=900, keyless=True),
        provider("or", "openai/gpt-5-mini", "openai/gpt-oss-20b", priority=200),
    ),
    routes={
        "fast": ("groq", "openai:gpt-5-mini"),
        "best": ("openai:gpt-5", "fast", "groq"),
        "one": ("two",),
        "two": ("three",),
        "three": ("one",),
        "empty": (),
    },
)


def targets(route, settings=SETTINGS):
    return list(resolve(route, settings).targets)


@pytest.mark.parametrize(
    ("route", "meant"),
    [
        ("openai", [("openai", None)]),
        (" openai ", [("openai", None)]),
        ("openai:gpt-5", [("openai", "gpt-5")]),
        ("openai:unlisted", [("openai", "unlisted")]),
        ("ollama:gpt-oss:120b", [("ollama", "gpt-oss:120b")]),
        ("gpt-oss:120b", [("ollama", "gpt-oss:120b")]),
        ("groq:openai/gpt-oss-20b", [("groq", "openai/gpt-oss-20b")]),
        ("groq/openai/gpt-oss-20b", [("groq", "openai/gpt-oss-20b")]),
        ("groq/unlisted", [("groq", "unlisted")]),
        ("openai/gpt-5-mini", [("openai", "gpt-5-mini")]),
        ("openai/unlisted", [("openai", "unlisted")]),
        ("openai/gpt-oss-20b", [("groq", "openai/gpt-oss-20b"), ("or", "openai/gpt-oss-20b")]),
        ("qwen/qwen3", [("groq", "qwen/qwen3")]),
        ("gpt-5", [("openai", "gpt-5"), ("ollama", "gpt-5")]),
        ("local", [("ollama", None)]),
    ],
)
def test_one_target_has_the_others_behind_it(route, meant):
    found = resolve(route, SETTINGS)
    assert list(found.targets) == meant
    assert found.backed is (route != "local")
    behind = [(name, None) for name in ("groq", "openai", "or", "ollama")]
    assert list(rest(found, SETTINGS)) == (meant + behind if found.backed else meant)


@pytest.mark.parametrize(
    ("route", "meant"),
    [
        ("groq,openai", [("groq", None), ("openai", None)]),
        (" groq , openai:gpt-5 ,", [("groq", None), ("openai", "gpt-5")]),
        ("groq,", [("groq", None)]),
        ("groq,groq", [("groq", None)]),
        ("fast", [("groq", None), ("openai", "gpt-5-mini")]),
        (" fast ", [("groq", None), ("openai", "gpt-5-mini")]),
        ("best", [("openai", "gpt-5"), ("groq", None), ("openai", "gpt-5-mini")]),
        ("ollama,best", [("ollama", None), ("openai", "gpt-5"), ("groq", None),
                         ("openai", "gpt-5-mini")]),
        ("gpt-5,groq", [("openai", "gpt-5"), ("ollama", "gpt-5"), ("groq", None)]),
        ("empty", []),
        (",", []),
    ],
)  # fmt: skip
def test_a_chain_is_all_there_is(route, meant):
    found = resolve(route, SETTINGS)
    assert list(found.targets) == meant
    assert rest(found, SETTINGS) == found.targets


def test_without_a_route_it_is_everyone_by_priority():
    assert targets(None) == [(name, None) for name in ("groq", "openai", "or", "ollama")]


def test_the_default_is_a_route_like_any_other():
    settings = Settings(
        providers=SETTINGS.providers, routes=SETTINGS.routes, default="openai:gpt-5"
    )
    assert targets(None, settings) == [("openai", "gpt-5")]
    assert resolve(None, settings).backed


def test_a_provider_called_local_is_that_provider():
    settings = Settings(providers=(*SETTINGS.providers, provider("local", "m")))
    assert targets("local", settings) == [("local", None)]


def test_local_where_nothing_is_local():
    with pytest.raises(UnknownName, match="'local'"):
        targets("local", Settings(providers=SETTINGS.providers[:2]))


@pytest.mark.parametrize("route", ["one", "two", "openai,three"])
def test_a_route_that_leads_to_itself_is_shown(route):
    with pytest.raises(SettingsError, match="leads to itself: ") as caught:
        resolve(route, SETTINGS)
    assert " → " in str(caught.value)


@pytest.mark.parametrize(
    ("route", "hint"),
    [
        ("opnai", "did you mean 'openai'?"),
        ("gpt-5-mni", "did you mean 'gpt-5-mini'?"),
        ("fsat", "did you mean 'fast'?"),
        ("groq,opnai", "did you mean 'openai'?"),
        ("opena:gpt-5", "did you mean 'openai:gpt-5'?"),
        ("zzzzzz", "known: "),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(route, hint):
    with pytest.raises(UnknownName, match="no route, provider or model named") as caught:
        resolve(route, SETTINGS)
    assert hint in caught.value.hint


def test_what_can_be_named_is_what_can_be_resolved():
    names = known_names(SETTINGS)
    assert len(names) == len(set(names))
    for name in names:
        if name not in {"one", "two", "three", "empty"}:
            assert targets(name), name


@given(st.text(max_size=20) | st.sampled_from(known_names(SETTINGS)))
def test_any_text_is_a_route_or_is_refused(route):
    with suppress(UnknownName, SettingsError):
        assert all(SETTINGS.provider(name) for name, _ in resolve(route, SETTINGS).targets)
