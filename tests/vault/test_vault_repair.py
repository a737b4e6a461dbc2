"""A repair takes every way in, says what it did line by line, and works where links do not."""

from __future__ import annotations

import errno
import hashlib
import os

import pytest

from nbapimgr.errors import OptionError, VaultError, VaultLocked
from nbapimgr.secret import Secret
from nbapimgr.vault import Keychain, _disk, _lock, _slots, export_keys, import_keys
from nbapimgr.vault._format import parse
from nbapimgr.vault._passphrase import Kdf
from nbapimgr.vault._replicas import Copy, Look
from tests.vault import golden_vault as golden
from tests.vault.test_vault_slots import Pocket
from tests.vault.vaults import a_key, add, closed_vault, damage, held, keys

PHRASE = Secret("correct horse battery")
KEK = {"NBAPIMGR_KEK": "k" * 43}


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(_slots, "new_kdf", lambda: Kdf("argon2id", (19 * 1024, 2, 1)))


@pytest.fixture
def filled(vault):
    for number in (1, 2, 3):
        add(vault, number)
    return vault


def test_what_was_done_and_what_may_be_lost_is_said_in_lines(home, filled, folders):
    first, second = folders.copies
    damage(first, "cut")  # and with it the generation that is kept: it is the same file
    second.unlink()
    assert closed_vault(home).repair() == (
        f"{first}: its checksum is wrong; set aside",
        f"{second}: missing",
        "generation 3 is in force again",
        "what was saved after generation 3 may be lost: look through your keys",
    )
    assert held(closed_vault(home)) == keys(1, 2)


def test_where_one_copy_was_good_nothing_may_be_lost(home, filled, folders):
    folders.copies[1].unlink()
    assert closed_vault(home).repair() == (
        f"{folders.copies[1]}: missing",
        "generation 4 is in force again",
    )


def test_a_repair_by_memory_says_no_more_than_it_did(home, filled, folders):
    damage(folders.copies[0], "cut")
    folders.copies[1].unlink()
    said = filled.repair()
    assert said[-1] == "generation 4 is in force again"
    assert held(closed_vault(home)) == keys(1, 2, 3)


def test_what_was_read_takes_the_place_of_what_was_tampered_with(home, filled, folders):
    """Checksums fit and generations are the same: only who has opened it can tell."""
    kept = folders.history / "keys-000000000004.vault"
    for path in (*folders.copies, kept):
        data = bytearray(path.read_bytes())
        data[-1000] ^= 1
        data[-32:] = hashlib.sha256(data[:-32]).digest()
        path.unlink()
        path.write_bytes(data)
    assert filled.repair()[-1] == "generation 4 is in force again"
    assert held(closed_vault(home)) == keys(1, 2, 3)


def test_what_was_read_is_written_again_when_nothing_opens_the_disk_s(filled, folders):
    for path in folders.key.iterdir():
        path.unlink()
    folders.copies[1].unlink()
    assert filled.repair() == (
        f"{folders.copies[1]}: missing",
        "generation 4 is in force again",
    )
    assert folders.copies[0].read_bytes() == folders.copies[1].read_bytes()


def test_a_vault_that_nothing_opens_is_not_tried_again_and_again(home, folders):
    class Counting(Pocket):
        asked = 0

        def get(self, name):
            self.asked += 1
            raise VaultLocked("denied")

    vault = closed_vault(home, keychain=Pocket(), environ=KEK)
    vault.create(lambda m: [m.keychain(), m.recovery_code()])
    pocket = Counting()
    after = closed_vault(home, keychain=pocket)
    assert after.ready() is None
    once = pocket.asked
    assert [after.ready() for _ in range(3)] == [None] * 3
    assert pocket.asked == once > 0


def test_ways_are_added_that_need_the_keychain_and_the_environment(home):
    pocket = Pocket()
    vault = closed_vault(home, keychain=pocket, environ=KEK)
    vault.create(lambda m: [m.key_file(), m.recovery_code()])
    made = vault.change_slots(lambda m: [m.keychain(), m.environment()])
    assert [each.slot.kind for each in made] == ["keychain", "environment"]
    assert list(pocket.kept) == [f"{vault.id}/{made[0].slot.id}"]


