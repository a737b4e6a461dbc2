"""`llm.credentials`: kept keys, spares, rotation, undo, checks, and what is said about it all."""

from __future__ import annotations

import os

import pytest

from nbapimgr.errors import MissingKey, OptionError, UnknownName, VaultDamaged, VaultError
from nbapimgr.manager import Manager
from nbapimgr.models import Candidate
from nbapimgr.secret import Secret
from nbapimgr.vault import Keychain, _credentials, _slots
from nbapimgr.vault._passphrase import Kdf
from tests.engine.faultserver import error, streamed
from tests.vault.vaults import damage

KEY = "sk-planted-0123456789-abcdefghijk-9Zq7"
OTHER = "sk-planted-9876543210-abcdefghijk-7Qz9"
PHRASE = "correct horse battery"


@pytest.fixture(autouse=True)
def here(monkeypatch):
    """A machine with a disk of its own and no keychain."""
    monkeypatch.setattr(_credentials, "memory_only", lambda _environ: "")
    monkeypatch.setattr(Keychain, "why_not", lambda _self: "there is no keychain here")
    monkeypatch.setattr(_slots, "new_kdf", lambda: Kdf("argon2id", (19 * 1024, 2, 1)))


@pytest.fixture
def kept(asked):
    """A manager with one provider and a vault."""
    asked.credentials.setup()
    return asked


def again(home):
    """The manager of the next kernel."""
    return Manager(home)


def aliases(manager, name="one"):
    return [info.alias for info in manager.credentials.list(name)]


def secret_of(manager, alias, name="one"):
    candidate = Candidate(provider=manager.providers[name], model="m", credential=alias)
    return manager._keys.secret(candidate).reveal()


def test_without_a_vault_a_key_is_kept_in_memory_and_that_is_said(asked, home):
    receipt = asked.credentials.add("one", KEY)
    assert not receipt.durable
    assert receipt.source == "this kernel"
    assert receipt.note == "in this kernel's memory alone: there is no vault yet"
    assert receipt.hint == "%llm keys setup"
    assert receipt.masked == "…9Zq7"
    assert KEY not in repr(receipt)
    assert not list(home.rglob("*.vault"))
    status = asked.credentials.status()
    assert (status.state, status.protection) == ("none", "not stored · this kernel's memory")
    assert asked.credentials.vault_id == ""


def test_with_one_it_is_there_in_the_next_kernel(kept, home):
    receipt = kept.credentials.add("one", KEY)
    assert receipt.durable
    assert (receipt.source, receipt.alias, receipt.note) == ("vault", "default", "")
    assert len(receipt.fingerprint) == 8
    later = again(home)
    assert aliases(later) == ["default"]
    assert secret_of(later, "default") == KEY
    assert later.credentials.vault_id == kept.credentials.vault_id != ""
    status = later.credentials.status()
    assert status.state == "open"
    assert status.protection == "encrypted · key file (same disk)"
    assert status.slots == ("key file", "recovery code")
    assert len(status.files) == 2


def test_a_cell_is_answered_with_a_kept_key(kept, home, server):
    kept.credentials.add("one", KEY)
    assert again(home).ask("Hi").text == "ok"
    assert server.seen[-1].headers["authorization"] == f"Bearer {KEY}"


def test_what_was_given_before_moves_in(asked, home):
    asked.credentials.add("one", KEY)
    asked.credentials.add("one", OTHER, alias="work")
    made = asked.credentials.setup(passphrase=PHRASE)
    assert made.moved == 2
    assert made.slots == ("passphrase", "recovery code")
    assert [i.source for i in asked.credentials.list("one")] == ["vault", "vault"]
    later = again(home)
    assert later.credentials.status().state == "locked"
    assert later.credentials.status().do == "%llm keys unlock"
    assert "no passphrase was given" in later.credentials.status().why
    (line,) = later.trouble
    assert line.startswith("keys: the vault is locked: nothing at hand opens the vault")
    assert asked.credentials.trouble == ()
    assert aliases(later) == []
    assert later.credentials.unlock(recovery=made.recovery).state == "open"
    assert secret_of(later, "work") == OTHER


