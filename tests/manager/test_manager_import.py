"""Importing: shown first, added without touching what is there, taken back."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from nbapimgr import Manager, disconnect
from nbapimgr.cli import main
from nbapimgr.imports import Where
from nbapimgr.settings import load

KEY = "gsk_" + "a1" * 26
OTHER = "gsk_" + "b2" * 26
PROXY = """
model_list:
  - model_name: smart
    litellm_params: {model: openai/m, api_base: "http://127.0.0.1:9/v1", api_key: none, rpm: 7}
litellm_settings: {fallbacks: [{smart: [quick]}], max_budget: 5, budget_duration: 30d}
router_settings: {model_group_alias: {quick: smart}}
"""


@pytest.fixture
def where(tmp_path):
    work = tmp_path / "user" / "work"
    work.mkdir(parents=True)
    (work / ".env").write_text(f"GROQ_API_KEY={KEY}\n")
    (work / "litellm_config.yaml").write_text(PROXY)
    folder = tmp_path / "user" / ".config" / "io.datasette.llm"
    folder.mkdir(parents=True)
    (folder / "keys.json").write_text(json.dumps({"groq": OTHER, "lab": "x"}))
    (folder / "default_model.txt").write_text("groq/llama")
    return Where(home=tmp_path / "user", work=work, environ={}, platform="linux")


def test_a_preview_changes_nothing_and_shows_no_key(llm, home, where):
    found = llm.import_settings(where=where)
    assert found.changes == 8
    assert not (home / "settings.toml").exists()
    assert dict(llm.providers) == {}
    assert {row["what"] for row in found.rows()} == {
        "provider", "key", "route", "budget", "default",
    }  # fmt: skip
    for shown in (repr(found), str(found.rows()), repr(found.additions)):
        assert KEY not in shown
        assert OTHER not in shown
    assert "…a1a1" in repr(found)
    assert repr(found).startswith("<Import: 8 to add>")


def test_what_is_applied_is_in_force_and_saved(llm, home, where):
    done = llm.import_settings(where=where).apply()
    assert done.failed == []
    assert done.changes == 0
    saved = load(home / "settings.toml")
    assert [p.name for p in saved.providers] == ["groq", "127.0.0.1-9"]
    assert saved.providers[1].rate_limits == {"rpm": 7}
    assert saved.routes == {"smart": ("127.0.0.1-9:m", "quick"), "quick": ("smart",)}
    assert saved.budgets["litellm"].limit == 5
    assert saved.default == "groq:llama"
    assert [info.masked for info in llm.credentials.list("groq")][:2] == ["…a1a1", "…b2b2"]
    assert KEY not in (home / "settings.toml").read_text()
    again = llm.import_settings(where=where)
    assert again.changes == 0
    assert {row["what"] for row in again.rows()} == {"kept"}
    assert done.apply() is done  # once is enough


def test_undo_takes_back_what_was_added_and_nothing_else(llm, home, where):
    llm.providers.add("mine", base_url="http://127.0.0.1:8/v1")
    llm.import_settings(where=where).apply()
    llm.last_import().undo()
    assert list(llm.providers) == ["mine"]
    saved = load(home / "settings.toml")
    assert (saved.routes, saved.budgets, saved.default) == ({}, {}, None)
    assert not (home / "imported.json").exists()
    assert llm.last_import().undo().failed == ["there is no import to take back"]


def test_each_import_can_be_taken_back_the_last_one_first(llm, home, where):
    first = llm.import_settings(where=where, only=["litellm"]).apply()
    names = list(llm.providers)
    second = llm.import_settings(where=where, only=["llm", ".env"]).apply()
    assert first.done > 0 < second.done
    assert len(llm.providers) > len(names)
    assert llm.last_import().undo().done == second.done
    assert list(llm.providers) == names
    assert llm.last_import().undo().done == first.done
    assert list(llm.providers) == []
    assert llm.last_import().undo().done == 0


def test_what_an_older_version_kept_of_an_import_can_be_taken_back(llm, home, where):
    llm.import_settings(where=where, only=["litellm"]).apply()
    path = home / "imported.json"
    [last] = json.loads(path.read_text())
    path.write_text(json.dumps(last))
    assert llm.last_import().undo().failed == []
    assert list(llm.providers) == []


def test_imports_that_are_remembered_are_bounded(llm, home, where, monkeypatch):
    monkeypatch.setattr("nbapimgr.manager._imported._MOST", 1)
    llm.import_settings(where=where, only=["litellm"]).apply()
    llm.import_settings(where=where, only=["llm"]).apply()
    assert len(json.loads((home / "imported.json").read_text())) == 1


def test_another_kernel_can_undo_but_what_was_changed_since_stays(llm, home, where):
    llm.import_settings(where=where, only=["litellm", "llm"]).apply()
    llm.providers.update("127.0.0.1-9", priority=3)
    llm.use("127.0.0.1-9", save=True)
    kept = (home / "imported.json").read_text()
    assert "gsk_" not in kept
    other = Manager(home)
    failed = other.last_import().undo().failed
    assert "provider 127.0.0.1-9: was changed since; it stays" in failed
    assert other.settings.default == "127.0.0.1-9"
    assert other.settings.routes == {}
    other.close()


def test_what_fails_is_said_and_the_rest_is_done(llm, tmp_path):
    path = tmp_path / "providers.json"
    bad = {"name": "bad", "baseURL": "http://127.0.0.1:1/v1?api_key=0123456789", "apiKey": KEY}
    good = {"name": "good", "baseURL": "http://127.0.0.1:2/v1", "models": ["m"]}
    path.write_text(json.dumps([bad, good]))
    done = llm.import_settings(path).apply()
    assert list(llm.providers) == ["good"]
    assert done.failed[0].startswith(
        "provider bad: provider 'bad': base_url (api_key) holds a secr"
    )
    assert done.failed[1].startswith("key bad: no provider named 'bad'")


def test_a_record_that_cannot_be_kept_or_read_is_no_harm(llm, home, where):
    home.mkdir(exist_ok=True)
    (home / "imported.json").mkdir()
    done = llm.import_settings(where=where, only=["litellm"]).apply()
    assert any(line.startswith("what was added cannot be taken back: ") for line in done.failed)
    assert list(llm.providers) == ["127.0.0.1-9"]
    (home / "imported.json").rmdir()
    (home / "imported.json").write_text("{")
    assert llm.last_import().undo().failed == ["there is no import to take back"]
    assert list(llm.providers) == ["127.0.0.1-9"]


# --- Ollama ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["10.0.0.7", "https://ollama.example", "http://[::1", "h:port"])
def test_an_ollama_elsewhere_is_not_asked(llm, where, host):
    there = Where(home=where.home, work=where.work, environ={"OLLAMA_HOST": host})
    rows = llm.import_settings(where=there, only=["codex"], ollama=True).rows()
    assert [row["found"] for row in rows] == ["OLLAMA_HOST is not this machine: not asked"]


def test_an_ollama_that_is_not_there(llm, where):
    there = Where(home=where.home, work=where.work, environ={"OLLAMA_HOST": "0.0.0.0:1"})
    rows = llm.import_settings(where=there, only=["codex"], ollama=True).rows()
    assert rows[0]["found"] == "no Ollama answers on this machine"
    assert rows[0]["source"] == "http://127.0.0.1:1"


def test_the_models_of_an_ollama(llm, where, monkeypatch):
    asked = []

    def models(provider):
        from nbapimgr.models import ModelInfo

        asked.append(provider.base_url)
        return (ModelInfo(id="qwen3:4b"),)

    monkeypatch.setattr(llm.monitor, "test", models)
    found = llm.import_settings(where=where, only=["codex"], ollama=True)
    assert asked == ["http://127.0.0.1:11434"]
    found.apply()
    assert llm.providers["ollama"].models == ("qwen3:4b",)
    assert llm.providers["ollama"].keyless
    there = Where(home=where.home, work=where.work, environ={"OLLAMA_HOST": "http://[::1]:7"})
    llm.import_settings(where=there, only=["codex"], ollama=True)
    assert asked[-1] == "http://[::1]:7"


# --- the command line -----------------------------------------------------------------------------


@pytest.fixture
def run(home, where, monkeypatch):
    monkeypatch.setenv("HOME", str(where.home))
    for name in ("XDG_CONFIG_HOME", "CI", "GITHUB_ACTIONS", "GITLAB_CI"):  # in CI no key is kept
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(where.work)
    yield lambda *words, **more: CliRunner().invoke(main, ["import", *words], **more)
    disconnect()


def test_without_yes_nothing_is_added(run, home):
    result = run("--json")
    rows = json.loads(result.stdout)
    assert {"what", "name", "found", "source"} == set(rows[0])
    assert "Nothing is added yet" in result.stderr
    assert not (home / "settings.toml").exists()
    assert KEY not in result.output


def test_yes_adds_and_undo_takes_back(run, home):
    result = run("--yes", "--only", "litellm")
    assert result.exit_code == 0
    assert [p.name for p in load(home / "settings.toml").providers] == ["127.0.0.1-9"]
    disconnect()
    assert run("--undo").exit_code == 0
    assert load(home / "settings.toml").providers == ()
    disconnect()
    again = run("--undo")
    assert again.exit_code == 1
    assert "there is no import to take back" in again.stderr


def test_a_key_that_a_command_cannot_keep_is_said(run):
    """The process ends: a key in its memory alone would be gone."""
    result = run("--yes", "--only", ".env")
    assert result.exit_code == 1
    assert "key groq: there is no vault yet; " in result.stderr
    assert "; nbapimgr keys setup makes one\n" in result.stderr
    assert "%llm" not in result.stderr


@pytest.mark.parametrize(("answer", "added"), [("y\n", True), ("n\n", False)])
def test_a_person_is_asked(run, home, monkeypatch, answer, added):
    monkeypatch.setattr("nbapimgr.cli._import._asked_of_a_person", lambda: True)
    result = run("--only", "litellm", input=answer)
    assert "Add this?" in result.output
    assert (home / "settings.toml").exists() is added


def test_nothing_found_is_said(run):
    assert run("--only", "codex").output == "Nothing was found.\n"
