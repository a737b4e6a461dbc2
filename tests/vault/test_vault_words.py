"""What people type and set: keys, passphrases, recovery codes, places and variables."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbapimgr.errors import NbApiMgrError, OptionError, VaultDamaged, VaultError
from nbapimgr.secret import Secret
from nbapimgr.vault import Folders, _passphrase, origin_of, read_key
from nbapimgr.vault._folders import memory_only
from nbapimgr.vault._frames import without_frames
from nbapimgr.vault._passphrase import Kdf, check_passphrase, new_kdf, stretch
from nbapimgr.vault._recovery import _ALPHABET, new_code, read_code

FLOOR = Kdf("argon2id", (19 * 1024, 2, 1))
PHRASE = Secret("correct horse battery")
MASKED = ("is masked", "paste the key itself, not its display")
QUOTED = ("is in quotes", "paste it without them")
LINE = ("is a line of an .env file", "paste what is behind the =")
STRANGE = ("holds spaces or letters no key has", "")


@pytest.mark.parametrize(
    ("key", "said", "hint"),
    [
        ("sk-…3fA9", *MASKED), ("********", *MASKED), ("sk-abc•••••", *MASKED), ("......", *MASKED),
        ("[secret]", *MASKED), ("Secret(…)", *MASKED), ("*.-_", *MASKED), ("sk-....", *MASKED),
        ("sk-***", *MASKED), ("sk-●", *MASKED),
        ('"sk-abc"', *QUOTED), ("'sk-abc", *QUOTED), ("“sk-abc”", *QUOTED), ("sk-abc”", *QUOTED),
        ("`sk-abc", *QUOTED), ("«sk-abc»", *QUOTED), ("", "is empty", ""),
        ("OPENAI_API_KEY=sk-abc", *LINE), ("OPENAI_API_KEY=sk=abc=", *LINE), ("ABC=X", *LINE),
        ("Bearer sk-abc", "is a header", "paste what is behind Bearer"), ("sk abc", *STRANGE),
        ("sk-abc\x00", *STRANGE), ("sk-äbc", *STRANGE), ("sk-a\nsk-b", *STRANGE),
    ],
)  # fmt: skip
def test_what_is_no_key_is_refused_with_the_reason(key, said, hint):
    with pytest.raises(OptionError) as caught:
        read_key(key, "openai")
    assert str(caught.value) == f"the key for 'openai' {said}"
    assert caught.value.hint == hint
    assert not key.strip() or key.strip() not in str(caught.value)


@pytest.mark.parametrize(
    "key",
    ["sk-abc", "x", "EMPTY", "ABSKQmVkcm9ja0FQSUtleS1=", "ABCDEF==", "AKIAIOSFODNN7EXAMPLE:a/b+c",
     "a.b", "name=value", "-_-k", "X-X", "ABC==="],
)  # fmt: skip
def test_what_may_be_a_key_is_taken_without_its_white_space(key):
    assert read_key(f" \t{key}\r\n", "openai").reveal() == key


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://api.openai.com/v1", "https://api.openai.com:443"),
        ("https://API.openai.com:443/else?x=1", "https://api.openai.com:443"),
        ("http://127.0.0.1:8000/v1", "http://127.0.0.1:8000"),
        ("http://[::1]/v1", "http://::1:80"),
        ("https://user@host/v1", "https://host:443"),
        ("", ""),
        ("http://a:port/", "http://a:port/"),
        ("ftp://a", "ftp://a:None"),
        ("nonsense", "://:None"),
    ],
)
def test_an_origin_is_scheme_host_and_port(url, origin):
    assert origin_of(url) == origin


def test_another_scheme_host_or_port_is_another_origin():
    addresses = ["https://a", "http://a", "https://a:8443", "https://b", "https://a.evil"]
    assert len({origin_of(address) for address in addresses}) == 5


# --- recovery codes ------------------------------------------------------------------------------


def test_a_code_is_read_back_however_it_is_typed():
    code = new_code()
    text = code.reveal()
    assert len(text) == 44
    assert len(text.split("-")) == 9
    value = read_code(code)
    assert len(value) == 20
    for typed in (
        text.lower(), text.replace("-", " "), text.replace("-", ""), f"  {text}\n",
        text.replace("0", "O").replace("1", "l"), text.replace("1", "I").replace("0", "o"),
    ):  # fmt: skip
        assert read_code(Secret(typed)) == value
    assert new_code() != code


@given(st.integers(0, 35), st.sampled_from(_ALPHABET))
def test_a_wrong_character_is_seen(place, character):
    text = list(CODE.reveal().replace("-", ""))
    if text[place] != character:
        text[place] = character
        with pytest.raises(OptionError, match="a character of the recovery code is wrong"):
            read_code(Secret("".join(text)))


CODE = new_code()


def test_swapped_neighbours_are_seen():
    text = CODE.reveal().replace("-", "")
    for place in range(35):
        swapped = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
        if swapped != text:
            with pytest.raises(OptionError, match="wrong"):
                read_code(Secret(swapped))


@pytest.mark.parametrize(
    ("typed", "said"), [("", "this has 0"), ("A" * 35, "this has 35"), ("U" * 36, "has 'U'")]
)
def test_what_is_no_code_is_said(typed, said):
    with pytest.raises(OptionError, match=said):
        read_code(Secret(typed))


# --- passphrases ---------------------------------------------------------------------------------


def test_a_passphrase_is_stretched_with_its_salt_and_normalised():
    key = stretch(FLOOR, PHRASE, b"s" * 16)
    assert key == stretch(FLOOR, PHRASE, b"s" * 16)
    assert key != stretch(FLOOR, PHRASE, b"t" * 16)
    assert key != stretch(FLOOR, Secret("correct horse batterz"), b"s" * 16)
    assert stretch(FLOOR, Secret("Schl\u00fcssel"), b"s" * 16) == stretch(
        FLOOR, Secret("Schlu\u0308ssel"), b"s" * 16
    )


def test_a_short_one_is_none():
    with pytest.raises(OptionError, match="8 characters"):
        check_passphrase(Secret("1234567"))
    check_passphrase(Secret("12345678"))


def test_the_cost_is_what_was_recorded_and_the_key_is_what_it_always_was():
    """Another implementation's Argon2id and scrypt of the same, which the format is built on."""
    made = stretch(FLOOR, PHRASE, bytes(range(16)))
    assert made == _argon2(19 * 1024, 2, 1)
    assert stretch(Kdf("argon2id", (19 * 1024, 3, 2)), PHRASE, bytes(range(16))) == _argon2(
        19 * 1024, 3, 2
    )
    made = stretch(Kdf("scrypt", (2**17, 8, 1)), PHRASE, bytes(range(16)))
    assert made == hashlib.scrypt(
        PHRASE.reveal().encode(), salt=bytes(range(16)), n=2**17, r=8, p=1, maxmem=2**28, dklen=32
    )