def test_the_ways_to_open_it_are_chosen(asked, home, monkeypatch):
    with pytest.raises(OptionError, match="two ways"):
        asked.credentials.setup(recovery=False)
    monkeypatch.setenv("NBAPIMGR_KEK", "k" * 43)
    monkeypatch.setattr(Keychain, "why_not", lambda _self: "")
    kept = {}
    monkeypatch.setattr(Keychain, "put", lambda _self, name, value: kept.update({name: value}))
    monkeypatch.setattr(Keychain, "get", lambda _self, name: kept[name])
    monkeypatch.setattr(Keychain, "forget", lambda _self, name: kept.pop(name))
    made = asked.credentials.setup(recovery=False)
    assert made.slots == ("environment", "keychain")
    assert made.recovery is None
    assert asked.credentials.status().protection == "encrypted · NBAPIMGR_KEK"
    made = asked.credentials.rewrap(
        passphrase=PHRASE, keychain=False, key_file=True, recovery=False
    )
    assert made.slots == ("environment", "passphrase", "key file")
    assert kept == {}
    assert again(home).credentials.status().state == "open"


def test_where_nothing_is_stored_that_is_said(asked, monkeypatch):
    monkeypatch.setattr(asked._keys, "vault", None)
    monkeypatch.setattr(asked._keys, "memory_only", "Binder: this session only")
    receipt = asked.credentials.add("one", KEY)
    assert receipt.note == "in this kernel's memory alone: Binder: this session only"
    assert asked.credentials.status().state == "memory-only"
    assert asked.credentials.status().protection == "not stored · Binder: this session only"
    for do in (
        asked.credentials.setup, asked.credentials.unlock, asked.credentials.repair,
        asked.credentials.rewrap, lambda: asked.credentials.undo("one"),
        lambda: asked.credentials.add("one", OTHER, keep=True),
    ):  # fmt: skip
        with pytest.raises(VaultError, match=r"not stored here .Binder"):
            do()


def test_a_key_can_be_kept_in_memory_on_purpose(kept, home):
    assert not kept.credentials.add("one", KEY, keep=False).durable
    assert aliases(again(home)) == []
    assert kept.credentials.add("one", KEY).durable
    assert [i.source for i in kept.credentials.list("one")] == ["vault"]


def test_what_could_not_be_saved_stays_in_memory(kept, home):
    kept.credentials.add("one", KEY)
    for path in kept.credentials.status().files:
        damage(path_of(path), "cut")
    with pytest.raises(VaultDamaged, match=r"NOT saved.*in this kernel's memory until") as caught:
        kept.credentials.add("one", OTHER, alias="work")
    assert caught.value.hint == "nbapimgr keys repair"
    assert kept.credentials.status().state == "read-only"
    assert kept.credentials.status().do == "nbapimgr keys repair"
    assert secret_of(kept, "work") == OTHER
    assert secret_of(kept, "default") == KEY
    assert kept.credentials.repair()[-1] == "generation 2 is in force again"
    assert secret_of(again(home), "default") == KEY
    assert kept.credentials.add("one", OTHER, alias="work").durable
    assert secret_of(again(home), "work") == OTHER


def path_of(name):
    from pathlib import Path

    return Path(name)


def test_spares_are_used_when_the_active_key_fails(kept, server):
    kept.credentials.add("one", KEY)
    assert kept.credentials.spare("one", OTHER).alias == "spare"
    server.script(error(401, "bad key"), streamed("ok"))
    reply = kept.ask("Hi")
    assert reply.text == "ok"
    assert [a.candidate.credential for a in reply.attempts] == ["default", "spare"]


def test_a_spare_in_memory_takes_a_free_alias(asked):
    asked.credentials.spare("one", KEY)
    assert asked.credentials.spare("one", OTHER).alias == "spare-2"


