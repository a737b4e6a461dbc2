"""A kernel's settings with an administrator's file and a project's over the user's."""

from __future__ import annotations

import logging
import tomllib

import msgspec
import pytest

from nbapimgr import Manager, OptionError, Provider, Settings
from nbapimgr.manager import doctor_rows
from nbapimgr.settings import load
from tests.engine.faultserver import FaultServer

URL = "http://127.0.0.1:9/v1"
USER = f"""
default = "mine"
mode = "live"
[providers.mine]
dialect = "openai-chat"
base_url = "{URL}"
models = ["m"]
"""


@pytest.fixture
def written(home, tmp_path, monkeypatch):
    """Writes the three files and gives the manager; closes it."""
    made = []
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    admin = tmp_path / "etc" / "managed.toml"
    monkeypatch.setattr("nbapimgr.manager._sources.managed_files", lambda: (admin,))

    def write(*, user=USER, project="", managed="", **given):
        home.mkdir(exist_ok=True)
        (home / "settings.toml").write_text(user)
        if project:
            (work / "pyproject.toml").write_text(project)
        if managed:
            admin.parent.mkdir(exist_ok=True)
            admin.write_text(managed)
        made.append(Manager(home, **given))
        return made[-1]

    yield write
    for one in made:
        one.close()


def sources(llm):
    return {".".join(one.place): one.source.rpartition("/")[2] for one in llm.origins}


def test_each_value_comes_from_the_highest_that_says_it(written):
    llm = written(
        managed='[providers.mine]\nbase_url = "http://127.0.0.1:7/v1"\n',
        project='[tool.nbapimgr]\nmode = "replay"\n[tool.nbapimgr.providers.mine]\npriority = 7\n',
    )
    mine = llm.providers["mine"]
    assert (mine.base_url, mine.priority, mine.models) == ("http://127.0.0.1:7/v1", 7, ("m",))
    assert (llm.mode, llm.route) == ("replay", "mine")
    assert sources(llm) == {
        "mode": "pyproject.toml (project)",
        "default": "settings.toml (user)",
        "providers.mine.dialect": "settings.toml (user)",
        "providers.mine.models": "settings.toml (user)",
        "providers.mine.priority": "pyproject.toml (project)",
        "providers.mine.base_url": "managed.toml (managed)",
    }
    assert (llm.notes, llm.trouble) == ((), ())


def test_what_is_locked_is_said_and_the_rest_saved_to_the_users_file(written, home):
    llm = written(
        managed='[providers.mine]\nbase_url = "http://127.0.0.1:7/v1"\n',
        project="[tool.nbapimgr.providers.mine]\npriority = 7\n",
    )
    for field in ({"base_url": URL}, {"priority": 1}):
        with pytest.raises(OptionError, match=r"is set by .* and cannot be changed here"):
            llm.providers.update("mine", **field)
    with pytest.raises(OptionError, match=r"providers.mine is set by .*managed.toml"):
        llm.providers.remove("mine")
    llm.providers.update("mine", enabled=False)
    saved = load(home / "settings.toml").providers[0]
    assert (saved.base_url, saved.priority, saved.enabled) == (URL, 100, False)
    assert llm.providers["mine"].base_url == "http://127.0.0.1:7/v1"
    assert llm.trouble == ()


def test_a_managed_provider_can_be_made_ones_own_piece_by_piece(written, home):
    llm = written(user="", managed=USER.replace("mode", "#").replace("default", "#"))
    llm.providers.update("mine", priority=5)
    text = (home / "settings.toml").read_text()
    assert "[providers.mine]\npriority = 5\n" in text
    assert "base_url" not in text
    assert llm.providers["mine"].priority == 5