def _argon2(memory, passes, lanes):
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    function = Argon2id(
        salt=bytes(range(16)), length=32, memory_cost=memory, iterations=passes, lanes=lanes
    )
    return function.derive(PHRASE.reveal().encode())


@pytest.mark.parametrize(
    "kdf",
    [
        Kdf("md5", (1, 1, 1)), Kdf("argon2id", (1024, 2, 1)), Kdf("argon2id", (2**21, 2, 1)),
        Kdf("argon2id", (19 * 1024, 17, 1)), Kdf("argon2id", (19 * 1024, 2, 0)),
        Kdf("scrypt", (2**16, 8, 1)), Kdf("scrypt", (2**21, 8, 1)), Kdf("scrypt", (2**17, 9, 1)),
    ],
)  # fmt: skip
def test_no_file_makes_this_machine_work_without_end(kdf):
    with pytest.raises(VaultDamaged, match="which no vault does"):
        stretch(kdf, PHRASE, bytes(16))


def test_scrypt_takes_the_place_of_a_missing_argon2(monkeypatch):
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.kdf import argon2

    def unsupported(*_args, **_kwargs):
        raise UnsupportedAlgorithm("no")

    assert new_kdf().name == "argon2id"
    monkeypatch.setattr(argon2, "Argon2id", unsupported)
    assert new_kdf() == Kdf("scrypt", (2**17, 8, 1))
    assert len(stretch(new_kdf(), PHRASE, bytes(16))) == 32
    with pytest.raises(VaultError) as caught:
        stretch(FLOOR, PHRASE, bytes(16))
    assert str(caught.value) == (
        "this Python's OpenSSL has no Argon2id, with which the passphrase was stretched"
    )
    assert caught.value.hint == "pip install -U cryptography, or open the vault another way"


def test_a_machine_with_little_memory_takes_the_floor(monkeypatch):
    machine = {"SC_PHYS_PAGES": 2**19, "SC_PAGE_SIZE": 4096}
    monkeypatch.setattr(os, "sysconf", machine.__getitem__)
    assert new_kdf() == FLOOR  # 2 GiB
    machine["SC_PHYS_PAGES"] += 1
    assert new_kdf() == Kdf("argon2id", (64 * 1024, 3, 4))
    monkeypatch.setattr(_passphrase, "os", SimpleNamespace())
    assert new_kdf() == FLOOR


# --- places --------------------------------------------------------------------------------------


def test_the_folders_are_three(tmp_path, monkeypatch):
    folders = Folders.of(tmp_path)
    assert len({folders.first, folders.second, folders.key}) == 3
    assert Folders.of(None, {"NBAPIMGR_HOME": str(tmp_path)}) == folders
    monkeypatch.delenv("NBAPIMGR_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", "/x/data")
    monkeypatch.setenv("XDG_STATE_HOME", "/x/state")
    monkeypatch.setenv("XDG_CONFIG_HOME", "/x/config")
    assert Folders.of() == Folders(
        first=Path("/x/data/nbapimgr/vault"),
        second=Path("/x/state/nbapimgr/vault-copy"),
        key=Path("/x/config/nbapimgr/vault-key"),
    )


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({}, ""), ({"CI": "false"}, ""), ({"CI": "0"}, ""), ({"CI": "true"}, "CI"),
        ({"GITHUB_ACTIONS": "true"}, "CI"), ({"JENKINS_URL": "http://x"}, "CI"),
        ({"BINDER_SERVICE_HOST": "x"}, "Binder"), ({"BINDER_REPO_URL": "x", "CI": "1"}, "Binder"),
    ],
)  # fmt: skip
def test_nothing_is_stored_on_binder_and_in_ci(environ, said):
    assert (
        memory_only(environ)
        == {
            "CI": "CI: keys come from the environment and nothing is stored",
            "Binder": "Binder: this session only",
            "": "",
        }[said]
    )


def test_errors_end_where_their_frames_would_show_keys():
    @without_frames
    def outer(fail):
        key = "sk-in-a-frame"

        def inner():
            raise OptionError(f"{len(key)}")

        return inner() if fail else key

    assert outer(fail=False) == "sk-in-a-frame"
    with pytest.raises(NbApiMgrError) as caught:
        outer(fail=True)
    names = [entry.name for entry in caught.traceback]
    assert names[-1] == "quiet"
    assert "inner" not in names


def test_a_machine_without_fcntl_can_load_the_vault(monkeypatch):
    import builtins

    from nbapimgr.vault import _disk

    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "fcntl":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    spec = importlib.util.spec_from_file_location("disk_of_windows", _disk.__file__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.fcntl is None