def test_keys_are_put_first_and_removed_and_come_back(kept, home):
    kept.credentials.add("one", KEY)
    kept.credentials.add("one", OTHER, alias="work")
    kept.credentials.activate("one", "work")
    assert aliases(again(home)) == ["work", "default"]
    assert "%llm keys undo one" in kept.credentials.remove("one", "work")
    assert aliases(again(home)) == ["default"]
    assert [i.state for i in kept.credentials.list("one", removed=True)] == ["live", "removed"]
    assert kept.credentials.undo("one") == "work"
    assert aliases(again(home)) == ["work", "default"]


def test_keys_in_memory_are_changed_there(kept):
    kept.credentials.add("one", KEY, alias="a", keep=False)
    kept.credentials.add("one", OTHER, alias="b", keep=False)
    kept.credentials.activate("one", "b")
    assert aliases(kept) == ["b", "a"]
    assert kept.credentials.remove("one", "b") == ""
    assert aliases(kept) == ["a"]
    with pytest.raises(UnknownName):
        kept.credentials.remove("one", "b")
    with pytest.raises(UnknownName):
        kept.credentials.remove("nobody")


def test_keys_of_others_are_not_changed(kept, monkeypatch):
    monkeypatch.setenv("ONE_KEY", KEY)
    kept.providers.update("one", env=("ONE_KEY",))
    for change in (kept.credentials.remove, kept.credentials.activate):
        with pytest.raises(OptionError, match="env:ONE_KEY is not kept here"):
            change("one", "env:ONE_KEY")


# --- rotation and checks -------------------------------------------------------------------------


def verdict(manager, monkeypatch, state, reason=""):
    from nbapimgr.health import Checked

    monkeypatch.setattr(
        manager.credentials,
        "_check",
        lambda c: Checked(provider=c.provider.name, verdict=state, reason=reason),
    )


def test_a_key_is_rotated_after_a_check(kept, home, monkeypatch):
    kept.credentials.add("one", KEY)
    verdict(kept, monkeypatch, "valid")
    receipt = kept.credentials.rotate("one", OTHER)
    assert (receipt.alias, receipt.durable, receipt.note) == ("default", True, "")
    assert "revoke the old key" in receipt.hint
    later = again(home)
    assert secret_of(later, "default") == OTHER
    (new, old) = later.credentials.list("one")
    assert (new.verdict, old.state) == ("valid", "retired")
    assert secret_of(later, old.alias) == KEY
    assert later.credentials.undo("one") == "default"
    assert secret_of(again(home), "default") == KEY


def test_a_limited_key_is_promoted_and_the_limit_said(kept, monkeypatch):
    kept.credentials.add("one", KEY)
    verdict(kept, monkeypatch, "limited", "no credit")
    assert kept.credentials.rotate("one", OTHER).note == "works, but: no credit"
    assert secret_of(kept, "default") == OTHER


def test_a_rejected_key_changes_nothing(kept, monkeypatch):
    kept.credentials.add("one", KEY)
    verdict(kept, monkeypatch, "rejected")
    with pytest.raises(OptionError, match="one rejects the new key: it is not valid"):
        kept.credentials.rotate("one", OTHER)
    assert aliases(kept) == ["default"]
    assert secret_of(kept, "default") == KEY


def test_a_key_that_could_not_be_checked_is_a_spare(kept, monkeypatch):
    kept.credentials.add("one", KEY)
    verdict(kept, monkeypatch, "unknown", "no network")
    receipt = kept.credentials.rotate("one", OTHER)
    assert receipt.note == "it is a spare: it could not be checked (no network)"
    assert receipt.hint == "%llm keys activate one new"
    assert aliases(kept) == ["default", "new"]
    assert secret_of(kept, "default") == KEY