@pytest.mark.parametrize(
    "files",
    [{"managed": 'default = "mine"\n'}, {"project": '[tool.nbapimgr]\ndefault = "mine"\n'}],
)
@pytest.mark.parametrize("route", ["mine:m", "groq"])
def test_a_default_that_others_decide_is_not_changed_by_halves(written, home, files, route):
    llm = written(**files, user=USER.replace('default = "mine"', ""))
    with pytest.raises(OptionError, match=r"default is set by .* and cannot be changed here"):
        llm.use(route, save=True)
    assert llm.route == "mine"
    assert [*llm.providers] == ["mine"]
    assert load(home / "settings.toml").default is None
    llm.use(route)
    assert llm.route == route


def test_a_mode_that_is_managed_is_the_mode(written, monkeypatch):
    monkeypatch.setenv("NBAPIMGR_MODE", "record")
    llm = written(managed='mode = "replay"')
    assert llm.mode == "replay"
    assert llm.origins[0].source.endswith("managed.toml (managed)")
    (note,) = llm.notes
    assert note.startswith("NBAPIMGR_MODE=record is not obeyed: ")
    with pytest.raises(OptionError, match="mode is set by"):
        llm.mode = "live"
    llm.mode = "replay"


def test_the_environment_comes_before_files_that_are_not_managed(written, monkeypatch):
    monkeypatch.setenv("NBAPIMGR_MODE", "record")
    llm = written()
    assert llm.mode == "record"
    assert llm.origins[0].source == "environment variable NBAPIMGR_MODE"
    llm.mode = "live"
    assert llm.mode == "live"


def test_without_any_word_of_it_the_mode_is_the_default(written):
    llm = written(user="")
    assert [(one.place, one.value, one.source) for one in llm.origins] == [
        (("mode",), "live", "default")
    ]


def test_what_a_program_gives_asks_no_file_but_the_administrators(written):
    given = Settings(providers=(Provider(name="own", dialect="openai-chat", base_url=URL),))
    llm = written(
        settings=given,
        project='[tool.nbapimgr]\ndefault = "p"\n',
        managed="[providers.own]\npriority = 3\n",
    )
    assert [*llm.providers] == ["own"]
    assert (llm.route, llm.providers["own"].priority) == (None, 3)
    llm.providers.update("own", enabled=False)
    assert not llm.providers["own"].enabled
    with pytest.raises(OptionError):
        llm.providers.update("own", priority=4)
    assert llm.settings.default is None
    assert given.providers[0].enabled


@pytest.mark.parametrize("which", ["managed", "project"])
def test_a_broken_file_of_others_is_a_line_and_stops_nothing(written, which, caplog):
    broken = "[tool.nbapimgr]\ndefalt = 'x'\n" if which == "project" else "\ndefalt = 'x'\n"
    llm = written(**{which: broken})
    (note,) = llm.notes
    assert note.startswith("not in force")
    assert note.endswith("toml: line 2: unknown key 'defalt'; did you mean 'default'?")
    assert llm.route == "mine"
    assert llm.trouble == ()
    assert note in caplog.messages


def test_what_a_project_may_not_is_a_line(written):
    llm = written(project="[tool.nbapimgr.providers.mine]\nbase_url = 'http://evil'\n")
    assert llm.providers["mine"].base_url == URL
    (note,) = llm.notes
    assert "pyproject.toml: providers.mine.base_url: a project cannot set this" in note


def test_a_projects_vendor_takes_its_usual_key_to_its_usual_address(written, monkeypatch):
    monkeypatch.setenv("GROQ_API_KEY", "gsk_" + "a1" * 26)
    llm = written(project="[tool.nbapimgr.providers.groq]\npriority = 1\n")
    groq = llm.providers["groq"]
    assert (groq.base_url, groq.env) == ("https://api.groq.com/openai/v1", ("GROQ_API_KEY",))
    assert llm.credentials.list("groq")[0].masked == "…a1a1"


def test_a_vendor_can_be_named_in_one_word(written):
    llm = written(user='[providers.quick]\nvendor = "groq"\n')
    assert llm.providers["quick"].dialect == "openai-chat"
    assert llm.providers["quick"].models


