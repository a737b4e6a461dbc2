"""Change every byte of a vault's file to every other value: each change is seen.

    python tests/chaos/vault_bytes.py

Damage: the checksum no longer fits. Tampering: somebody has put a fitting checksum behind it, and
the keys alone tell; there each byte is given `--tampered` other values. Then every cut.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import shutil
import sys
import tempfile
from pathlib import Path

from nbapimgr.errors import VaultDamaged, VaultError
from nbapimgr.vault._format import parse
from tests.chaos.vault_ground import Step, started, take


def one_file():
    """The bytes of a vault with two keys, and what opens it."""
    home = Path(tempfile.mkdtemp(prefix="vault-bytes-"))
    vault = started(home)
    for number in (1, 2):
        take(vault, Step("add", f"k{number}", f"sk-{number}"))
    data = vault.files[0].read_bytes()
    shutil.rmtree(home)
    return data, vault


def damaged(data: bytes, values: range) -> tuple[int, int]:
    """How many changes there are, and how many are taken for a vault."""
    tried = taken = 0
    for place in range(len(data)):
        changed = bytearray(data)
        for wrong in values:
            changed[place] = data[place] ^ wrong
            tried += 1
            taken += _is_taken(bytes(changed))
    return tried, taken


def _is_taken(data: bytes) -> bool:
    try:
        parse(data)
    except VaultDamaged:
        return False
    return True


def tampered(data: bytes, vault, values: int) -> tuple[int, int]:
    """The same where the checksum fits."""
    chance = random.Random(1)  # noqa: S311  # a choice
    tried = taken = 0
    for place in range(len(data) - 32):
        for wrong in chance.sample(range(1, 256), values):
            changed = bytearray(data[:-32])
            changed[place] ^= wrong
            tried += 1
            try:
                vault._opens(parse(bytes(changed) + hashlib.sha256(changed).digest()))
                taken += 1
            except VaultError:
                pass
    return tried, taken


def campaign(values: int, tampers: int) -> dict[str, int]:
    """Everything, with `values` other values of each byte."""
    data, vault = one_file()
    vault._opens(parse(data))  # and so it is not taken for damage by itself
    tried, taken = damaged(data, range(1, values + 1))
    tampers_tried, tampers_taken = tampered(data, vault, tampers)
    cuts = sum(_is_taken(data[:end]) for end in range(len(data)))
    return {
        "bytes": len(data),
        "changed": tried,
        "tampered": tampers_tried,
        "cut": len(data),
        "taken": taken + tampers_taken + cuts,
    }


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--values", type=int, default=255)
    options.add_argument("--tampered", type=int, default=16)
    chosen = options.parse_args()
    found = campaign(chosen.values, chosen.tampered)
    print(json.dumps(found))
    return 0 if found["changed"] and not found["taken"] else 1


if __name__ == "__main__":
    sys.exit(main())