@pytest.mark.parametrize("way", ["recovery code", "passphrase", "environment", "keychain"])
def test_every_way_in_repairs(home, folders, way):
    pocket = Pocket()
    vault = closed_vault(home, environ=KEK, keychain=pocket)
    made = vault.create(
        lambda m: [m.recovery_code(), m.passphrase(PHRASE), m.environment(), m.keychain()]
    )
    add(vault, 1)
    folders.copies[0].unlink()
    with pytest.raises(VaultLocked):
        closed_vault(home, keychain=Pocket()).repair()
    options = {"environment": {"environ": KEK}, "keychain": {"keychain": pocket}}
    typed = {"recovery code": {"code": made[0].code}, "passphrase": {"passphrase": PHRASE}}
    after = closed_vault(home, **{"keychain": Pocket(), **options.get(way, {})})
    said = after.repair(**typed.get(way, {}))
    assert said[-1] == "generation 2 is in force again"
    assert held(after) == keys(1)
    assert folders.copies[0].read_bytes() == folders.copies[1].read_bytes()


def test_a_kept_generation_is_made_anew_where_there_are_no_links(
    home, filled, folders, monkeypatch
):
    def no(*_args, **_kwargs):
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    damage(folders.copies[0])
    monkeypatch.setattr(_disk.os, "link", no)
    assert held(closed_vault(home)) == keys(1, 2, 3)
    kept = folders.history / "keys-000000000004.vault"
    assert kept.read_bytes() == folders.copies[0].read_bytes() == folders.copies[1].read_bytes()
    assert kept.stat().st_ino != folders.copies[0].stat().st_ino


def test_generations_that_are_whole_are_given_the_newest_first(filled, folders):
    damage(folders.history / "keys-000000000003.vault")
    found = [parsed.header.generation for parsed in filled._replicas.kept()]
    assert found == [4, 2, 1]


def test_copies_of_another_vault_are_marked_and_others_keep_their_fault(filled, folders):
    parsed = parse(folders.copies[0].read_bytes())
    good = Copy(folders.copies[0], b"x", parsed)
    bad = Copy(folders.copies[1], fault="its checksum is wrong")
    look = Look((good, bad), good, 4)
    assert look.of_one_vault(filled.id) == look
    one, two = look.of_one_vault("another").copies
    assert (one.fault, two.fault) == ("is of another vault", "its checksum is wrong")


def test_a_newer_version_s_copy_is_named_with_what_to_do(home, filled, folders):
    data = b"nbapimgr-vault/2\nwhat a newer one writes"
    folders.copies[1].write_bytes(data + hashlib.sha256(data).digest())
    with pytest.raises(VaultError) as caught:
        closed_vault(home).repair()
    newer = "a newer nbapimgr wrote it (version '2')"
    assert str(caught.value) == f"{folders.copies[1]}: {newer}"
    assert caught.value.hint == "pip install -U nbapimgr"


def test_a_holder_that_is_no_number_is_not_named(home, vault, folders, monkeypatch):
    from filelock import FileLock

    monkeypatch.setattr(_lock, "_PATIENCE", 0.02)
    with FileLock(folders.lock):
        folders.lock.with_suffix(".holder").write_text("nobody")
        with pytest.raises(VaultError) as caught:
            add(vault, 1)
    assert str(caught.value) == "another process is writing the vault"
    assert caught.value.hint == (
        "end it, or wait for it; a stopped process (Ctrl-Z) holds on to the lock too"
    )


def test_what_the_disk_says_is_said_with_what_to_do(vault, monkeypatch):
    def full(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(_disk.os, "write", full)
    with pytest.raises(VaultError) as caught:
        add(vault, 1)
    assert str(caught.value) == "NOT saved: No space left on device"
    assert caught.value.hint == "free some space, or mend the folder's rights"


# --- exports -------------------------------------------------------------------------------------


def test_an_export_says_of_itself_what_it_is(tmp_path):
    path = tmp_path / "keys"
    assert export_keys(path, [a_key(1)], PHRASE) == 1
    header = parse(path.read_bytes()).header
    assert (header.generation, header.writer) == (1, "export")
    assert header.created == header.written > 0
    assert len(bytes.fromhex(header.vault)) == 16
    assert [slot.kind for slot in header.slots] == ["passphrase"]
    assert len(bytes.fromhex(header.slots[0].salt)) == 16
    with pytest.raises(OptionError) as caught:
        export_keys(path, [a_key(1)], PHRASE)
    assert str(caught.value) == f"{path} is there already"
    assert caught.value.hint == "name another file"


def test_nothing_but_the_passphrase_is_asked_for_an_import(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(Keychain, "get", lambda _self, name: asked.append(name))
    path = tmp_path / "keys"
    path.write_bytes(golden.DATA)
    with pytest.raises(VaultLocked) as caught:
        import_keys(path, Secret("another passphrase"))
    assert str(caught.value) == f"{path}: this passphrase does not open it"
    assert asked == []
    assert len(import_keys(path, Secret(golden.PHRASES[0]))) == 2
