"""The keychain: one that keeps nothing, keeps it in the clear, hangs or refuses is none."""

from __future__ import annotations

import re
import sys
import threading

import keyring
import keyring.backends.chainer
import keyring.backends.fail
import keyring.backends.null
import pytest
from keyring.backend import KeyringBackend

from nbapimgr.errors import MissingExtra, VaultLocked
from nbapimgr.vault import Keychain, _keychain
from nbapimgr.vault._keychain import is_keychain


class Memory(KeyringBackend):
    """A keychain that works."""

    priority = 1

    def __init__(self):
        super().__init__()
        self.kept = {}

    def set_password(self, service, username, password):
        self.kept[service, username] = password

    def get_password(self, service, username):
        return self.kept.get((service, username))

    def delete_password(self, service, username):
        del self.kept[service, username]


class Plaintext(Memory):
    """Named as those that keep secrets in the clear are."""


class Forgetful(Memory):
    def get_password(self, service, username):
        return None if super().get_password(service, username) is None else "another"


class Denied(Memory):
    def get_password(self, service, username):
        raise RuntimeError("denied: sk-quoted-in-an-error")


class Hanging(Memory):
    def __init__(self):
        super().__init__()
        self.released = threading.Event()

    def get_password(self, service, username):
        self.released.wait(60)


@pytest.fixture
def installed(monkeypatch):
    """Makes keyring find this backend."""

    def with_this(backend):
        monkeypatch.setattr(keyring, "get_keyring", lambda: backend)

    return with_this


def test_what_is_put_there_comes_back(installed):
    backend = Memory()
    installed(backend)
    keychain = Keychain()
    assert keychain.why_not() == ""
    assert backend.kept == {}
    keychain.put("vault/slot", "secret")
    assert backend.kept == {("nbapimgr", "vault/slot"): "secret"}
    assert Keychain().get("vault/slot") == "secret"
    keychain.forget("vault/slot")
    with pytest.raises(VaultLocked, match=r"^the keychain has no key for this vault$"):
        keychain.get("vault/slot")


@pytest.mark.parametrize(
    "backend",
    [keyring.backends.fail.Keyring(), keyring.backends.null.Keyring(), Plaintext()],
    ids=["fail", "null", "plaintext"],
)
def test_what_keeps_nothing_or_in_the_clear_is_none(installed, backend):
    installed(backend)
    assert Keychain().why_not() == f"there is no keychain here ({type(backend).__module__})"
    with pytest.raises(VaultLocked):
        Keychain().put("a", "b")


def test_the_first_real_one_of_a_chain_is_taken(installed):
    class Chain(keyring.backends.chainer.ChainerBackend):
        backends = ()

    good = Memory()
    Chain.backends = (Plaintext(), good)
    installed(Chain())
    assert Keychain().why_not() == ""
    Keychain().put("a", "b")
    assert good.kept
    Chain.backends = (Plaintext(),)
    assert "no keychain" in Keychain().why_not()
    Chain.backends = ()
    assert "no keychain" in Keychain().why_not()


def test_packages_of_weak_backends_are_known_by_their_names():
    kind = type("EncryptedKeyring", (), {"__module__": "keyrings.alt.file"})
    assert not is_keychain(kind())
    for name in ("PlaintextFile", "InsecureStore", "NullKeyring", "ChainerOfMine"):
        assert not is_keychain(type(name, (), {"__module__": "somewhere"})())
    assert is_keychain(Memory())


def test_one_that_lies_is_none():
    said = "the keychain gives back another value than was put there"
    assert Keychain(Forgetful()).why_not() == said
    with pytest.raises(VaultLocked, match=f"^{said}$"):
        Keychain(Forgetful()).put("a", "b")


def test_one_that_refuses_says_so_without_its_words():
    why = Keychain(Denied()).why_not()
    assert why == "the keychain refuses: RuntimeError"
    with pytest.raises(VaultLocked) as caught:
        Keychain(Denied()).get("a")
    assert "sk-quoted" not in str(caught.value)


def test_one_that_hangs_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(_keychain, "_PATIENCE", 0.05)
    backend = Hanging()
    assert "does not answer" in Keychain(backend).why_not(0.05)
    with pytest.raises(VaultLocked, match="does not answer"):
        Keychain(backend).get("a")
    backend.released.set()


def test_a_person_who_was_asked_is_waited_for_longer(monkeypatch):
    waited = []

    def patient(seconds, function):
        waited.append(seconds)
        return function()

    monkeypatch.setattr(_keychain, "within", patient)
    keychain = Keychain(Memory())
    assert keychain.why_not() == ""
    keychain.put("a", "b")
    assert keychain.get("a") == "b"
    keychain.forget("a")
    assert waited == [2.0, 60.0, 2.0, 2.0]


def test_what_is_tried_is_gone_afterwards_and_never_the_same():
    tried = []

    class Watched(Memory):
        def set_password(self, service, username, password):
            tried.append((username, password))
            super().set_password(service, username, password)

    backend = Watched()
    assert Keychain(backend).why_not() == Keychain(backend).why_not() == ""
    assert backend.kept == {}
    assert all(re.fullmatch("probe-[0-9a-f]{8}", name) for name, _ in tried)
    assert len({name for name, _ in tried}) == len({value for _, value in tried}) == 2
    assert {len(value) for _, value in tried} == {43}


def test_without_keyring_there_is_none(monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert Keychain().why_not() == "the keychain needs keyring"
    with pytest.raises(MissingExtra) as caught:
        Keychain().get("a")
    assert caught.value.hint == "pip install 'nbapimgr[keychain]'"
