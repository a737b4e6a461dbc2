"""`%llm keys …` beyond setting one: spares, rotation, undo, checks, the vault and its code."""

from __future__ import annotations

import builtins
import getpass

import pytest
from IPython.core.error import StdinNotImplementedError

from nbapimgr import OptionError, UnknownName
from nbapimgr.health import Checked
from nbapimgr.magics._key_actions import KEY_ACTIONS
from nbapimgr.magics._options import COMMANDS
from nbapimgr.vault import Keychain, _credentials, _slots
from nbapimgr.vault._passphrase import Kdf
from tests.vault.vaults import damage

KEY = "sk-typed-0123456789-abcdefghijk-9Zq7"
OTHER = "sk-typed-9876543210-abcdefghijk-7Qz9"
PHRASE = "correct horse battery"


@pytest.fixture(autouse=True)
def here(monkeypatch):
    """A machine with a disk of its own and no keychain."""
    monkeypatch.setattr(_credentials, "memory_only", lambda _environ: "")
    monkeypatch.setattr(Keychain, "why_not", lambda _self: "there is none")
    monkeypatch.setattr(_slots, "new_kdf", lambda: Kdf("argon2id", (19 * 1024, 2, 1)))


@pytest.fixture
def types(monkeypatch):
    """Answers the hidden prompts with these, one after the other."""

    def with_these(*answers):
        left = list(answers)
        monkeypatch.setattr(getpass, "getpass", lambda _prompt: left.pop(0))

    return with_these


@pytest.fixture
def presses_enter(monkeypatch):
    """Answers plain prompts; gives the list of them."""
    prompts = []

    def press(prompt):
        prompts.append(prompt)
        return ""

    monkeypatch.setattr(builtins, "input", press)
    return prompts


@pytest.fixture
def kept(hosted):
    """The manager of a provider "mine" with a vault and a key in it."""
    hosted.credentials.setup()
    hosted.credentials.add("mine", KEY)
    return hosted


def lines(ran):
    return ran.ok().value.lines


def verdict(manager, monkeypatch, state, **fields):
    def check(candidate):
        return Checked(provider=candidate.provider.name, verdict=state, **fields)

    monkeypatch.setattr(manager.credentials, "_check", check)


def test_every_action_is_offered_and_every_offer_is_one():
    (entry,) = [entry for entry in COMMANDS if entry.name == "keys"]
    assert set(entry.choices) == set(KEY_ACTIONS)


def test_a_key_that_is_kept_is_said_to_be(run, hosted, types):
    hosted.credentials.setup()
    types(KEY, OTHER)
    assert lines(run("%llm keys add mine")) == ("mine: …9Zq7 is encrypted on this disk, twice",)
    assert lines(run("%llm keys spare mine")) == (
        "mine (spare): …7Qz9 is encrypted on this disk, twice",
    )
    assert list(run("%llm keys").value["alias"]) == ["default", "spare"]


def test_a_key_of_another_vendor_is_noticed(run, hosted, types):
    hosted.credentials.setup()
    types("gsk_" + "a1B2" * 13)
    assert lines(run("%llm keys set mine work"))[1] == "  ! it looks like a key of groq"


def test_a_key_is_rotated_and_taken_back(run, kept, types, monkeypatch):
    types(OTHER)
    verdict(kept, monkeypatch, "valid")
    assert lines(run("%llm keys rotate mine")) == (
        "mine: …7Qz9 is encrypted on this disk, twice",
        "  → revoke the old key on the provider's page",
    )
    assert lines(run("%llm keys undo mine")) == ("mine: 'default' is back",)
    assert list(run("%llm keys").value["key"]) == ["…9Zq7", "…7Qz9"]


@pytest.mark.parametrize(
    ("state", "fields", "said"),
    [
        ("valid", {"models": 3}, "✓ mine: valid, lists 3 models"),
        ("valid", {"models": 1}, "✓ mine: valid, lists 1 model"),
        ("limited", {"reason": "no credit"}, "! mine: limited, no credit"),
        ("rejected", {"reason": "revoked"}, "✗ mine: rejected, revoked"),
        ("unknown", {}, "? mine: unknown"),
    ],
)
def test_a_check_has_four_answers(run, kept, monkeypatch, state, fields, said):
    verdict(kept, monkeypatch, state, **fields)
    assert lines(run("%llm keys test mine")) == (said,)
    assert lines(run("%llm keys test mine default")) == (said,)
    table = run("%llm keys list").ok().value
    assert list(table["check"]) == [state]
    assert list(table["state"]) == ["live"]
    assert KEY not in table.to_json()


def test_keys_are_put_first_and_removed_and_come_back(run, kept):
    assert isinstance(run("%llm keys use mine").error, OptionError)
    kept.credentials.add("mine", OTHER, alias="work")
    assert lines(run("%llm keys use mine"))[0].startswith("mine: the key 'work' is tried first")
    assert "'default' is tried first" in lines(run("%llm keys activate mine default"))[0]
    assert lines(run("%llm keys rm mine work")) == (
        "mine: removed; %llm keys undo mine takes it back for 30 days",
    )
    assert list(run("%llm keys list").value["state"]) == ["live", "removed"]
    assert lines(run("%llm keys undo mine work")) == ("mine: 'work' is back",)
    assert isinstance(run("%llm keys undo mine").error, UnknownName)


