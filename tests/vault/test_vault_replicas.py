"""Two copies and the kept generations: which is the newest good one, and what is never lost."""

from __future__ import annotations

import errno
import os
import time

import pytest

from nbapimgr.errors import VaultDamaged, VaultError, VaultLocked
from nbapimgr.vault import _disk, _replicas
from nbapimgr.vault._replicas import Replicas, TakenError
from tests.vault.vaults import a_key, add, closed_vault, damage, held, keys, new_vault

DAMAGES = ("flip", "cut", "empty", "gone")


def spoil(path, how):
    if how == "gone":
        path.unlink()
    else:
        damage(path, how)


@pytest.fixture
def filled(home, vault):
    for number in (1, 2, 3):
        add(vault, number)
    return vault


def test_both_copies_are_the_same_and_differ_in_their_folder(filled, folders):
    first, second = folders.copies
    assert first.read_bytes() == second.read_bytes()
    assert first.parent != second.parent
    assert first.stat().st_ino != second.stat().st_ino


@pytest.mark.parametrize("how", DAMAGES)
@pytest.mark.parametrize("which", [0, 1])
def test_one_damaged_copy_loses_nothing(home, filled, folders, which, how):
    spoil(folders.copies[which], how)
    after = closed_vault(home)
    assert held(after) == keys(1, 2, 3)
    assert after.state == "open"
    assert str(folders.copies[which]) in after.notices[0]
    assert folders.copies[0].read_bytes() == folders.copies[1].read_bytes()
    aside = list(folders.copies[which].parent.glob("*.damaged-*"))
    assert len(aside) == (how != "gone")
    kept = max(folders.history.glob("*.vault"))
    assert kept.read_bytes() == folders.copies[0].read_bytes()


@pytest.mark.parametrize("how", DAMAGES)
@pytest.mark.parametrize("which", [0, 1])
def test_a_write_over_a_damaged_copy_sets_it_aside(home, filled, folders, which, how):
    spoil(folders.copies[which], how)
    add(filled, 4)
    assert held(closed_vault(home)) == keys(1, 2, 3, 4)
    aside = list(folders.copies[which].parent.glob("*.damaged-*"))
    assert len(aside) == (how != "gone")
    assert len(filled.notices) == 1


def test_a_folder_that_is_gone_is_made_again(home, filled, folders):
    import shutil

    shutil.rmtree(folders.second)
    add(filled, 4)
    shutil.rmtree(folders.first)
    assert held(closed_vault(home)) == keys(1, 2, 3, 4)
    assert folders.copies[0].exists()


@pytest.mark.parametrize("how", ["flip", "cut", "empty", "gone"])
def test_two_damaged_copies_are_not_written_before_a_repair(home, filled, folders, how):
    for path in folders.copies:
        spoil(path, how)
    before = {p: p.read_bytes() for p in folders.first.parent.rglob("*.vault*")}
    after = closed_vault(home)
    read = held(after)
    assert after.state == "read-only"
    with pytest.raises(VaultDamaged, match="read-only") as caught:
        add(after, 4)
    assert caught.value.hint == "nbapimgr keys repair"
    for path, data in before.items():
        assert path.read_bytes() == data
    said = after.repair()
    assert after.state == "open"
    assert held(after) == read == (keys(1, 2, 3) if how == "gone" else keys(1, 2))
    assert any("may be lost" in line for line in said)
    add(after, 5)
    assert held(closed_vault(home)) == {**read, **keys(5)}


def test_a_repair_with_nothing_to_do_does_nothing(home, filled, folders):
    before = folders.copies[0].read_bytes()
    assert filled.repair() == ("both copies are good: there is nothing to repair",)
    assert folders.copies[0].read_bytes() == before


def test_when_nothing_is_left_that_is_said(home, filled, folders):
    for path in (*folders.copies, *folders.history.iterdir()):
        damage(path, "cut")
    after = closed_vault(home)
    assert after.state == "locked"
    for do in (after.unlock, after.repair):
        with pytest.raises(VaultDamaged, match="checksum"):
            do()
    assert after.ready() is None
    with pytest.raises(VaultError, match="there is a vault already"):
        after.create(lambda maker: [maker.key_file(), maker.recovery_code()])


def test_a_write_that_was_cut_short_is_either_there_or_not(home, filled, folders, monkeypatch):
    """The newest generation is in the history alone, or in the first copy alone."""
    second = folders.copies[1].read_bytes()
    add(filled, 4)
    folders.copies[1].write_bytes(second)
    assert held(closed_vault(home)) == keys(1, 2, 3, 4)
    for path in folders.copies:
        path.unlink()
        path.write_bytes(second)
    after = closed_vault(home)
    assert held(after) == keys(1, 2, 3, 4)
    assert after.state == "open"
    assert folders.copies[0].read_bytes() != second
    assert folders.copies[0].read_bytes() == folders.copies[1].read_bytes()


def test_a_first_write_that_was_cut_short_is_finished(home, vault, folders):
    for path in folders.copies:
        path.unlink()
    after = closed_vault(home)
    assert held(after) == {}
    assert after.state == "open"
    assert folders.copies[0].read_bytes() == folders.copies[1].read_bytes()
    add(after, 1)
    assert held(closed_vault(home)) == keys(1)