def test_names_that_name_nothing_get_the_nearest(written):
    llm = written(
        user=USER.replace("openai-chat", "openai_chat")
        + '[policies]\nmien = "priority"\n[budgets.b]\nlimit = 1\nprovider = "mein"\n'
    )
    lines = [line.partition(": ")[2] for line in llm.notes]
    assert lines[:3] == [
        "policies.mien: there is no route or provider 'mien'; did you mean 'mine'?",
        "budgets.b.provider: there is no provider 'mein'; did you mean 'mine'?",
        "providers.mine.dialect: there is no dialect 'openai_chat'; did you mean 'openai-chat'?",
    ]
    llm = written(user='[policies]\nzzz = "priority"\n')
    assert llm.notes[0].endswith("there is no route or provider 'zzz'")


def test_what_does_nothing_yet_says_so(written):
    llm = written(
        user='policy = "cheapest"\n'
        + USER
        + '[policies]\nmine = "fastest"\n[budgets.b]\nlimit = 1\n'
    )  # policies are in force: no line of them
    assert [line.partition(": ")[2] for line in llm.notes] == [
        "budgets.b: is not in force yet: nothing is refused because of it",
    ]


def test_a_newer_file_is_read_and_not_written(written, home, caplog):
    llm = written(user="version = 99\n" + USER)
    assert llm.route == "mine"
    with caplog.at_level(logging.WARNING):
        llm.providers.update("mine", priority=3)
    assert llm.providers["mine"].priority == 3
    assert "version 99 is a newer nbapimgr's" in llm.trouble[0]
    assert any("version 99" in note for note in llm.notes)
    assert load(home / "settings.toml").providers[0].priority == 100


def test_the_administrators_policy_is_in_force(written):
    two = USER.replace('["m"]', '["m", "n"]') + "keyless = true\n"
    llm = written(user='policy = "cheapest"\n' + two)
    assert llm.plan(llm.request("Hi")[0]).policy == "cheapest"
    llm = written(managed='policy = "spread"\n', user='policy = "cheapest"\n' + two)
    plan = llm.plan(llm.request("Hi")[0])
    assert plan.policy == "spread"
    assert plan.reasons["mine:n"] == "spread: in turn, first in 1 call"


def test_doctor_shows_each_value_and_its_source(written):
    llm = written(
        managed="[providers.mine]\npriority = 3\n",
        user=USER + '[providers.mine.headers]\nx-title = "t"\n[routes]\nfast = "mine:m"\n'
        'policy = "priority"\n',
    )
    rows = {row["check"]: row["found"] for row in doctor_rows(llm)}
    assert rows["setting routes.fast"].startswith('["mine:m"] – ')
    assert rows["setting default"].startswith("mine – ")
    assert rows["setting default"].endswith("settings.toml (user)")
    assert rows["setting providers.mine"].startswith("priority = 3 – ")
    assert rows["setting providers.mine"].endswith("managed.toml (managed)")


def test_doctor_shows_no_key_and_no_novel(written):
    key = "sk-proj-Planted7Qz9Lr2Xt5Hd8Nf3Bg6Jm1"
    llm = written(user=USER + f'[providers.mine.options]\nx = "{key}"\nlong = "{"y" * 500}"\n')
    said = str(doctor_rows(llm))
    assert "Planted" not in said
    assert "y" * 100 not in said


def test_notes_fail_the_doctor(written):
    llm = written(user=USER + "[budgets.b]\nlimit = 1\n")
    row = next(row for row in doctor_rows(llm) if "not in force yet" in row["found"])
    assert row["ok"] is False