@pytest.mark.parametrize("durable", [True, False])
@pytest.mark.parametrize("alias", ["default", "other"])
def test_a_new_key_that_is_rejected_comes_before_none_that_is_there(
    asked, monkeypatch, durable, alias
):
    """Whatever alias the good one has, and wherever it comes from."""
    if durable:
        asked.credentials.setup()
    asked.credentials.add("one", KEY, alias=alias)
    verdict(asked, monkeypatch, "rejected")
    with pytest.raises(OptionError, match="one rejects the new key"):
        asked.credentials.introduce("one", OTHER)
    assert aliases(asked) == [alias]
    verdict(asked, monkeypatch, "unknown")
    asked.credentials.introduce("one", OTHER)
    assert secret_of(asked, aliases(asked)[0]) == KEY
    asked.credentials.remove("one", aliases(asked)[1])
    verdict(asked, monkeypatch, "valid")
    asked.credentials.introduce("one", OTHER)
    assert secret_of(asked, aliases(asked)[0]) == OTHER


def test_nor_before_one_of_the_environment(asked, monkeypatch):
    monkeypatch.setenv("MY_KEY", KEY)
    asked.providers.update("one", env=("MY_KEY",))
    verdict(asked, monkeypatch, "rejected")
    with pytest.raises(OptionError, match="one rejects the new key"):
        asked.credentials.introduce("one", OTHER)
    assert aliases(asked) == ["env:MY_KEY"]
    verdict(asked, monkeypatch, "unknown", "no network")
    receipt = asked.credentials.introduce("one", OTHER)
    assert receipt.note == "it is tried first: it could not be checked (no network)"
    assert receipt.hint == ""


def test_a_first_key_is_taken_whatever_a_check_would_say(asked, monkeypatch):
    verdict(asked, monkeypatch, "rejected")
    assert asked.credentials.introduce("one", KEY).alias == "default"
    assert aliases(asked) == ["default"]


def test_a_key_in_memory_is_rotated_there(asked, monkeypatch):
    asked.credentials.add("one", KEY)
    verdict(asked, monkeypatch, "valid")
    assert asked.credentials.rotate("one", OTHER).alias == "default"
    assert aliases(asked) == ["default"]
    assert secret_of(asked, "default") == OTHER


def test_a_key_in_memory_is_rotated_there_beside_an_open_vault(kept, monkeypatch):
    kept.credentials.add("one", KEY, keep=False)
    verdict(kept, monkeypatch, "valid")
    receipt = kept.credentials.rotate("one", OTHER)
    assert (receipt.alias, receipt.durable) == ("default", False)
    assert aliases(kept) == ["default"]
    assert secret_of(kept, "default") == OTHER


def test_what_is_not_there_is_not_rotated_and_leaves_nothing(kept):
    kept.credentials.add("one", KEY)
    with pytest.raises(UnknownName, match="wrk"):
        kept.credentials.rotate("one", OTHER, alias="wrk")
    assert aliases(kept) == ["default"]


@pytest.mark.parametrize("state", ["valid", "limited", "rejected", "unknown"])
def test_a_check_is_noted_and_demotes_nothing(kept, home, monkeypatch, state):
    kept.credentials.add("one", KEY)
    kept.credentials.add("one", OTHER, alias="work")
    verdict(kept, monkeypatch, state, "why")
    assert kept.credentials.test("one").verdict == state
    (first, second) = again(home).credentials.list("one")
    assert (first.alias, first.verdict, first.reason, first.checked > 0) == (
        "default", state, "why", True
    )  # fmt: skip
    assert (second.verdict, second.checked) == ("", 0)
    with pytest.raises(UnknownName, match="no key of one named 'wrok'"):
        kept.credentials.test("one", "wrok")


def test_a_check_goes_to_the_provider(kept, server):
    kept.credentials.add("one", KEY)
    assert kept.credentials.test("one").provider == "one"
    assert server.seen[-1].headers["authorization"] == f"Bearer {KEY}"
    kept.credentials.add("one", OTHER, alias="given", keep=False)
    kept.credentials.test("one", "given")
    assert server.seen[-1].headers["authorization"] == f"Bearer {OTHER}"


def test_a_check_that_cannot_be_noted_stands(kept, monkeypatch):
    kept.credentials.add("one", KEY)
    verdict(kept, monkeypatch, "valid")

    def broken(*_args):
        raise VaultError("NOT saved")

    monkeypatch.setattr("nbapimgr.vault.Vault.change", broken)
    assert kept.credentials.test("one").verdict == "valid"