def test_copies_of_two_vaults_are_left_alone_until_somebody_decides(
    home, tmp_path, filled, folders
):
    other = new_vault(tmp_path / "other")[0]
    theirs = other.files[0].read_bytes()
    folders.copies[1].write_bytes(theirs)
    after = closed_vault(home)
    assert held(after) == keys(1, 2, 3)
    assert "two different vaults" in after.why_not
    with pytest.raises(VaultDamaged, match="two different vaults"):
        add(after, 4)
    after.repair()
    assert after.state == "open"
    (aside,) = folders.second.glob("*.damaged-*")
    assert aside.read_bytes() == theirs


def test_generations_are_kept_and_bounded(home, vault, folders, monkeypatch):
    for number in range(14):
        add(vault, number)
    names = sorted(path.name for path in folders.history.iterdir())
    assert len(names) == 10
    assert names[-1] == "keys-000000000015.vault"


def test_a_generation_of_each_day_is_kept_besides(home, vault, folders):
    for day in range(20, 0, -1):
        add(vault, day)
        newest = max(folders.history.iterdir())
        then = time.time() - day * 86_400 + 100
        os.utime(newest, (then, then))
    add(vault, 0)
    ages = {round((time.time() - p.stat().st_mtime) / 86_400) for p in folders.history.iterdir()}
    assert ages == set(range(15))


def test_drafts_of_the_dead_go_after_an_hour(home, vault, folders):
    for folder, age in ((folders.first, 3700), (folders.second, 3700), (folders.second, 3500)):
        draft = folder / f".keys-{age:012}-0011aabb.draft"
        draft.write_bytes(b"")
        os.utime(draft, (time.time() - age, time.time() - age))
    (folders.second / ".other.draft").write_bytes(b"")
    add(vault, 1)
    left = [p.name for f in (folders.first, folders.second) for p in f.glob(".*.draft")]
    assert sorted(left) == [".keys-000000003500-0011aabb.draft", ".other.draft"]


def test_that_nothing_can_be_tidied_is_no_trouble(home, vault, monkeypatch):
    def no(_path):
        raise OSError(errno.EACCES, "no")

    for number in range(11):
        add(vault, number)
    monkeypatch.setattr(_disk, "remove", no)
    Replicas(vault._folders).tidy(forget=True)
    assert len(list(vault._folders.history.iterdir())) == 10


def test_another_writer_may_be_first(home, vault, folders, monkeypatch):
    """Where locks do nothing, the name of the generation is taken once."""
    other = closed_vault(home)
    other.unlock()
    look = vault._replicas.look()
    add(other, 1)
    with pytest.raises(TakenError):
        vault._replicas.write(
            folders.history.joinpath("keys-000000000002.vault").read_bytes(), look
        )
    write, raced = Replicas.write, []

    def late(self, data, look):
        if not raced:
            raced.append(True)
            add(other, 2)
        return write(self, data, look)

    monkeypatch.setattr(_replicas.Replicas, "write", late)
    monkeypatch.setattr("nbapimgr.vault._lock.locked", lambda _path: _nothing())
    add(vault, 3)
    monkeypatch.undo()
    assert held(closed_vault(home)) == keys(1, 2, 3)


def _nothing():
    import contextlib

    return contextlib.nullcontext()


def test_a_writer_that_is_never_first_gives_up(home, vault, monkeypatch):
    def taken(_self, _data, _look):
        raise TakenError

    monkeypatch.setattr(Replicas, "write", taken)
    with pytest.raises(VaultError) as caught:
        add(vault, 1)
    assert str(caught.value) == "NOT saved: other processes were first, again and again"


def test_what_a_killed_writer_leaves_is_known_as_such(home, vault, folders, monkeypatch):
    class Killed(BaseException):
        pass

    def killed(*_args):
        raise Killed

    monkeypatch.setattr(_disk, "remove", lambda _path: None)
    monkeypatch.setattr(_disk, "publish", killed)
    with pytest.raises(Killed):
        add(vault, 1)
    monkeypatch.undo()
    (draft,) = folders.first.glob("*.draft")
    os.utime(draft, (time.time() - 3700, time.time() - 3700))
    add(closed_vault(home), 2)
    assert not draft.exists()


def test_an_older_copy_that_is_put_back_raises_an_alarm(home, filled, folders):
    old = {p: p.read_bytes() for p in folders.copies}
    history = set(folders.history.iterdir())
    add(filled, 4)
    for path, data in old.items():
        path.write_bytes(data)
    for path in set(folders.history.iterdir()) - history:
        path.unlink()
    assert {r.alias for r in filled.document().records} == {"k1", "k2", "k3", "k4"}
    assert filled.state == "read-only"
    with pytest.raises(VaultDamaged, match="older than what was read before"):
        add(filled, 5)
    assert any("older" in line for line in filled.notices)
    assert filled.repair() == ("generation 5 is in force again",)
    assert held(closed_vault(home)) == keys(1, 2, 3, 4)
    add(filled, 5)
    assert held(closed_vault(home)) == keys(1, 2, 3, 4, 5)


