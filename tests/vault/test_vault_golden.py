"""A vault that was written long ago opens by each of its ways, and holds what was put into it."""

from __future__ import annotations

import shutil

import msgspec
import pytest

from nbapimgr.errors import VaultLocked
from nbapimgr.secret import Secret
from nbapimgr.vault import Key, import_keys
from nbapimgr.vault._format import parse
from tests.vault import golden_vault as golden
from tests.vault.test_vault_slots import Pocket
from tests.vault.vaults import closed_vault

OPENAI = "https://api.openai.com:443"
KEYS = [
    Key("openai", "work", Secret("sk-golden-9876543210-fedcba"), OPENAI),
    Key("ollama", "local", Secret("ol-golden-0123456789-abcdef"), ""),
]
NOW = 1_790_000_100


class GoldenPocket(Pocket):
    """The keychain of the machine on which it was written."""

    def __init__(self):
        super().__init__()
        self.kept = dict(golden.KEYCHAIN)


@pytest.fixture
def old(folders):
    """Its files, without any way in."""
    for path in folders.copies:
        path.parent.mkdir(parents=True)
        path.write_bytes(golden.DATA)
    return folders


def with_key_file(folders):
    name, content = golden.KEY_FILE
    folders.key.mkdir(parents=True)
    (folders.key / name).write_bytes(content)
    (folders.key / name).chmod(0o600)
    return {}, {}


WAYS = {
    "key file": with_key_file,
    "recovery code": lambda _: ({}, {"code": Secret(golden.CODE)}),
    "Argon2id": lambda _: ({}, {"passphrase": Secret(golden.PHRASES[0])}),
    "scrypt": lambda _: ({}, {"passphrase": Secret(golden.PHRASES[1])}),
    "environment": lambda _: ({"environ": {"NBAPIMGR_KEK": golden.VARIABLE}}, {}),
    "keychain": lambda _: ({"keychain": GoldenPocket()}, {}),
}


@pytest.mark.parametrize("way", WAYS)
def test_each_way_opens_it(home, old, way):
    options, typed = WAYS[way](old)
    vault = closed_vault(home, clock=lambda: NOW, **options)
    vault.unlock(**typed)
    assert vault.id == golden.VAULT
    assert vault.generation == 4
    assert vault.document().keys() == KEYS
    assert vault.notices == []


def test_without_a_way_it_stays_closed(home, old):
    with pytest.raises(VaultLocked, match="nothing at hand opens the vault"):
        closed_vault(home, keychain=Pocket()).unlock()


def test_a_keychain_is_asked_once_for_both_copies(home, old):
    asked = []

    class Locked(Pocket):
        def get(self, name):
            asked.append(name)
            return super().get(name)

    with pytest.raises(VaultLocked):
        closed_vault(home, keychain=Locked()).unlock()
    assert len(asked) == 1


def test_its_records_are_read_as_they_were_written(home, old):
    vault = closed_vault(home, keychain=GoldenPocket(), clock=lambda: NOW)
    document = vault.ready()
    rows = [(r.id, r.alias, r.fingerprint, r.created, r.ended) for r in document.records]
    assert rows == [
        ("34d5e7ea6442c117", "work", "8af6db4b", 1_790_000_001, 0),
        ("15f4604e3e574cd4", "work~15f4", "6e09e696", 1_790_000_001, 1_790_000_001),
        ("6b272557962765eb", "local", "aac3753c", 1_790_000_001, 0),
    ]
    assert document.records[1].until == 1_790_000_001 + 604_800
    for record, key in zip(document.records, [KEYS[0], None, KEYS[1]], strict=True):
        if key:
            assert document.fingerprint(key.secret) == record.fingerprint


def test_it_is_written_as_it_was(home, old):
    """The next generation has the form of the old one: an older nbapimgr can still read it."""
    vault = closed_vault(home, keychain=GoldenPocket(), clock=lambda: NOW)
    vault.ready()
    vault.change(lambda document: document.with_records(*document.records[::-1]))
    before, after = parse(golden.DATA), parse(old.copies[0].read_bytes())
    assert len(before.body) == len(after.body)
    one, other = (msgspec.json.decode(msgspec.json.encode(p.header)) for p in (before, after))
    changed = {"generation", "written", "writer", "commit", "mac", "slots"}
    assert {n: v for n, v in one.items() if n not in changed} == {
        n: v for n, v in other.items() if n not in changed
    }
    assert [{**slot, "wrapped": len(slot["wrapped"])} for slot in before.slots] == [
        {**slot, "wrapped": len(slot["wrapped"])} for slot in after.slots
    ]


@pytest.mark.parametrize("phrase", golden.PHRASES)
def test_as_an_export_it_is_imported(tmp_path, phrase):
    path = tmp_path / "keys.export"
    path.write_bytes(golden.DATA)
    assert import_keys(path, Secret(phrase)) == KEYS
    shutil.copy(path, tmp_path / "again")
    with pytest.raises(VaultLocked, match="this passphrase does not open it"):
        import_keys(tmp_path / "again", Secret("another passphrase"))
