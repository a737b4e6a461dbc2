"""The vault as a whole: made, opened, changed, re-wrapped; and what it says when it cannot."""

from __future__ import annotations

import errno
import os
import stat
import threading

import pytest

from nbapimgr.errors import OptionError, UnknownName, VaultDamaged, VaultError, VaultLocked
from nbapimgr.secret import Secret
from nbapimgr.vault import Keeper, _disk, _lock, _slots
from nbapimgr.vault._format import parse
from nbapimgr.vault._passphrase import Kdf
from tests.vault.vaults import KEY, a_key, add, closed_vault, folders_in, held, keys, new_vault

PHRASE = Secret("correct horse battery")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(_slots, "new_kdf", lambda: Kdf("argon2id", (19 * 1024, 2, 1)))


def test_what_was_kept_is_there_in_the_next_process(home, vault):
    assert add(vault, 1).alias == "k1"
    add(vault, 2)
    after = closed_vault(home)
    assert after.state == "locked"
    assert after.document() is None
    assert held(after) == keys(1, 2)
    assert after.state == "open"
    assert after.id == vault.id
    assert after.generation == vault.generation == 3
    assert [slot.kind for slot in after.slots] == ["key file", "recovery code"]
    assert after.notices == []


def test_another_process_sees_it_at_once(home, vault):
    other = closed_vault(home)
    other.unlock()
    add(vault, 1)
    assert held(other) == keys(1)
    add(other, 2)
    assert held(vault) == keys(1, 2)
    assert other.document() is other.document()


def test_no_key_and_no_secret_is_in_any_file(home, vault):
    add(vault, 1)
    for path in home.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert KEY.encode() not in data
            assert b"openai" not in data
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 or path.suffix == ".holder"
        else:
            assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_before_there_is_one(home):
    vault = closed_vault(home)
    assert vault.state == "none"
    assert vault.ready() is None
    assert (vault.id, vault.generation, vault.slots, vault.why_not) == ("", 0, (), "")
    for do in (vault.unlock, vault.repair, lambda: add(vault, 1)):
        with pytest.raises(VaultError, match="there is no vault yet") as caught:
            do()
        assert caught.value.hint == "%llm keys setup makes one"
    assert not list(home.rglob("*.vault"))


def test_a_vault_that_is_gone_is_not_one_that_never_was(home, vault):
    import shutil

    add(vault, 1)
    shutil.rmtree(home)
    with pytest.raises(VaultDamaged, match=r"NOT saved: .*missing"):
        add(vault, 2)
    assert held(vault) == keys(1)
    assert vault.state == "read-only"


def test_one_way_to_open_it_is_not_enough_unless_that_is_accepted(home):
    vault = closed_vault(home)
    for make in (lambda m: [m.key_file()], lambda _m: []):
        with pytest.raises(OptionError, match="two ways to open it"):
            vault.create(make)
    with pytest.raises(OptionError):
        vault.create(lambda _m: [], accept_loss=True)
    assert list(folders_in(home).key.glob("*")) == []
    assert vault.state == "none"
    vault.create(lambda m: [m.recovery_code()], accept_loss=True)
    assert vault.state == "open"
    with pytest.raises(VaultError, match="there is a vault already") as caught:
        vault.create(lambda m: [m.key_file(), m.recovery_code()])
    assert caught.value.hint == "%llm keys unlock opens it"


@pytest.mark.parametrize("way", ["key file", "recovery code", "passphrase", "environment"])
def test_every_slot_opens_it_alone(home, way):
    environ = {"NBAPIMGR_KEK": "k" * 43}
    vault = closed_vault(home, environ=environ)
    made = vault.create(
        lambda m: [m.key_file(), m.recovery_code(), m.passphrase(PHRASE), m.environment()]
    )
    add(vault, 1)
    if way != "key file":
        for path in folders_in(home).key.iterdir():
            path.unlink()
    given = {"recovery code": {"code": made[1].code}, "passphrase": {"passphrase": PHRASE}}
    after = closed_vault(home, environ=environ if way == "environment" else {})
    after.unlock(**given.get(way, {}))
    assert held(after) == keys(1)
    add(after, 2)
    assert held(vault) == keys(1, 2)