def test_what_this_process_has_read_repairs_what_is_gone(home, filled, folders):
    import shutil

    for folder in (folders.first, folders.second):
        shutil.rmtree(folder)
    said = filled.repair()
    assert said[-1] == "generation 4 is in force again"
    assert held(closed_vault(home)) == held(filled) == keys(1, 2, 3)
    assert filled.repair() == ("both copies are good: there is nothing to repair",)


def test_a_repair_sets_another_vault_aside(home, tmp_path, filled, folders):
    other = new_vault(tmp_path / "other")[0]
    theirs = [path.read_bytes() for path in other.files]
    for path, data in zip(folders.copies, theirs, strict=True):
        path.write_bytes(data)
    filled.repair()
    assert held(closed_vault(home)) == keys(1, 2, 3)
    aside = [next(p.parent.glob("*.damaged-*")).read_bytes() for p in folders.copies]
    assert aside == theirs


def test_a_repair_does_not_write_over_what_it_cannot_open(home, filled, folders):
    """Another process has made new slots, and saved a key since."""
    other = closed_vault(home)
    other.unlock()
    secret = next(folders.key.iterdir())
    kept = other.change_slots(
        lambda maker: [maker.recovery_code()], lambda slot: slot.kind == "key file"
    )
    add(other, 4)
    assert not secret.exists()
    newest = [path.read_bytes() for path in folders.copies]
    with pytest.raises(VaultLocked):
        filled.repair()
    assert [path.read_bytes() for path in folders.copies] == newest
    assert held(filled) == keys(1, 2, 3)
    filled.unlock(code=kept[0].code)
    assert held(filled) == keys(1, 2, 3, 4)


def test_another_vault_in_its_place_is_not_taken_for_it(home, tmp_path, filled, folders):
    other = new_vault(tmp_path / "other")[0]
    for number in range(9):
        add(other, number)
    for mine, theirs in zip(folders.copies, other.files, strict=True):
        mine.write_bytes(theirs.read_bytes())
    with pytest.raises(VaultLocked):
        add(filled, 4)
    filled._slot = other._slot
    with pytest.raises(VaultDamaged, match="another vault is in its place"):
        add(filled, 4)


def test_a_tampered_copy_is_not_believed(home, filled, folders):
    """Its checksum fits and its generation is the same: only the key tells."""
    import hashlib

    data = bytearray(folders.copies[0].read_bytes())
    data[-1000] ^= 1
    data[-32:] = hashlib.sha256(data[:-32]).digest()
    folders.copies[0].write_bytes(data)
    after = closed_vault(home)
    assert held(after) == keys(1, 2, 3)
    assert any("tampered" in line for line in after.notices)


@pytest.mark.parametrize("copies", [(0,), (1,), (0, 1)])
def test_a_newer_version_is_not_written_over(home, filled, folders, copies):
    import hashlib

    data = b"nbapimgr-vault/2\n" + b"what a newer one writes"
    for which in copies:
        folders.copies[which].write_bytes(data + hashlib.sha256(data).digest())
    after = closed_vault(home)
    if len(copies) == 1:
        assert held(after) == keys(1, 2, 3)
        with pytest.raises(VaultDamaged, match="newer"):
            add(after, 4)
    else:
        with pytest.raises(VaultError, match="newer") as caught:
            after.unlock()
        assert caught.value.hint == "pip install -U nbapimgr"
    with pytest.raises(VaultError, match="newer"):
        after.repair()
    for which in copies:
        assert folders.copies[which].read_bytes().startswith(data)


def test_a_repair_takes_an_older_one_when_nothing_opens_the_newest(home, filled, folders):
    """The first copy was re-wrapped by who then lost what opens it; the second was not."""
    old = folders.copies[1].read_bytes()
    key_file = next(folders.key.iterdir())
    secret = key_file.read_bytes()
    filled.change_slots(lambda maker: [maker.recovery_code()], lambda slot: slot.kind == "key file")
    newest = folders.copies[0].read_bytes()
    folders.copies[1].write_bytes(old)
    key_file.write_bytes(secret)
    key_file.chmod(0o600)
    after = closed_vault(home)
    with pytest.raises(VaultLocked):
        after.unlock()
    assert folders.copies[0].read_bytes() == newest
    said = after.repair()
    assert held(after) == keys(1, 2, 3)
    assert any("may be lost" in line for line in said)
    (aside,) = folders.first.glob("*.damaged-*")
    assert aside.read_bytes() == newest


def test_a_copy_that_cannot_be_read_is_not_gone(home, filled, folders, monkeypatch):
    read = _disk.read

    def broken(path):
        if path == folders.copies[0]:
            raise OSError(errno.EIO, "Input/output error")
        return read(path)

    monkeypatch.setattr(_disk, "read", broken)
    after = closed_vault(home)
    assert held(after) == keys(1, 2, 3)
    assert any("Input/output" in line for line in after.notices)
    assert a_key(1).secret.reveal() in held(after).values()