# --- where keys go -------------------------------------------------------------------------------


def test_another_address_is_asked_about_first(kept, home, server):
    kept.credentials.add("one", KEY)
    kept.credentials.add("one", OTHER, alias="given", keep=False)
    kept.providers.update("one", base_url="http://127.0.0.1:9/v1")
    for alias in ("default", "given"):
        with pytest.raises(MissingKey, match=r"is for http://127\.0\.0\.1"):
            secret_of(kept, alias)
    assert kept.credentials.confirm("one", "given") == "http://127.0.0.1:9"
    assert secret_of(kept, "given") == OTHER
    with pytest.raises(MissingKey):
        secret_of(kept, "default")
    kept.credentials.confirm("one")
    assert secret_of(again(home), "default") == KEY


def test_a_key_given_with_its_provider_has_that_address(llm):
    llm.providers.add("one", base_url="http://127.0.0.1:9/v1", models=["m"], key=KEY)
    assert secret_of(llm, "default") == KEY
    llm.providers.update("one", base_url="http://127.0.0.1:8/v1")
    with pytest.raises(MissingKey, match="is for http"):
        secret_of(llm, "default")


def test_confirming_without_a_vault(asked):
    asked.credentials.add("one", KEY)
    asked.providers.update("one", base_url="http://127.0.0.1:9/v1")
    asked.credentials.confirm("one")
    assert secret_of(asked, "default") == KEY


def test_the_vendor_of_a_key_is_suggested_and_never_asked(kept):
    groq = "gsk_" + "a1B2" * 13
    assert kept.credentials.suggest(f" {groq} ") == ("groq",)
    assert kept.credentials.suggest(KEY) == ()
    receipt = kept.credentials.add("one", groq)
    assert receipt.note == "it looks like a key of groq"
    kept.providers.add("groq")
    assert kept.credentials.add("groq", groq).note == ""


def test_the_environment_holds_a_key_inside_a_block_alone(kept, monkeypatch):
    monkeypatch.delenv("ONE_KEY", raising=False)
    kept.credentials.add("one", KEY)
    with pytest.raises(OptionError, match="the name of a variable"), kept.credentials.env("one"):
        pass
    kept.providers.update("one", env=("ONE_KEY",))
    with kept.credentials.env("one"):
        assert os.environ["ONE_KEY"] == KEY
    assert "ONE_KEY" not in os.environ
    monkeypatch.setenv("ONE_KEY", "before")
    with pytest.raises(UnknownName), kept.credentials.env("one", "default"):
        kept.credentials.list(os.environ["ONE_KEY"])
    assert os.environ["ONE_KEY"] == "before"
    monkeypatch.delenv("ONE_KEY")
    kept.credentials.remove("one")
    with pytest.raises(OptionError, match="a key"), kept.credentials.env("one"):
        pass


# --- taken along ---------------------------------------------------------------------------------


def test_keys_are_taken_to_another_machine(kept, tmp_path):
    kept.credentials.add("one", KEY)
    kept.credentials.add("one", OTHER, alias="given", keep=False)
    path = tmp_path / "taken.keys"
    assert kept.credentials.export(path, Secret(PHRASE)) == 2
    other = Manager(tmp_path / "other")
    other.providers.put(kept.providers["one"])
    assert {key.alias for key in other.credentials.import_(path, PHRASE)} == {"default", "given"}
    assert not list((tmp_path / "other").rglob("*.vault"))
    assert other.credentials.import_(path, PHRASE) == ()
    other.credentials.setup()
    other.credentials.remove("one", "given")
    assert [key.alias for key in other.credentials.import_(path, PHRASE)] == ["given"]
    assert secret_of(other, "given") == OTHER


def test_a_slot_of_a_later_version_has_a_name_too(kept, monkeypatch):
    from msgspec.structs import replace

    vault = kept._keys.vault
    slots = tuple(replace(slot, kind="fingerprint") for slot in vault.slots)
    monkeypatch.setattr(type(vault), "slots", property(lambda _self: slots))
    assert kept.credentials.status().protection == "encrypted · fingerprint"