def test_another_address_is_confirmed(run, kept):
    kept.providers.update("mine", base_url="http://127.0.0.1:7/v1")
    said = "mine: its keys may be sent to http://127.0.0.1:7"
    assert lines(run("%llm keys confirm mine")) == (said,)
    assert lines(run("%llm keys confirm mine default")) == (said,)


# --- the vault -----------------------------------------------------------------------------------


def test_a_vault_is_made_and_its_code_shown_once(run, hosted, presses_enter, types):
    hosted.credentials.add("mine", KEY)
    ran = run("%llm keys setup")
    assert lines(ran) == (
        "keys: encrypted · key file (same disk); opened by key file, recovery code",
        "1 key of this kernel moved in",
    )
    first, last = ran.sent[0], ran.sent[-1]
    assert first["data"]["text/plain"].startswith("Recovery code: ")
    assert ran.texts == ["(it was shown here)"]
    assert last["update"]
    assert len(presses_enter) == 2
    code = first["data"]["text/plain"].split()[2]
    assert code not in ran.stdout
    hosted._keys.vault._forget()
    for path in (hosted.places.settings.parent / "vault-key").iterdir():
        path.unlink()
    types(code)
    assert lines(run("%llm keys unlock"))[0] == "keys: encrypted · key file (same disk)"


def test_the_code_is_taken_away_whatever_happens(run, hosted, monkeypatch):
    answers = iter(["", KeyboardInterrupt()])

    def press(_prompt):
        answer = next(answers)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    monkeypatch.setattr(builtins, "input", press)
    ran = run("%llm keys setup")
    assert isinstance(ran.error, KeyboardInterrupt)
    assert ran.texts == ["(it was shown here)"]


@pytest.mark.parametrize("trouble", [EOFError(), StdinNotImplementedError("no stdin")])
def test_where_nobody_can_be_asked_nothing_is_made(run, hosted, monkeypatch, trouble):
    def cannot(_prompt):
        raise trouble

    monkeypatch.setattr(builtins, "input", cannot)
    ran = run("%llm keys setup")
    assert isinstance(ran.error, OptionError)
    assert ran.error.hint == "nbapimgr keys setup, in a terminal"
    assert ran.sent == []
    assert hosted.credentials.status().state == "none"


def test_new_ways_to_open_it(run, kept, presses_enter):
    before = kept._keys.vault.slots
    said = "keys: encrypted · key file (same disk); opened by key file, recovery code"
    assert lines(run("%llm keys rewrap")) == (said,)
    assert {slot.id for slot in before}.isdisjoint(s.id for s in kept._keys.vault.slots)


def test_the_state_is_said(run, hosted, kept):
    said = lines(run("%llm keys status"))
    assert said[:2] == (
        "keys: encrypted · key file (same disk)", "  opened by: key file, recovery code"
    )  # fmt: skip
    assert len(said) == 4
    assert lines(run("%llm keys unlock")) == said


def test_before_there_is_one_that_is_said(run, hosted):
    assert lines(run("%llm keys status")) == (
        "keys: not stored · this kernel's memory", "  ! there is no vault yet",
        "  → %llm keys setup",
    )  # fmt: skip


def test_a_damaged_vault_is_repaired(run, kept):
    for path in kept._keys.vault.files:
        damage(path, "cut")
    assert any("checksum" in line for line in lines(run("%llm keys status")))
    assert lines(run("%llm keys repair"))[-1] == "generation 2 is in force again"
    assert lines(run("%llm keys repair")) == ("both copies are good: there is nothing to repair",)


def test_keys_are_taken_along(run, kept, types, tmp_path):
    types(PHRASE, "another")
    assert "differ" in str(run("%llm keys export my.keys").error)
    types(PHRASE, PHRASE, PHRASE, PHRASE)
    assert lines(run("%llm keys export my.keys"))[0].startswith("1 key in my.keys")
    assert lines(run("%llm keys import my.keys")) == ("all of its keys were here already",)
    kept.credentials.remove("mine")
    assert lines(run("%llm keys import my.keys")) == ("new: mine (default)",)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("export", "needs one file"), ("import a b", "needs one file"),
        ("status now", "takes nothing, and 'now' follows"),
    ],
)  # fmt: skip
def test_wrong_words_are_one_line(run, kept, line, said):
    ran = run(f"%llm keys {line}")
    assert isinstance(ran.error, OptionError)
    assert said in str(ran.error)


def test_a_front_end_that_cannot_ask_says_what_else_can_be_done(run, kept, monkeypatch):
    def cannot(_prompt):
        raise EOFError

    monkeypatch.setattr(getpass, "getpass", cannot)
    ran = run("%llm keys export my.keys")
    assert ran.error.hint == "llm.credentials.export('my.keys', passphrase)"
