"""Drives one store of keys: sets keys and says which were acknowledged, or says what is there.

Runs in the interpreter that has the store; imports nothing else of this project for a peer.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path


def llm_store(folder):
    """simonw/llm: its own command, in this process."""
    os.environ["LLM_USER_PATH"] = str(folder)
    from click.testing import CliRunner
    from llm.cli import cli

    def put(name, value):
        done = CliRunner().invoke(cli, ["keys", "set", name, "--value", value])
        return done.exit_code == 0

    def get(name):
        return json.loads((folder / "keys.json").read_text()).get(name)

    return put, get


def dotenv_store(folder):
    """python-dotenv's `set_key`."""
    from dotenv import dotenv_values, set_key

    path = folder / "keys.env"

    def put(name, value):
        path.touch()
        return set_key(path, name, value)[0]

    return put, lambda name: dotenv_values(path).get(name)


def alt_store(folder, kind):
    """A backend of keyrings.alt, in files of this folder."""
    from keyrings.alt import file

    backend = getattr(file, kind)()
    backend.file_path = str(folder / "keyring.cfg")
    if kind == "EncryptedKeyring":
        backend.keyring_key = "a passphrase"

    def put(name, value):
        backend.set_password("service", name, value)
        return True

    return put, lambda name: backend.get_password("service", name)


def our_store(folder):
    """The vault."""
    from nbapimgr.secret import Secret
    from nbapimgr.vault import Folders, Keeper, Key, Vault

    vault = Vault(Folders.of(folder), environ={})
    try:
        vault.unlock()
    except Exception:  # noqa: BLE001  # there is none yet, or it is damaged: what it says is tried
        vault.create(lambda maker: [maker.key_file(), maker.recovery_code()])

    def put(name, value):
        Keeper(vault).add(Key("p", name, Secret(value)))
        return True

    def get(name):
        document = vault.document()
        found = [document.reveal(r).reveal() for r in document.of("p") if r.alias == name]
        return found[0] if found else None

    return put, get


STORES = {
    "nbapimgr": our_store,
    "llm": llm_store,
    "dotenv": dotenv_store,
    "alt-plain": lambda folder: alt_store(folder, "PlaintextKeyring"),
    "alt-encrypted": lambda folder: alt_store(folder, "EncryptedKeyring"),
}


def main() -> None:
    store, folder, action, *words = sys.argv[1:]
    put, get = STORES[store](Path(folder))
    if action == "get":
        for line in sys.stdin:
            name = line.strip()
            print(json.dumps([name, get(name)]), flush=True)
        return
    prefix, count = words
    for number in range(int(count)):
        name, value = f"{prefix}_{number}", f"sk-{prefix}-{number}-{'x' * 30}"
        try:
            done = put(name, value)
        except Exception:  # noqa: BLE001  # it was not acknowledged
            done = False
        if done:
            print(f"{name}={value}", flush=True)


if __name__ == "__main__":
    main()
