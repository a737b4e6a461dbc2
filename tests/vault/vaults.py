"""Vaults for tests: made quickly, without a passphrase to stretch, and looked into."""

from __future__ import annotations

from nbapimgr.secret import Secret
from nbapimgr.vault import Folders, Keeper, Key, Vault

KEY = "sk-planted-0123456789-abcdefghijk-9Zq7"
ORIGIN = "https://api.openai.com:443"


class NoKeychain:
    """A machine without one."""

    def why_not(self):
        return "there is no keychain here"


def folders_in(home):
    return Folders.of(home)


def new_vault(home, **options):
    """An open vault with a key file and a recovery code; and its slots."""
    vault = closed_vault(home, **options)
    made = vault.create(lambda maker: [maker.key_file(), maker.recovery_code()])
    return vault, made


def closed_vault(home, **options):
    """The vault in a folder, as another process would see it."""
    options = {"environ": {}, "keychain": NoKeychain(), **options}
    return Vault(folders_in(home), **options)


def a_key(number=0, *, provider="openai", alias=None, origin=ORIGIN):
    alias = f"k{number}" if alias is None else alias
    return Key(provider, alias, Secret(f"{KEY}-{number}"), origin)


def add(vault, number=0, **fields):
    return Keeper(vault).add(a_key(number, **fields))


def held(vault):
    """Alias -> key of all live credentials."""
    document = vault.ready()
    return {r.alias: document.reveal(r).reveal() for r in document.records if r.state == "live"}


def keys(*numbers):
    """What `held` gives of these."""
    return {f"k{n}": f"{KEY}-{n}" for n in numbers}


def damage(path, how="flip"):
    """Spoil a file in its place."""
    data = bytearray(path.read_bytes())
    if how == "flip":
        data[len(data) // 2] ^= 1
    elif how == "cut":
        del data[len(data) // 2 :]
    elif how == "empty":
        data.clear()
    path.write_bytes(bytes(data))
