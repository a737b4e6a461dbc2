"""Other stores of keys under the same blows as the vault, in the same run.

    python tests/chaos/vault_peers.py

Peers: simonw/llm's `keys.json`, python-dotenv's `.env` (where jupyter-ai keeps keys) and the
plaintext and encrypted files of keyrings.alt; in an environment of their own, which pip makes when
it is first needed. Three blows, the same for each: writers at the same time; kill -9 while writing;
a damaged file, and one more write. Counted are acknowledged keys that are gone.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench.environments import default_folder, python_of

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
REQUIREMENTS = "requirements-keys.txt"
STORES = ("nbapimgr", "llm", "dotenv", "alt-plain", "alt-encrypted")


class Store:
    """One store in one folder, driven by `vault_peer.py` in its interpreter."""

    def __init__(self, name: str, peers: str) -> None:
        self.name = name
        self.folder = Path(tempfile.mkdtemp(prefix=f"vault-peer-{name}-"))
        self._python = sys.executable if name == "nbapimgr" else peers

    def start(self, *words: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        """The driver at work."""
        env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHON_KEYRING_BACKEND": ""}
        command = [self._python, str(HERE / "vault_peer.py"), self.name, str(self.folder), *words]
        return subprocess.Popen(
            command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env
        )

    def do(self, *words: str) -> list[str]:
        """What the driver said."""
        said, _ = self.start(*words).communicate(timeout=120)
        return said.decode().split("\n")[:-1]

    def gone(self, acknowledged: dict[str, str]) -> int:
        """How many of these are not there any more."""
        asked = "".join(f"{name}\n" for name in acknowledged)
        said, _ = self.start("get", stdin=subprocess.PIPE).communicate(asked.encode(), timeout=120)
        there = dict(json.loads(line) for line in said.splitlines())
        return sum(there.get(name) != value for name, value in acknowledged.items())

    def files(self) -> list[Path]:
        """The files that hold keys, the newest first."""
        found = [p for p in self.folder.rglob("*") if p.is_file() and _holds_keys(p)]
        return sorted(found, key=lambda p: p.stat().st_mtime_ns, reverse=True)

    def clear(self) -> None:
        shutil.rmtree(self.folder)


def _holds_keys(path: Path) -> bool:
    return path.suffix in {".json", ".cfg", ".env", ".vault"} and path.parent.name != "history"


def _acknowledged(lines: list[str]) -> dict[str, str]:
    return dict(line.split("=", 1) for line in lines if "=" in line)


def control(store: Store, keys: int) -> dict[str, int]:
    """One writer and no blow: who loses a key here is driven wrongly."""
    said = _acknowledged(store.do("set", "c", str(keys)))
    return {"acknowledged": len(said), "gone": store.gone(said)}


def writers(store: Store, count: int, keys: int) -> dict[str, int]:
    """Several at once."""
    store.do("set", "first", "1")
    crowd = [store.start("set", f"w{number}", str(keys)) for number in range(count)]
    said = {}
    for each in crowd:
        lines, _ = each.communicate(timeout=300)
        said |= _acknowledged(lines.decode().split("\n"))
    return {"acknowledged": len(said), "gone": store.gone(said)}


def kills(store: Store, rounds: int, chance: random.Random) -> dict[str, int]:
    """SIGKILL at a random moment of writing."""
    said: dict[str, str] = {}
    lost = 0
    for number in range(rounds):
        writer = store.start("set", f"r{number}", "1000")
        assert writer.stdout is not None
        first = writer.stdout.readline()
        time.sleep(chance.expovariate(1 / 0.02))
        writer.send_signal(signal.SIGKILL)
        rest, _ = writer.communicate()
        said |= _acknowledged((first + rest).decode().split("\n")[:-1])
        if gone := store.gone(said):
            lost += gone
            said = {}
            shutil.rmtree(store.folder)
            store.folder.mkdir()
            store.do("set", "first", "1")
    return {"kills": rounds, "gone": lost}


def damages(store: Store, rounds: int, chance: random.Random) -> dict[str, int]:
    """One file cut or with one bit changed, then one more write."""
    lost = total = 0
    for number in range(rounds):
        shutil.rmtree(store.folder)
        store.folder.mkdir()
        said = _acknowledged(store.do("set", "k", "5"))
        path = store.files()[0]
        data = bytearray(path.read_bytes())
        if number % 2:
            del data[chance.randrange(len(data)) :]
        else:
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        path.write_bytes(bytes(data))
        store.do("set", "after", "1")
        total += len(said)
        lost += store.gone(said)
    return {"acknowledged": total, "gone": lost}


def campaign(names: list[str], scale: float, folder: Path) -> dict[str, Any]:
    """All blows on these stores."""
    peers = python_of(REQUIREMENTS, folder, here=HERE) if names != ["nbapimgr"] else ""
    found: dict[str, Any] = {}
    for name in names:
        chance = random.Random(1)  # noqa: S311  # a choice
        found[name] = {}
        for blow, run in (
            ("control", lambda s: control(s, 10)),
            ("writers", lambda s: writers(s, 4, round(25 * scale))),
            ("kills", lambda s, c=chance: kills(s, round(60 * scale), c)),
            ("damages", lambda s, c=chance: damages(s, round(40 * scale), c)),
        ):
            store = Store(name, peers)
            found[name][blow] = run(store)
            store.clear()
        print(name, json.dumps(found[name]), file=sys.stderr)
    return found


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--scale", type=float, default=1.0)
    options.add_argument("--folder", type=Path, default=None, help="of the peers' environment")
    options.add_argument("stores", nargs="*", help=f"of {', '.join(STORES)}; all of them")
    chosen = options.parse_args()
    folder = chosen.folder or default_folder()
    found = campaign(chosen.stores or list(STORES), chosen.scale, folder)
    print(json.dumps(found))
    ours = found.get("nbapimgr", {})
    driven = all(blows["control"]["acknowledged"] > 0 for blows in found.values())
    untouched = not any(blows["control"]["gone"] for blows in found.values())
    return 0 if driven and untouched and not any(b["gone"] for b in ours.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
