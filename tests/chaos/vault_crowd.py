"""Many processes change one vault at once; none loses what another was acknowledged.

    python tests/chaos/vault_crowd.py --processes 16 --changes 500

Each process has keys of its own, and adds, replaces and removes them, now and then stopped for a
moment with SIGSTOP. At the end the vault holds exactly what each of them was acknowledged.

`--broken` takes the lock away and the second barrier with it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from nbapimgr.vault import _disk, _lock
from tests.chaos.vault_ground import Step, after, child, held, opened, started, take
from tests.chaos.vault_kill import quick_folder

if TYPE_CHECKING:
    from nbapimgr.vault import Vault

OWN = 3
"""Keys of one process."""
STOP_EVERY, STOPPED = 0.5, 0.05
"""Seconds between stops, and of one."""


def steps(name: str, changes: int):
    """The changes of one process, the same each time."""
    chance = random.Random(name)  # noqa: S311  # a choice
    model: dict[str, str] = {}
    for number in range(changes):
        alias = f"{name}-{chance.randrange(OWN)}"
        removes = alias in model and chance.random() < 0.2  # a choice
        step = Step("remove" if removes else "add", alias, f"sk-{name}-{number}")
        model = after(model, step)
        yield step, model


def work(vault: Vault, folder: Path, name: str, changes: int, *, broken: bool) -> None:
    """Make one process's changes, and note the longest that one took."""
    if broken:
        _lock.locked = lambda _path: contextlib.nullcontext()
        publish = _disk.publish
        _disk.publish = lambda draft, path, data: publish(draft, path, data) or True
    days, longest, model = time.time(), 0.0, {}
    vault._clock = lambda: days
    for step, model in steps(name, changes):  # noqa: B007  # the last one is what must be there
        days += 3 * 86_400.0  # so that tombstones end
        begun = time.monotonic()
        take(vault, step)
        longest = max(longest, time.monotonic() - begun)
    (folder / f"{name}.done").write_text(json.dumps([model, longest]))


def campaign(processes: int, changes: int, *, broken: bool = False) -> dict[str, float]:
    """One campaign in a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="vault-crowd-", dir=quick_folder()))
    home = folder / "home"
    vault = started(home)
    names = [f"p{number}" for number in range(processes)]
    begun = time.monotonic()
    crowd = {
        child(lambda name=name: work(vault, folder, name, changes, broken=broken)): name
        for name in names
    }
    stops = _tended(crowd)
    seconds = time.monotonic() - begun
    there = held(opened(home))
    lost = longest = finished = 0
    for name in names:
        with contextlib.suppress(FileNotFoundError):
            model, took = json.loads((folder / f"{name}.done").read_text())
            finished += 1
            longest = max(longest, took)
            mine = {a: value for a, value in there.items() if a.startswith(f"{name}-")}
            lost += mine != model
    shutil.rmtree(folder)
    return {
        "processes": processes,
        "finished": finished,
        "changes": processes * changes,
        "stops": stops,
        "lost": lost,
        "seconds": round(seconds, 1),
        "longest": round(longest, 2),
    }


def _tended(crowd: dict[int, str]) -> int:
    """Stop one now and then until all have ended; how often."""
    stops, end, next_stop = 0, time.monotonic() + 1800, time.monotonic()
    while crowd and time.monotonic() < end:
        with contextlib.suppress(ChildProcessError):
            pid, _ = os.waitpid(-1, os.WNOHANG)
            crowd.pop(pid, None)
        if crowd and time.monotonic() >= next_stop:
            victim = random.choice(list(crowd))  # noqa: S311  # a choice
            os.kill(victim, signal.SIGSTOP)
            time.sleep(STOPPED)
            os.kill(victim, signal.SIGCONT)
            stops, next_stop = stops + 1, time.monotonic() + STOP_EVERY
        time.sleep(0.01)
    return stops


def is_good(found: dict[str, float]) -> bool:
    return found["finished"] == found["processes"] and not found["lost"]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--processes", type=int, default=16)
    options.add_argument("--changes", type=int, default=500)
    options.add_argument("--broken", action="store_true")
    chosen = options.parse_args()
    found = campaign(chosen.processes, chosen.changes, broken=chosen.broken)
    print(json.dumps(found))
    return 0 if is_good(found) else 1


if __name__ == "__main__":
    sys.exit(main())
