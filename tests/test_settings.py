"""Settings: read strictly, written without losing what is there, never half."""

from __future__ import annotations

import errno
import os
import threading
import tomllib
from pathlib import Path

import msgspec
import pytest
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st

from nbapimgr.errors import SettingsError
from nbapimgr.models import Provider
from nbapimgr.settings import Settings, load, places, provider_from, save, update
from nbapimgr.settings import _file as file_room


@pytest.fixture
def path(tmp_path):
    """Where the settings are; nothing is there yet."""
    return tmp_path / "conf" / "settings.toml"


def provider(name, **fields):
    return Provider(name=name, dialect="openai-chat", base_url="http://127.0.0.1:9/v1", **fields)


def adding(one):
    """The change that adds a provider."""
    return lambda s: msgspec.structs.replace(s, providers=(*s.providers, one))


# --- where ----------------------------------------------------------------------------------------


def test_a_home_holds_everything(tmp_path):
    here = places(tmp_path)
    assert here.settings == tmp_path / "settings.toml"
    assert here.prices == tmp_path / "prices.toml"
    assert here.data == tmp_path / "usage"
    assert here.cache == tmp_path / "cache"


def test_the_environment_names_the_home(tmp_path, monkeypatch):
    monkeypatch.setenv("NBAPIMGR_HOME", str(tmp_path / "env"))
    assert places() == places(tmp_path / "env")
    assert places(tmp_path / "named") != places()


def test_a_home_may_be_in_the_users(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert places("~/kit").settings == tmp_path / "kit" / "settings.toml"


def test_without_a_home_it_is_the_platforms(monkeypatch):
    monkeypatch.delenv("NBAPIMGR_HOME")
    found = places()
    assert found.settings.parts[-2:] == ("nbapimgr", "settings.toml")
    assert found.prices.parent == found.settings.parent
    assert found.data.name == "usage"
    assert len({found.settings.parent, found.data, found.cache}) == 3


# --- reading --------------------------------------------------------------------------------------


def test_no_file_is_no_settings(path):
    assert load(path) == Settings()
    assert load(path).provider("any") is None


def test_what_a_person_writes(path):
    path.parent.mkdir()
    path.write_text("""
        default = "fast"
        [routes]
        fast = "mine:m, other ,"
        slow = ["other", "mine"]
        [providers.mine]
        dialect = "openai-chat"
        base_url = "http://127.0.0.1:9/v1"
        models = ["m"]
        rate_limits = {rpm = 5}
        [providers.other]
        dialect = "gemini"
        base_url = "http://127.0.0.1:8"
    """)
    found = load(path)
    assert found.default == "fast"
    assert found.routes == {"fast": ("mine:m", "other"), "slow": ("other", "mine")}
    assert [p.name for p in found.providers] == ["mine", "other"]
    assert found.provider("mine").rate_limits == {"rpm": 5}
    assert found.provider("none") is None


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("x = ", "line 1: not valid TOML: Invalid value", ""),
        ("default = 'a'\nx = [\n\n1 1]", "line 4: not valid TOML: Unclosed array", ""),
        ("version = 'x'", "line 1: version: 'x' is no version", "this one is 2"),
        ("version = true", "version: True is no version", ""),
        ("version = 0", "version: 0 is no version", ""),
        ("# mine\n[providerz]", "line 2: unknown key 'providerz'", "did you mean 'providers'?"),
        ("zzz = 1", "unknown key 'zzz'", "known: budgets, default, mode, policies, policy,"),
        ("providers = 3", "line 1: providers: expected a table, got 3", ""),
        ("providers = {x = 3}", "line 1: providers.x: expected a table, got 3", ""),
        ("[providers.x]\ndialct = 'a'", "line 2: providers.x: unknown key 'dialct'", "'dialect'"),
        ("[providers.x]\nname = 'y'", "line 2: providers.x: unknown key 'name'", "known: "),
        ("[providers.x]\ndialect = 3", "line 2: providers.x.dialect: Expected `str`, got", ""),
        ("[providers.x]", "line 1: providers.x: Object missing required field `dialect`", ""),
        (
            "[providers.x]\napi_key = 'k'",
            "line 2: providers.x.api_key: keys are not kept",
            "rotate",
        ),
        ("routes = 3", "line 1: routes: expected a table, got 3", ""),
        ("routes = {a = 3}", "line 1: routes.a: expected text", ""),
        ("\n\n[routes]\nb='c'\na = [\n3,\n]", "line 5: routes.a: expected text", ""),
        ("default = 3", "line 1: default: expected the name of a route, got 3", ""),
        ("mode = 'lve'", "line 1: mode: there is no 'lve'", "did you mean 'live'?"),
        ("policy = 'cheap'", "line 1: policy: there is no 'cheap'", "did you mean 'cheapest'?"),
        ("policy = 3", "line 1: policy: there is no 3", "known: balanced, cheapest, fastest"),
        ("policies = {a = 'best'}", "line 1: policies.a: there is no 'best'", "known: "),
        ("projects = '~/x'", "line 1: projects: expected a list of text", 'e.g. ["~/course"]'),
        ("[budgets.b]\nlimit = 0", "line 2: budgets.b.limit: must be more than 0, not 0", ""),
        ("[budgets.b]\nlimit = nan", "line 2: budgets.b.limit: must be more than 0", ""),
        ("[budgets.b]", "line 1: budgets.b: Object missing required field `limit`", ""),
        ("[budgets.b]\nlimit = 1\nper = 'yr'", "line 3: budgets.b.per: Invalid enum value", ""),
        ("[budgets.b]\nlimt = 1", "line 2: budgets.b: unknown key 'limt'", "did you mean 'limit'?"),
        (f"default = {'x' * 200!r}\nroutes = {'y' * 99!r}", f"got '{'y' * 59}…", ""),
        ("a = " + "[" * 9000, "nested too deeply", ""),
    ],
)
def test_what_is_not_understood_is_named(path, text, said, hint):
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert said in str(caught.value)
    assert hint in caught.value.hint


