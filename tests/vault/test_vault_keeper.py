"""Each thing people do with keys is one change, and the next process sees it."""

from __future__ import annotations

import pytest

from nbapimgr.errors import OptionError, VaultDamaged, VaultError, VaultLocked
from nbapimgr.secret import Secret
from nbapimgr.vault import Folders, Keeper, _slots, export_keys, import_keys
from nbapimgr.vault._passphrase import Kdf
from tests.vault.vaults import KEY, a_key, closed_vault, damage, held, keys, new_vault

PHRASE = Secret("correct horse battery")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(_slots, "new_kdf", lambda: Kdf("argon2id", (19 * 1024, 2, 1)))


@pytest.fixture
def keeper(vault):
    keeper = Keeper(vault)
    keeper.add(a_key(1))
    return keeper


def order(home):
    vault = closed_vault(home)
    return [r.alias for r in vault.ready().of("openai")]


def test_a_spare_takes_a_free_alias(home, keeper):
    assert keeper.add(a_key(2, alias="k1"), spare=True).alias == "k1-2"
    assert order(home) == ["k1", "k1-2"]
    with pytest.raises(OptionError, match="'env:A' cannot be an alias") as caught:
        keeper.add(a_key(3, alias="env:A"))
    assert caught.value.hint == "up to 64 characters, no space and none of : ~ /"


def test_keys_are_put_first_promoted_removed_and_taken_back(home, keeper):
    keeper.add(a_key(2))
    assert keeper.activate("openai", "k2").alias == "k2"
    assert order(home) == ["k2", "k1"]
    assert keeper.remove("openai", "k2").alias == "k2"
    assert order(home) == ["k1"]
    assert keeper.undo("openai").alias == "k2"
    assert order(home) == ["k2", "k1"]
    assert keeper.promote("openai", "k1", "k2").alias == "k2"
    assert held(closed_vault(home)) == {"k2": f"{KEY}-1"}


def test_keys_are_bound_all_or_one(home, keeper):
    keeper.add(a_key(2))
    keeper.bind("openai", "https://proxy:443", "k2")
    origins = [r.origin for r in closed_vault(home).ready().of("openai")]
    assert origins == ["https://api.openai.com:443", "https://proxy:443"]
    keeper.bind("openai", "https://proxy:443")
    assert {r.origin for r in closed_vault(home).ready().records} == {"https://proxy:443"}


def test_a_retired_key_is_bound_too_and_a_named_one_is_taken_back(home, keeper):
    keeper.add(a_key(2))
    keeper.add(a_key(9, alias="k1"))
    keeper.bind("openai", "https://proxy:443")
    (old,) = closed_vault(home).ready().of("openai", "retired")
    assert old.origin == "https://proxy:443"
    Keeper(keeper._vault, clock=lambda: old.ended + 9).remove("openai", "k2")
    assert keeper.undo("openai", "k1").id == old.id


def test_checks_are_noted(home, keeper):
    keeper.checked("openai", "k1", "limited", "no credit")
    (record,) = closed_vault(home).ready().records
    assert (record.verdict, record.reason) == ("limited", "no credit")
    assert record.checked > 0


def test_merged_are_those_that_are_new(home, keeper):
    assert [key.alias for key in keeper.merge([a_key(1), a_key(2)])] == ["k2"]
    assert held(closed_vault(home)) == keys(1, 2)


# --- taken to another machine --------------------------------------------------------------------


def test_an_export_is_opened_by_its_passphrase_alone(tmp_path, keeper):
    path = tmp_path / "keys.nbapimgr"
    assert export_keys(path, [a_key(1), a_key(2)], PHRASE) == 2
    assert KEY.encode() not in path.read_bytes()
    assert import_keys(path, PHRASE) == [a_key(1), a_key(2)]
    with pytest.raises(VaultLocked, match="this passphrase does not open it"):
        import_keys(path, Secret("another passphrase"))
    with pytest.raises(OptionError, match="is there already"):
        export_keys(path, [a_key(3)], PHRASE)
    assert import_keys(path, PHRASE) == [a_key(1), a_key(2)]


def test_what_cannot_be_written_or_read_is_said(tmp_path):
    with pytest.raises(VaultError, match="cannot be written: No such file"):
        export_keys(tmp_path / "no" / "where", [], PHRASE)
    with pytest.raises(VaultError, match="cannot be read: No such file"):
        import_keys(tmp_path / "no", PHRASE)
    with pytest.raises(OptionError, match="8 characters"):
        export_keys(tmp_path / "f", [], Secret("short"))
    path = tmp_path / "keys"
    export_keys(path, [a_key(1)], PHRASE)
    damage(path)
    with pytest.raises(VaultDamaged, match="checksum"):
        import_keys(path, PHRASE)


def test_a_passphrase_that_cannot_be_stretched_here_opens_nothing(tmp_path, monkeypatch):
    def cannot(*_args):
        raise VaultError("no Argon2id")

    export_keys(tmp_path / "keys", [a_key(1)], PHRASE)
    monkeypatch.setattr(_slots, "stretch", cannot)
    with pytest.raises(VaultLocked):
        import_keys(tmp_path / "keys", PHRASE)


def test_a_vault_that_no_passphrase_opens_is_no_export(home, tmp_path):
    new_vault(tmp_path / "v")
    with pytest.raises(VaultLocked):
        import_keys(Folders.of(tmp_path / "v").copies[0], PHRASE)
