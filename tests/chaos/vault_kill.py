"""Kill processes while they write keys; no acknowledged key is lost, and none half written.

    python tests/chaos/vault_kill.py --kills 10000

A child adds, replaces and removes keys and makes new slots, as fast as it can; it says what it
begins and what was acknowledged. SIGKILL comes at a random moment. Then a new process opens the
vault: it must hold what was acknowledged, with or without the one change that was on its way.

`--broken` breaks the vault on purpose; a campaign that then finds nothing is worth nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import select
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from nbapimgr.errors import VaultError
from nbapimgr.vault import Vault
from nbapimgr.vault._replicas import Look, Replicas
from tests.chaos.vault_ground import Step, after, child, held, opened, started, take

CHANCE = random.SystemRandom()
MEAN = 0.02
"""Seconds a child lives in the mean: two or three writes."""
MOST = 8
"""Live keys."""
BROKEN = {
    "early": "acknowledge a change before it is written",
    "alone": "write over one file instead of beside two",
}


def steps(model: dict[str, str]):
    """Changes without end that make sense one after the other."""
    while True:
        value = f"sk-{CHANCE.randbytes(20).hex()}"
        kinds = ["add", "replace", "remove"] if model else ["add"]
        what = CHANCE.choice(kinds)
        if what == "add" and len(model) >= MOST:
            what = "remove"
        if CHANCE.random() < 0.03:
            step = Step("rewrap")
        elif what == "add":
            step = Step("add", f"k{CHANCE.randrange(10**9)}", value)
        else:
            step = Step(what, CHANCE.choice(sorted(model)), value)
        yield step
        model = after(model, step)


def work(vault: Vault, model: dict[str, str], pipe: int, broken: str) -> None:
    """Change the vault until killed, and say so."""
    if broken == "alone":
        Replicas.write = _alone
    days = time.time()
    vault._clock = lambda: days
    for step in steps(model):
        days += 86_400.0  # so that tombstones end
        os.write(pipe, json.dumps(["begin", *step]).encode() + b"\n")
        if broken == "early":
            os.write(pipe, b'["done"]\n')
        take(vault, step)
        if broken != "early":
            os.write(pipe, b'["done"]\n')


def _alone(_self: Replicas, data: bytes, look: Look) -> None:
    for copy in look.copies:
        copy.path.unlink(missing_ok=True)
    shutil.rmtree(look.copies[0].path.parent / "history", ignore_errors=True)
    with look.copies[0].path.open("wb", buffering=0) as file:
        for start in range(0, len(data), 512):
            file.write(data[start : start + 512])
            os.fsync(file.fileno())


def lived(vault: Vault, model: dict[str, str], broken: str) -> tuple[list[list[str]], int]:
    """What a child said until it was killed, and how it ended."""
    reading, writing = os.pipe()
    pid = child(lambda: work(vault, model, writing, broken))
    os.close(writing)
    select.select([reading], [], [])
    time.sleep(min(CHANCE.expovariate(1 / MEAN), 0.2))
    os.kill(pid, signal.SIGKILL)
    with os.fdopen(reading, "rb") as said:
        lines = [json.loads(line) for line in said.read().split(b"\n")[:-1]]
    _, status = os.waitpid(pid, 0)
    return lines, status


def quick_folder() -> str | None:
    """Memory, where there is such a place: a kill loses nothing that the system has taken."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108  # a new folder in it


def campaign(kills: int, seconds: float, broken: str = "") -> dict[str, int]:
    """One campaign in a folder of its own, which is kept when the verdict is bad."""
    folder = Path(tempfile.mkdtemp(prefix="vault-kill-", dir=quick_folder()))
    vault = started(folder)
    count: Counter[str] = Counter()
    model: dict[str, str] = {}
    end = time.monotonic() + seconds
    while count["kills"] < kills and time.monotonic() < end:
        lines, status = lived(vault, model, broken)
        count["kills"] += os.WIFSIGNALED(status)
        count["crashes"] += not os.WIFSIGNALED(status)
        flying = None
        for what, *step in lines:
            if what == "begin":
                flying = Step(*step)
            else:
                count["acknowledged"] += 1
                model, flying = after(model, flying), None
        count["inside"] += flying is not None
        vault, model = judged(folder, model, flying, count)
    found = {
        name: count[name]
        for name in ("kills", "inside", "acknowledged", "lost", "unreadable", "crashes", "strays")
    }
    if is_good(found) or broken:
        shutil.rmtree(folder)
    else:
        print(folder, file=sys.stderr)
    return found


def judged(
    home: Path, model: dict[str, str], flying: Step | None, count: Counter[str]
) -> tuple[Vault, dict[str, str]]:
    """The vault as it is now, and what is in it, after a look at whether that can be."""
    try:
        vault = opened(home)
        why = vault.why_not
    except VaultError as e:
        why = str(e)
    if why:
        count["unreadable"] += 1
        print(why, file=sys.stderr)
        shutil.rmtree(home)
        return started(home), {}
    there = held(vault)
    allowed = [model] + ([after(model, flying)] if flying else [])
    if there not in allowed:
        count["lost"] += 1
    with contextlib.suppress(OSError):
        count["strays"] = len(list(home.rglob("*.draft")))
    return vault, there


def is_good(found: dict[str, int]) -> bool:
    """Nothing was lost, and the kills were where they hurt."""
    bad = found["lost"] + found["unreadable"] + found["crashes"]
    return bad == 0 and found["acknowledged"] > 0 and 2 * found["inside"] >= found["kills"]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--kills", type=int, default=10_000)
    options.add_argument("--seconds", type=float, default=1500.0, help="stop after that long")
    options.add_argument(
        "--broken",
        choices=BROKEN,
        default="",
        help="break the vault first: " + "; ".join(f"{k}: {v}" for k, v in BROKEN.items()),
    )
    chosen = options.parse_args()
    found = campaign(chosen.kills, chosen.seconds, chosen.broken)
    print(json.dumps(found))
    return 0 if is_good(found) else 1


if __name__ == "__main__":
    sys.exit(main())