def test_what_cannot_be_read_is_said_once(path):
    path.mkdir(parents=True)
    with pytest.raises(SettingsError, match="cannot be read: Is a directory") as caught:
        load(path)
    assert str(caught.value).count(str(path)) == 1


def test_bytes_that_are_no_text(path):
    path.parent.mkdir()
    path.write_bytes(b"default = '\xff'")
    with pytest.raises(SettingsError, match=r"cannot be read: .*utf-8"):
        load(path)


# --- writing --------------------------------------------------------------------------------------

names = st.text(st.sampled_from("abc09_.-"), min_size=1, max_size=6)
provider_names = st.from_regex(r"[abc09][abc09_.-]{0,5}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
values = st.recursive(
    st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
providers = st.builds(
    Provider,
    name=provider_names,
    dialect=texts,
    base_url=texts,
    models=st.lists(texts, max_size=3).map(tuple),
    priority=st.integers(-5, 5),
    enabled=st.booleans(),
    rate_limits=st.dictionaries(texts, st.integers(0, 9), max_size=2),
    headers=st.dictionaries(texts, texts, max_size=2),
    options=st.dictionaries(texts, values, max_size=3),
)
all_settings = st.builds(
    Settings,
    providers=st.lists(providers, max_size=4, unique_by=lambda p: p.name).map(tuple),
    routes=st.dictionaries(names, st.lists(names, max_size=3).map(tuple), max_size=3),
    default=st.none() | texts,
)


@given(first=all_settings, second=all_settings)
def test_what_is_written_is_what_is_read(tmp_path_factory, first, second):
    """In a new file, and over any other settings."""
    path = tmp_path_factory.mktemp("written") / "settings.toml"
    save(path, first)
    assert load(path) == first
    save(path, second)
    assert load(path) == second
    assert tomllib.loads(path.read_text("utf-8"))["version"] == 2


PERSONAL = """\
# my settings
default = "mine"   # the cheap one

[providers.mine]   # at work
# first the dialect
dialect = "openai-chat"
base_url = "http://127.0.0.1:9/v1"
models = [
  "m",   # good
]

[providers.other]
dialect = "gemini"
base_url = "http://127.0.0.1:8"
# the end
"""


def test_comments_and_order_stay(path):
    path.parent.mkdir()
    path.write_text(PERSONAL)
    changed = msgspec.structs.replace(provider("mine", models=("m",)), priority=3)
    update(
        path,
        lambda s: Settings(
            providers=(changed, s.providers[1], provider("new")),
            routes={"r": ("new", "mine")},
            default=s.default,
        ),
    )
    text = path.read_text()
    for kept in ("# my settings", "# the cheap one", "# at work", "# first the dialect", "# good"):
        assert kept in text
    assert text.index("[providers.mine]") < text.index("[providers.other]") < text.index(".new]")
    assert load(path).providers == (changed, load(path).providers[1], provider("new"))


def test_nothing_changed_changes_nothing_but_the_version(path):
    path.parent.mkdir()
    path.write_text(PERSONAL)
    update(path, lambda s: s)
    assert path.read_text().replace("version = 2\n", "") == PERSONAL


def test_what_is_gone_is_gone(path):
    path.parent.mkdir()
    path.write_text(PERSONAL)
    update(path, lambda s: msgspec.structs.replace(s, providers=s.providers[1:], default=None))
    assert "mine" not in path.read_text()
    assert [p.name for p in load(path).providers] == ["other"]


@pytest.mark.parametrize(
    "text",
    [
        'providers = {a = {dialect = "x", base_url = "y"}}  # inline\n',
        'providers.a.dialect = "x"\nproviders.a.base_url = "y"\n',
        '[providers]\n[providers.a]\ndialect = "x"\nbase_url = "y"\n[routes]\nr = "a"\n',
        'providers.a = {dialect = "x", base_url = "y", options = {}}\nroutes.r = "a"\n',
    ],
)
def test_every_way_to_write_toml_survives_a_change(path, text):
    path.parent.mkdir()
    path.write_text(text)
    before = load(path)
    after = update(path, adding(provider("new", options={"deep": {"er": [1, {"x": 2}]}})))
    assert load(path) == after
    assert after.providers[:-1] == before.providers
    assert after.routes == before.routes


def test_the_order_of_providers_is_kept_too(path):
    """It decides between equal priorities."""
    save(path, Settings(providers=(provider("a"), provider("b"))))
    save(path, Settings(providers=(provider("b"), provider("a"))))
    assert [p.name for p in load(path).providers] == ["b", "a"]


def test_a_null_is_left_out(path):
    save(path, Settings(providers=(provider("a", options={"x": None, "y": [1]}),)))
    assert load(path).providers[0].options == {"y": [1]}


@pytest.mark.parametrize("value", [object(), [None], {"x": object()}])
def test_what_toml_cannot_say_is_refused_and_nothing_written(path, value):
    save(path, Settings())
    before = path.read_bytes()
    with pytest.raises(SettingsError, match="cannot be written as TOML"):
        save(path, Settings(providers=(provider("a", options={"x": value}),)))
    assert path.read_bytes() == before


def test_a_damaged_file_is_never_written_over(path):
    path.parent.mkdir()
    path.write_text("default = ")
    with pytest.raises(SettingsError, match="not valid TOML"):
        save(path, Settings())
    assert path.read_text() == "default = "


def test_others_changes_are_kept(path):
    save(path, Settings(providers=(provider("a"),)))
    assert update(path, adding(provider("b"))).provider("a")
    assert [p.name for p in load(path).providers] == ["a", "b"]


def test_many_writers_lose_nothing(path):
    threads = [
        threading.Thread(target=update, args=(path, adding(provider(f"p{n}")))) for n in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(p.name for p in load(path).providers) == sorted(f"p{n}" for n in range(12))


def test_a_link_stays_a_link(path, tmp_path):
    """People keep such files in a repository of theirs."""
    real = tmp_path / "dotfiles" / "nbapimgr.toml"
    real.parent.mkdir()
    real.write_text(PERSONAL)
    path.parent.mkdir()
    path.symlink_to(real)
    update(path, adding(provider("new")))
    assert path.is_symlink()
    assert "# my settings" in real.read_text()
    assert load(real).provider("new")


@pytest.mark.parametrize("step", ["mkstemp", "fsync", "replace"])
def test_a_full_or_read_only_disk_leaves_the_old_file_and_no_litter(path, monkeypatch, step):
    save(path, Settings(default="old"))
    before = path.read_bytes()

    def fail(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    owner = {"mkstemp": "tempfile", "fsync": "os", "replace": "pathlib.Path"}[step]
    monkeypatch.setattr(f"{owner}.{step}", fail)
    with pytest.raises(SettingsError, match="cannot be written: No space left on device") as caught:
        save(path, Settings(default="new"))
    assert str(path) in str(caught.value)
    assert path.read_bytes() == before
    assert {p.name for p in path.parent.iterdir()} <= {"settings.toml", "settings.toml.lock"}


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SettingsError, match="cannot be written"):
        save(tmp_path / "file" / "settings.toml", Settings())


def test_a_lock_that_is_not_let_go_is_not_waited_for_for_ever(path, monkeypatch):
    monkeypatch.setattr(file_room, "_PATIENCE", 0.01)
    path.parent.mkdir()
    with FileLock(f"{path}.lock"), pytest.raises(SettingsError, match=r"cannot be written: .*lock"):
        save(path, Settings())
    save(path, Settings())
    assert Path(path).exists()


def test_a_file_system_without_locks(path, monkeypatch):
    def acquire(*_, **__):
        raise NotImplementedError("FileSystem does not appear to support flock")

    monkeypatch.setattr("filelock.FileLock.acquire", acquire)
    with pytest.raises(SettingsError, match="does not appear to support flock"):
        save(path, Settings())


@pytest.mark.parametrize(
    "models",
    [
        ["m", {"id": "n", "context_window": 4096, "images": False}],
        [{"id": "n", "tools": True}, {"id": "m", "schema": False, "max_output_tokens": 8}],
    ],
)
def test_models_that_are_tables_come_back(path, models):
    fields = {"name": "x", "dialect": "openai-chat", "base_url": "http://h", "models": models}
    kept = Settings(providers=(provider_from(fields),))
    save(path, kept)
    assert load(path) == kept
    save(path, kept)
    assert tomllib.loads(path.read_text())["providers"]["x"]["models"] == models


def test_a_wrong_table_of_a_model_is_said_with_its_place(path):
    path.parent.mkdir()
    path.write_text(
        '[providers.x]\ndialect = "openai-chat"\nbase_url = "http://h"\n'
        'models = ["m", {id = "n", context_windw = 1}]\n'
    )
    with pytest.raises(
        SettingsError, match=r"line 4: providers\.x\.models: models\[1\]: unknown key 'context_w"
    ):
        load(path)


def test_a_file_that_is_no_settings_file_is_not_swallowed(path):
    path.parent.mkdir()
    path.write_bytes(b"#" * 4_000_001)
    with pytest.raises(SettingsError, match=r"larger than 4,000,000 bytes"):
        load(path)
