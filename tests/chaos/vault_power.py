"""Cut the power at every change of the disk; what was acknowledged is there afterwards.

    python tests/chaos/vault_power.py --times 40

A vault is made, and keys are added, replaced and removed, over a disk that forgets what was not
synced (`vault_disk_model`). The power goes before each mutating call in turn; of what was on its
way to the disk nothing arrives, then any part of it, in any order, with torn sectors. Then the
vault is opened on what is left, written once more, and cut again in the worst way.

With `--without "file sync"` or `--without "folder sync"` the vault does not do what it must: a
campaign that then finds nothing is worth nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import sys
from collections import Counter
from pathlib import Path

from nbapimgr.errors import NbApiMgrError
from nbapimgr.vault import _disk, _lock
from tests.chaos.vault_disk_model import Disk, PowerCut
from tests.chaos.vault_ground import Step, after, held, opened, started, take

HOME = Path("/home/of/somebody")
STEPS = (
    Step("add", "k1", "sk-one"),
    Step("add", "k2", "sk-two"),
    Step("replace", "k1", "sk-three"),
    Step("remove", "k2"),
    Step("rewrap"),
    Step("add", "k4", "sk-four"),
)


@contextlib.contextmanager
def on(disk: Disk):
    """Have the vault write to this disk, without a lock: there is nobody else on it."""
    real, lock = _disk.os, _lock.locked
    _disk.os, _lock.locked = disk, lambda _path: contextlib.nullcontext()
    try:
        yield disk
    finally:
        _disk.os, _lock.locked = real, lock


def lived(disk: Disk) -> tuple[list[dict[str, str]], bool]:
    """What the vault may hold when the power has gone, and whether one was acknowledged at all."""
    model: dict[str, str] = {}
    may = [model]
    made = False
    try:
        with on(disk):
            vault = started(HOME)
            made = True
            for step in STEPS:
                may = [model, after(model, step)]
                take(vault, step)
                model = after(model, step)
                may = [model]
    except PowerCut:
        pass
    return may, made


def wrong(disk: Disk, may: list[dict[str, str]], *, made: bool) -> str:
    """What is not as it must be after a cut; "" where all is."""
    try:
        with on(disk):
            try:
                vault = opened(HOME)
            except NbApiMgrError:
                if made:
                    raise
                return ""  # nothing was acknowledged yet
            if vault.why_not:
                return vault.why_not
            there = held(vault)
            if there not in may:
                return f"holds {sorted(there)} and may hold {[sorted(m) for m in may]}"
            take(vault, Step("add", "next", "sk-next"))
        with on(disk.after_a_cut(None)):
            if held(opened(HOME)) != {**there, "next": "sk-next"}:
                return "the next write was lost"
    except NbApiMgrError as e:
        return str(e)
    return ""


def campaign(times: int, without: str = "") -> dict[str, int]:
    """The power cut at each call, with what is left chosen in `times` ways besides the worst."""
    count: Counter[str] = Counter()
    calls = Disk(without=without)
    lived(calls)
    for number in range(1, calls.calls + 2):
        disk = Disk(cut_at=number, without=without)
        may, made = lived(disk)
        for time in range(times + 1):
            chance = random.Random(number * 1000 + time) if time else None  # noqa: S311  # a choice
            count["cuts"] += 1
            count["acknowledged"] += made
            if why := wrong(disk.after_a_cut(chance), may, made=made):
                count["bad"] += 1
                if not without:
                    print(f"call {number}, {time}: {why}", file=sys.stderr)
    return {
        "calls": calls.calls,
        **{name: count[name] for name in ("cuts", "acknowledged", "bad")},
    }


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--times", type=int, default=40)
    options.add_argument("--without", choices=["file sync", "folder sync"], default="")
    chosen = options.parse_args()
    found = campaign(chosen.times, chosen.without)
    print(json.dumps(found))
    return 0 if found["acknowledged"] and not found["bad"] else 1


if __name__ == "__main__":
    sys.exit(main())