def test_when_nothing_opens_it_each_way_says_why(home, vault):
    add(vault, 1)
    for path in folders_in(home).key.iterdir():
        path.unlink()
    after = closed_vault(home)
    with pytest.raises(VaultLocked) as caught:
        after.unlock(passphrase=PHRASE)
    assert "key file: [Errno 2]" in str(caught.value)
    assert "recovery code: no recovery code was given" in str(caught.value)
    assert "unlock" in caught.value.hint
    assert after.ready() is None
    assert after.ready() is None
    assert len(after.notices) == 1
    with pytest.raises(VaultLocked):
        add(after, 2)
    wrong = new_vault(home.parent / "another")[1][1].code
    with pytest.raises(VaultLocked, match="recovery code: this key does not open it"):
        after.unlock(code=wrong)


def test_slots_are_made_anew_and_the_old_open_nothing(home):
    vault, old = new_vault(home)
    add(vault, 1)
    ids = {made.slot.id for made in old}
    made = vault.change_slots(
        lambda m: [m.passphrase(PHRASE), m.recovery_code()], lambda slot: slot.id in ids
    )
    assert [slot.kind for slot in vault.slots] == ["passphrase", "recovery code"]
    assert list(folders_in(home).key.iterdir()) == []
    assert len(list(folders_in(home).history.iterdir())) == 1
    after = closed_vault(home)
    with pytest.raises(VaultLocked):
        after.unlock(code=old[1].code)
    after.unlock(code=made[1].code)
    assert held(after) == keys(1)
    add(vault, 2)
    add(after, 3)
    assert held(vault) == keys(1, 2, 3)


def test_a_slot_is_added(home):
    vault, _ = new_vault(home)
    vault.change_slots(lambda m: [m.passphrase(PHRASE)])
    assert len(vault.slots) == 3
    for path in folders_in(home).key.iterdir():
        path.unlink()
    after = closed_vault(home)
    after.unlock(passphrase=PHRASE)
    assert after.state == "open"


def test_too_few_slots_are_not_left(home):
    vault, _ = new_vault(home)
    with pytest.raises(OptionError, match="two ways"):
        vault.change_slots(lambda _m: [], lambda slot: slot.kind == "key file")
    assert len(vault.slots) == 2
    vault.change_slots(lambda _m: [], lambda slot: slot.kind == "key file", accept_loss=True)
    assert [slot.kind for slot in vault.slots] == ["recovery code"]
    assert add(vault, 1).alias == "k1"


def test_a_process_whose_slot_was_dropped_finds_another(home):
    environ = {"NBAPIMGR_KEK": "k" * 43}
    vault = closed_vault(home, environ=environ)
    vault.create(lambda m: [m.environment(), m.key_file(), m.recovery_code()])
    other = closed_vault(home, environ=environ)
    other.unlock()
    vault.change_slots(lambda _m: [], lambda slot: slot.kind == "environment")
    add(vault, 1)
    assert held(other) == keys(1)
    add(other, 2)
    assert held(vault) == keys(1, 2)


def test_a_process_that_no_slot_opens_any_more_goes_on_with_what_it_read(home):
    vault, made = new_vault(home)
    add(vault, 1)
    other = closed_vault(home)
    other.unlock()
    vault.change_slots(lambda m: [m.passphrase(PHRASE)], lambda slot: slot.kind == "key file")
    add(vault, 2)
    assert held(other) == keys(1)
    assert other.state == "read-only"
    assert "nothing at hand opens the vault" in other.notices[-1]
    assert held(other) == keys(1)
    assert len(other.notices) == 1
    with pytest.raises(VaultLocked):
        add(other, 3)
    other.unlock(code=made[1].code)
    add(other, 3)
    assert held(vault) == keys(1, 2, 3)