def test_a_folder_that_is_gone_has_no_project(written, tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    llm = written()
    assert llm.route == "mine"
    assert len(llm.notes) == 1


def test_an_unsaved_change_of_a_locked_field_is_refused_too(written, home, monkeypatch):
    llm = written(managed="[providers.mine]\npriority = 3\n")

    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.mkstemp", fail)
    llm.providers.update("mine", enabled=False)
    assert len(llm.trouble) == 1
    with pytest.raises(OptionError):
        llm.providers.update("mine", priority=1)
    monkeypatch.undo()
    llm.providers.update("mine", models=["n"])
    assert llm.trouble == ()
    saved = load(home / "settings.toml").providers[0]
    assert saved == msgspec.structs.replace(saved, enabled=False, models=("n",))


def test_what_a_vendor_has_can_be_said_away(written, home):
    llm = written(user='[providers.quick]\nvendor = "groq"\n')
    llm.providers.update("quick", env=[], models=[])
    llm.providers.add("groq", env=[], models=["m"])
    for one in (llm, Manager(home)):
        assert (one.providers["quick"].env, one.providers["quick"].models) == ((), ())
        assert (one.providers["groq"].env, one.providers["groq"].models) == ((), ("m",))
        assert one.trouble == ()
    one.close()
    said = tomllib.loads((home / "settings.toml").read_text())["providers"]["quick"]
    assert said == {"vendor": "groq", "env": [], "models": []}
    llm.providers.update("quick", env=["MY_KEY"])
    assert llm.providers["quick"].env == ("MY_KEY",)
    text = (home / "settings.toml").read_text()
    assert 'env = ["MY_KEY"]' in text
    assert "env = []" in text


def test_a_hostile_repository_gets_no_key(written, server, monkeypatch):
    """Whatever it says: what carries a key goes where the user said, and nowhere else."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-" + "a1b2" * 8)
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_" + "c3d4" * 9)
    with FaultServer() as evil:
        llm = written(
            user=USER.replace(URL, server.url) + 'env = ["OPENAI_API_KEY"]\n',
            project=f"""
                [tool.nbapimgr]
                default = "thief"
                projects = ["/"]
                [tool.nbapimgr.routes]
                thief = "near, mine"
                [tool.nbapimgr.providers.mine]
                base_url = "{evil.url}"
                headers = {{x-forward = "{evil.url}"}}
                [tool.nbapimgr.providers.openai]
                base_url = "{evil.url}"
                [tool.nbapimgr.providers.near]
                dialect = "openai-chat"
                base_url = "{evil.url}"
                env = ["OPENAI_API_KEY", "GITHUB_TOKEN"]
                models = ["m"]
                keyless = true
            """,
        )
        assert sorted(llm.providers) == ["mine", "near"]
        llm.ask("Hi")
        llm.ask("Hi", route="mine")
        seen = [str(request) for request in evil.seen]
        assert seen  # a server of this machine was asked: without a key
        assert not [text for text in seen if "a1b2" in text or "c3d4" in text]
        assert ["a1b2" in str(request) for request in server.seen] == [True]


def test_a_fault_takes_nothing_from_the_rest_of_the_file(written, home):
    broken = USER + '[providers.other]\ndialct = "x"\n[routes]\na = 3\nb = "mine"\n'
    llm = written(user=broken)
    assert list(llm.providers) == ["mine"]
    assert (llm.route, llm.settings.routes) == ("mine", {"b": ("mine",)})
    (line,) = llm.trouble
    assert line.startswith("settings are not read in full and not saved: ")
    assert "line 9: providers.other: unknown key 'dialct'" in line
    llm.providers.update("mine", priority=3)
    assert llm.providers["mine"].priority == 3
    assert (home / "settings.toml").read_text() == broken
    (home / "settings.toml").write_text(USER)
    llm.providers.update("mine", enabled=False)
    saved = load(home / "settings.toml").providers[0]
    assert (saved.priority, saved.enabled, llm.trouble) == (3, False, ())


def test_a_fault_in_an_administrators_file_unlocks_only_that(written):
    llm = written(managed='mode = "replay"\ndefalt = "x"\n')
    assert llm.mode == "replay"
    assert "not in force as a whole: " in llm.notes[0]
