"""The command line: the same rows as the magic, as text and as JSON; wrong use in one line."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from nbapimgr import Provider, Settings, disconnect
from nbapimgr.cli import main
from nbapimgr.settings import places, save


@pytest.fixture(autouse=True)
def kernel_of_this_test():
    yield
    disconnect()


@pytest.fixture
def run(home):
    def command(*words):
        return CliRunner().invoke(main, list(words))

    return command


@pytest.fixture
def configured(home):
    mine = Provider(
        name="mine",
        dialect="openai-chat",
        base_url="http://127.0.0.1:9/v1",
        models=("m",),
        env=("MINE_API_KEY",),
    )
    save(places(home).settings, Settings(providers=(mine,)))


def test_nothing_configured_is_said(run):
    assert run("providers").output == "No provider is configured yet.\n"
    assert json.loads(run("providers", "--json").output) == []


def test_providers_as_text_and_json(run, configured, monkeypatch):
    monkeypatch.setenv("MINE_API_KEY", "sk-" + "a1b2" * 8)
    text = run("providers").output
    assert text.splitlines()[0].split() == [
        "provider", "dialect", "models", "priority", "enabled", "key", "health", "base_url",
    ]  # fmt: skip
    (row,) = json.loads(run("providers", "--json").output)
    assert row["provider"] == "mine"
    assert row["key"] == "…a1b2 (environment variable MINE_API_KEY)"
    (key,) = json.loads(run("keys", "--json").output)
    assert (key["alias"], key["active"]) == ("env:MINE_API_KEY", True)


def test_a_provider_that_does_not_answer_fails_its_test(run, configured, monkeypatch):
    monkeypatch.setenv("MINE_API_KEY", "sk-" + "a1b2" * 8)
    result = run("test", "--json")
    (row,) = json.loads(result.output)
    assert result.exit_code == 1
    assert row["ok"] is False
    assert "network.refused" in row["found"]


def test_doctor_says_what_is_missing(run, configured):
    result = run("doctor", "--json", "--no-scan")
    rows = {row["check"]: row for row in json.loads(result.output)}
    assert result.exit_code == 1
    assert rows["provider mine"]["ok"] is False
    assert rows["python"]["ok"] is True


def test_doctor_finds_keys_that_lie_around(run, configured, tmp_path, monkeypatch):
    key = "gsk_" + "Zq7" * 17 + "x"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("HISTFILE", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".bash_history").write_text(f"export GROQ_API_KEY={key}\n")
    monkeypatch.setattr("nbapimgr.cli._doctor._watched", lambda: True)
    result = run("doctor", "--json")
    rows = {row["check"]: row for row in json.loads(result.stdout)}
    assert rows["key in shell history"]["found"].endswith("line 1: groq …Zq7x"[-16:])
    assert rows["scan"]["found"] == "1 files looked through, 1 keys found"
    assert result.exit_code == 1
    assert key not in result.output
    assert result.stderr.startswith("\rLooking for keys: 0 files, now a shell history …")


def test_usage_of_nothing(run):
    assert run("usage").output == "No calls in the last 30d.\n"
    assert json.loads(run("usage", "--since", "2d", "--json").output) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["provider"], "no command named 'provider' – did you mean 'providers'?"),
        (["test", "mien"], "no provider named 'mien' – did you mean 'mine'?"),
        (["usage", "--since", "soon"], "soon"),
    ],
)
def test_wrong_use_is_one_line(run, configured, words, said):
    result = run(*words)
    assert result.exit_code == 1
    (line,) = result.output.splitlines()
    assert said in line


def test_the_version(run):
    assert run("--version").output.startswith("nbapimgr, version ")


def test_the_help_names_every_command(run):
    lines = run("--help").output.partition("Commands:\n")[2].splitlines()
    assert [line.split()[0] for line in lines] == [
        "demo", "doctor", "providers", "keys", "test", "usage", "import",
    ]  # fmt: skip


def test_a_command_loads_no_other():
    code = "import sys, nbapimgr.cli; print([m for m in sys.modules if 'nbapimgr.cli._' in m])"
    printed = subprocess.run(  # noqa: S603  # our own code
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert printed.strip() == "['nbapimgr.cli._group']"