@pytest.mark.parametrize("call", ["open", "write", "fsync", "link", "replace"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_what_was_not_saved_is_said_and_nothing_is_lost(home, vault, monkeypatch, call, number):
    add(vault, 1)
    real = getattr(os, call)

    def broken(*args, **kwargs):
        if call == "open" and len(args) > 1 and not args[1] & os.O_CREAT:
            return real(*args, **kwargs)
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(_disk.os, call, broken)
        with pytest.raises(VaultError, match=f"NOT saved: {os.strerror(number)}") as caught:
            add(vault, 2)
    assert "rights" in caught.value.hint
    assert keys(1).items() <= held(closed_vault(home)).items()
    add(vault, 3)
    assert keys(1, 3).items() <= held(closed_vault(home)).items()


def test_a_home_that_cannot_be_written_can_be_read(home, vault, monkeypatch):
    add(vault, 1)
    folders_in(home).copies[1].unlink()

    def broken(_path):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(_disk, "make_folder", broken)
    after = closed_vault(home)
    assert held(after) == keys(1)
    assert "could not be mended" in after.notices[-1]
    after.unlock()
    assert len(after.notices) == 1
    with pytest.raises(VaultError, match="Read-only file system"):
        add(after, 2)


def test_what_a_newer_version_added_is_not_thrown_away(home, vault, monkeypatch):
    add(vault, 1)
    from nbapimgr.vault import _vault

    real = _vault.encode
    monkeypatch.setattr(
        _vault, "encode", lambda d: real(d).replace(b'"records"', b'"colour":1,"records"')
    )
    add(vault, 2)
    monkeypatch.undo()
    after = closed_vault(home)
    assert held(after) == keys(1, 2)
    with pytest.raises(VaultDamaged, match="a newer nbapimgr wrote things into it"):
        add(after, 3)


def test_a_change_that_changes_nothing_writes_nothing(home, vault):
    add(vault, 1)
    before = vault.generation
    assert add(vault, 1).alias == "k1"
    Keeper(vault).bind("openai", a_key(1).origin)
    assert vault.generation == before


def test_a_change_that_fails_changes_nothing(home, vault):
    add(vault, 1)
    before = vault.files[0].read_bytes()
    with pytest.raises(UnknownName):
        Keeper(vault).activate("openai", "k2")
    assert vault.files[0].read_bytes() == before


def test_threads_lose_nothing(home, vault):
    def work(first):
        for number in range(first, first + 5):
            add(vault, number)

    threads = [threading.Thread(target=work, args=(n * 5,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert held(closed_vault(home)) == keys(*range(20))


def test_the_holder_of_the_lock_is_named(home, vault, monkeypatch):
    from filelock import FileLock

    monkeypatch.setattr(_lock, "_PATIENCE", 0.02)
    lock = folders_in(home).lock
    with FileLock(lock):
        with pytest.raises(VaultError, match=rf"another process.*\(process {os.getpid()}\)"):
            add(vault, 1)
        lock.with_suffix(".holder").unlink()
        with pytest.raises(VaultError, match=r"writing the vault$"):
            add(vault, 1)
    assert add(vault, 1).alias == "k1"


def test_who_waits_comes_before_who_has_just_written(home, vault):
    """While another waits for the lock, its turn is held: the writer stands behind it."""
    from filelock import FileLock

    lock = folders_in(home).lock
    with _lock.locked(lock), FileLock(lock.with_suffix(".turn"), timeout=0) as turn:
        assert turn.is_locked  # who writes leaves it to who waits
    with FileLock(lock.with_suffix(".turn")) as turn, pytest.MonkeyPatch.context() as patch:
        patch.setattr(_lock, "_PATIENCE", 0.02)
        with pytest.raises(VaultError, match="another process is writing"):
            add(vault, 1)
        assert turn.is_locked
    assert add(vault, 1).alias == "k1"


def test_a_lock_that_would_stay_behind_is_not_used(home, vault, monkeypatch):
    import filelock

    folders_in(home).lock.with_suffix(".turn").unlink()
    monkeypatch.setattr(filelock, "FileLock", filelock.SoftFileLock)
    with pytest.raises(VaultError, match="has no locks"):
        add(vault, 1)
    assert not folders_in(home).lock.with_suffix(".turn").exists()

    def none(*_args, **_kwargs):
        raise NotImplementedError

    monkeypatch.undo()
    monkeypatch.setattr(filelock.FileLock, "acquire", none)
    with pytest.raises(VaultError, match="has no locks"):
        add(vault, 1)


def test_every_write_has_new_keys_and_the_old_file_is_not_the_new_one(home, vault):
    add(vault, 1)
    one = parse(vault.files[0].read_bytes())
    Keeper(vault).activate("openai", "k1")
    Keeper(vault).checked("openai", "k1", "valid", "")
    two = parse(vault.files[0].read_bytes())
    assert one.header.commit != two.header.commit
    assert two.header.generation == one.header.generation + 1


def test_the_clock_is_the_vaults(home):
    now = [1_000_000.0]
    vault = closed_vault(home, clock=lambda: now[0])
    vault.create(lambda m: [m.key_file(), m.recovery_code()])
    keeper = Keeper(vault, clock=lambda: now[0])
    keeper.add(a_key(1))
    keeper.remove("openai", "k1")
    now[0] += 31 * 86_400
    keeper.add(a_key(2))
    assert [r.alias for r in vault.document().records] == ["k2"]
