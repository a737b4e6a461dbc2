"""`nbapimgr keys …` in a terminal and in scripts."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from nbapimgr import Provider, Settings, disconnect
from nbapimgr.cli import main
from nbapimgr.health import Checked
from nbapimgr.manager._credentials import ManagedCredentials
from nbapimgr.settings import places, save
from nbapimgr.vault import Keychain, _credentials, _slots
from nbapimgr.vault._passphrase import Kdf
from tests.vault.vaults import damage

KEY = "sk-typed-0123456789-abcdefghijk-9Zq7"
OTHER = "sk-typed-9876543210-abcdefghijk-7Qz9"
PHRASE = "correct horse battery"


@pytest.fixture(autouse=True)
def here(monkeypatch, home):
    """A machine with a disk of its own and no keychain, and one provider."""
    monkeypatch.setattr(_credentials, "memory_only", lambda _environ: "")
    monkeypatch.setattr(Keychain, "why_not", lambda _self: "there is none")
    monkeypatch.setattr(_slots, "new_kdf", lambda: Kdf("argon2id", (19 * 1024, 2, 1)))
    mine = Provider(name="mine", dialect="openai-chat", base_url="http://127.0.0.1:9/v1")
    save(places(home).settings, Settings(providers=(mine,)))


@pytest.fixture
def run():
    """Runs one command as a process of its own would; gives its lines."""

    def command(*words, typed="", code=0):
        disconnect()
        done = CliRunner().invoke(main, ["keys", *words], input=typed)
        disconnect()
        assert done.exit_code == code, done.output
        return done.output.splitlines()

    return command


@pytest.fixture
def kept(run):
    """A vault with one key; gives its recovery code."""
    said = run("setup")
    run("add", "mine", typed=f"{KEY}\n")
    return said[1].removeprefix("recovery code: ")


def rows(run, *words):
    return json.loads("\n".join(run(*words, "--json")))


def test_a_vault_is_made_and_a_key_kept(run):
    assert run() == ["No key is known."]
    said = run("setup")
    assert said[0] == "opened by: key file, recovery code"
    assert said[2].startswith("Write it down")
    assert run("add", "mine", typed=f"{KEY}\n") == ["mine (default): …9Zq7 is encrypted, twice"]
    (row,) = rows(run)
    assert (row["alias"], row["source"], row["key"]) == ("default", "vault", "…9Zq7")
    assert KEY not in "".join(run("list"))
    assert run("setup", code=1)[0].startswith("Error: there is a vault already")


def test_without_one_a_key_is_not_taken(run):
    said = run("add", "mine", typed=f"{KEY}\n", code=1)
    assert "there is no vault yet" in said[0]
    assert run("setup", "--no-recovery", code=1)[0].startswith("Error: a vault needs two ways")
    assert run("setup", "--no-recovery", "--accept-loss") == ["opened by: key file"]


def test_a_key_of_a_known_vendor_brings_its_provider(run, kept):
    groq = "gsk_" + "a1B2" * 13
    assert len(run("add", "groq", typed=f"{groq}\n")) == 1
    said = run("add", "mine", "--alias", "work", typed=f"{groq}\n")
    assert said[1] == "! it looks like a key of groq"


def test_spares_are_put_first_removed_and_taken_back(run, kept):
    run("add", "mine", "--spare", typed=f"{OTHER}\n")
    assert [row["alias"] for row in rows(run)] == ["default", "default-2"]
    assert "tried first" in run("activate", "mine", "default-2")[0]
    assert [row["alias"] for row in rows(run)] == ["default-2", "default"]
    assert "nbapimgr keys undo mine" in run("rm", "mine")[0]
    assert [row["state"] for row in rows(run, "list")] == ["live", "removed"]
    assert run("undo", "mine") == ["mine: default is back"]
    assert run("undo", "mine", code=1)[0].startswith("Error: no removed or retired key of mine")


def test_keys_are_checked_and_rotated(run, kept, monkeypatch):
    def answer(verdict, reason=""):
        def test(_self, provider, _alias=None):
            return Checked(provider=provider, verdict=verdict, reason=reason)

        monkeypatch.setattr(ManagedCredentials, "test", test)

    answer("valid")
    assert rows(run, "test", "mine") == [{"provider": "mine", "check": "valid", "why": ""}]
    said = run("rotate", "mine", typed=f"{OTHER}\n")
    assert said == ["mine (default): …7Qz9", "! revoke the old key on the provider's page"]
    answer("unknown", "no network")
    assert "no network" in run("test", "mine", code=1)[1]


def test_an_address_is_confirmed(run, kept):
    assert run("confirm", "mine") == ["mine: to http://127.0.0.1:9"]


def test_the_state_is_said(run, kept):
    (found,) = rows(run, "status")
    assert found["state"] == "open"
    assert found["slots"] == ["key file", "recovery code"]
    assert any(line.startswith("slots") for line in run("status"))


def test_a_damaged_vault_is_repaired(run, kept, home):
    for folder in ("vault", "vault-copy"):
        damage(home / folder / "keys.vault", "cut")
    assert any("may be lost" in line for line in run("repair"))
    assert run("repair") == ["both copies are good: there is nothing to repair"]


def test_a_repair_asks_for_what_opens_it(run, kept, home):
    for path in (home / "vault-key").iterdir():
        path.unlink()
    (home / "vault" / "keys.vault").unlink()
    assert run("repair", typed=f"{kept}\n")[-1].startswith("generation 2 is in force")
    assert rows(run) == []


def test_new_ways_to_open_it_and_a_passphrase(run, kept, home, monkeypatch):
    assert run("rewrap", "--passphrase", typed=f"{PHRASE}\n")[0] == (
        "opened by: passphrase, recovery code"
    )
    assert rows(run) == []
    monkeypatch.setattr("nbapimgr.cli._keys._at_a_terminal", lambda: True)
    assert run(typed=f"{PHRASE}\n")[-1].endswith("vault")
    assert run(typed="a wrong one\n", code=1)[-1].startswith("Error: nothing at hand opens")
    typed = f"{PHRASE}\nanother phrase\nanother phrase\n"
    said = run("rewrap", "--passphrase", "--no-recovery", typed=typed, code=1)
    assert said[-1].startswith("Error: a vault needs two ways to open it")
    said = run("rewrap", "--passphrase", "--no-recovery", "--accept-loss", typed=typed)
    assert said[-1] == "opened by: passphrase"


def test_keys_are_taken_along(run, kept, tmp_path, home):
    path = str(tmp_path / "my.keys")
    assert run("export", path, typed=f"{PHRASE}\n") == [f"1 key in {path}"]
    assert run("import", path, typed=f"{PHRASE}\n") == ["all of its keys were here already"]
    run("rm", "mine")
    assert run("import", path, typed=f"{PHRASE}\n") == ["new: mine (default)"]
    assert KEY.encode() not in Path(path).read_bytes()


def test_a_terminal_is_one_with_a_person(monkeypatch):
    from nbapimgr.cli._keys import _at_a_terminal

    monkeypatch.setattr(sys, "stdin", open("/dev/null", encoding="utf-8"))  # noqa: SIM115, PTH123
    assert not _at_a_terminal()
    sys.stdin.close()
