"""The ways to open the vault: each alone does, and nothing else does."""

from __future__ import annotations

import os
import stat

import pytest
from msgspec.structs import replace

from nbapimgr.errors import OptionError, VaultError, VaultLocked
from nbapimgr.secret import Secret
from nbapimgr.vault import _slots
from nbapimgr.vault._format import Header, Slot
from nbapimgr.vault._passphrase import Kdf
from nbapimgr.vault._slots import Maker, Opener, wrap_key
from tests.vault.vaults import NoKeychain, folders_in

VAULT = "ab" * 16
PHRASE = Secret("correct horse battery")


class Pocket(NoKeychain):
    """A keychain in memory."""

    def __init__(self, *, stuck=False):
        self.kept = {}
        self.stuck = stuck

    def why_not(self):
        return ""

    def put(self, name, value):
        self.kept[name] = value

    def get(self, name):
        if name not in self.kept:
            raise VaultLocked("the keychain has no key for this vault")
        return self.kept[name]

    def forget(self, name):
        if self.stuck:
            raise VaultLocked("it does not let it go")
        del self.kept[name]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(_slots, "new_kdf", lambda: Kdf("argon2id", (19 * 1024, 2, 1)))


@pytest.fixture
def pocket():
    return Pocket()


@pytest.fixture
def maker(home, pocket):
    def with_this(environ=None):
        return Maker(VAULT, folders_in(home), pocket, environ or {}, 7)

    return with_this


def opens(home, slot, keychain=None, environ=None, **typed):
    header = Header(
        vault=VAULT, generation=1, created=1, written=1, writer="",
        slots=(slot,) if isinstance(slot, Slot) else tuple(slot),
    )  # fmt: skip
    opener = Opener(folders_in(home), keychain or Pocket(), environ or {}, **typed)
    return [key for _, key in opener.wrap_keys(header)]


def test_a_passphrase(home, maker):
    made = maker().passphrase(PHRASE)
    assert opens(home, made.slot, passphrase=PHRASE) == [made.wrap]
    assert opens(home, made.slot, passphrase=Secret("wrong horse")) != [made.wrap]
    assert opens(home, made.slot) == ["no passphrase was given"]
    assert made.slot.kdf is not None
    with pytest.raises(OptionError, match="8 characters"):
        maker().passphrase(Secret("short"))


def test_the_environment(home, maker):
    for value, stretched in (
        ("c29tZSByYW5kb20gYnl0ZXMsIDMyIG9mIHRoZW0hISE", False),
        ("a phrase for all", True),
    ):
        environ = {"NBAPIMGR_KEK": value}
        assert maker(environ).has_variable
        made = maker(environ).environment()
        assert (made.slot.kdf is not None) == stretched
        assert opens(home, made.slot, environ=environ) == [made.wrap]
        assert opens(home, made.slot, environ={"NBAPIMGR_KEK": value + "x"}) != [made.wrap]
        assert opens(home, made.slot) == ["NBAPIMGR_KEK is not set"]
    assert not maker().has_variable
    with pytest.raises(OptionError, match="is not set"):
        maker().environment()
    with pytest.raises(OptionError, match="8 characters"):
        maker({"NBAPIMGR_KEK": "short"}).environment()


def test_a_recovery_code(home, maker):
    made = maker().recovery_code()
    assert opens(home, made.slot, code=made.code) == [made.wrap]
    assert opens(home, made.slot) == ["no recovery code was given"]
    assert "letters and digits" in opens(home, made.slot, code=Secret("typo"))[0]


def test_a_key_file(home, maker):
    made = maker().key_file()
    (path,) = folders_in(home).key.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes().startswith(b"nbapimgr-key/1 ")
    assert opens(home, made.slot) == [made.wrap]
    path.write_bytes(b"nbapimgr-key/1 ???\n")
    assert opens(home, made.slot) == ["the secret that was kept is damaged"]
    path.write_bytes(b"something else")
    assert "is not a key file" in opens(home, made.slot)[0]
    path.unlink()
    assert "No such file" in opens(home, made.slot)[0]
    maker().forget(made.slot)


@pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")
def test_a_key_file_that_others_can_read_is_not_used(home, maker):
    made = maker().key_file()
    (path,) = folders_in(home).key.iterdir()
    path.chmod(0o640)
    assert opens(home, made.slot) == [f"{path} can be read by others: chmod 600 {path}"]
    path.chmod(0o400)
    assert opens(home, made.slot) == [made.wrap]
    maker().forget(made.slot)
    assert not path.exists()


def test_a_keychain(home, maker, pocket):
    assert maker().has_keychain()
    made = maker().keychain()
    ((name, value),) = pocket.kept.items()
    assert name == f"{VAULT}/{made.slot.id}"
    assert len(value) == 43
    assert opens(home, made.slot, pocket) == [made.wrap]
    assert opens(home, made.slot) == ["the keychain has no key for this vault"]
    maker().forget(made.slot)
    assert pocket.kept == {}
    pocket.stuck = True
    maker().forget(made.slot)
    maker().forget(replace(made.slot, kind="passphrase"))


def test_the_quick_and_the_typed_come_first_and_a_slot_of_the_future_last(home, maker, pocket):
    made = [maker().keychain(), maker().key_file(), maker().recovery_code()]
    future = replace(made[0].slot, kind="fingerprint", id="ff")
    header = Header(
        vault=VAULT, generation=1, created=1, written=1, writer="",
        slots=(future, *(each.slot for each in made)),
    )  # fmt: skip
    opener = Opener(folders_in(home), pocket, {}, code=made[2].code)
    tried = list(opener.wrap_keys(header))
    kinds = [slot.kind for slot, _ in tried]
    assert kinds == ["recovery code", "key file", "keychain", "fingerprint"]
    assert tried[-1][1] == "a fingerprint is nothing this version knows"


def test_a_wrap_key_is_of_one_vault_slot_and_salt(maker):
    slot = maker().recovery_code().slot
    keys = {
        wrap_key(VAULT, slot, b"s"), wrap_key("cd" * 16, slot, b"s"), wrap_key(VAULT, slot, b"t"),
        wrap_key(VAULT, replace(slot, id="ff"), b"s"),
        wrap_key(VAULT, replace(slot, salt="00" * 16), b"s"),
    }  # fmt: skip
    assert len(keys) == 5


def test_a_key_file_is_never_written_over(home, maker, monkeypatch):
    monkeypatch.setattr(_slots.secrets, "token_hex", lambda _n: "aaaaaaaa")
    maker().key_file()
    with pytest.raises(FileExistsError):
        maker().key_file()


def test_an_unreadable_keychain_value_is_said(home, maker, pocket):
    made = maker().keychain()
    pocket.kept[f"{VAULT}/{made.slot.id}"] = "not base 64 ü"
    (why,) = opens(home, made.slot, pocket)
    assert why == str(VaultError("the secret that was kept is damaged"))
