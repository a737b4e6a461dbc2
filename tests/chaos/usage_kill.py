"""Kill writers and sealers of usage rows at random moments; no acknowledged row is lost or doubled.

    python tests/chaos/usage_kill.py --kills 1000

Several writers append rows, two sealers and one reader work on the same folder. A "day" lasts
one second. SIGKILL comes at random moments from outside, and from inside right before or after the
steps that matter; SIGSTOP holds a process for days, also between a look at the clock and the write.
A writer notes each row it was promised in a log of its own, after the promise. The verdict compares
all logs with all rows.

`--broken` breaks the store on purpose; a campaign that then finds nothing is worth nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from nbapimgr.models import Attempt, Candidate, Provider, Request, user
from nbapimgr.usage import UsageStore, _journal, _seal, new_call_id

DAY = 1.0
"""Seconds of real time that are one day of the rows."""
FIRST = 1_790_000_000 // 86_400 * 86_400
CREW = ("writer",) * 5 + ("sealer",) * 2 + ("reader",)
KILL_EVERY, STOP_EVERY = 0.17, 0.6
"""Mean seconds between the controller's kills and stops."""
BROKEN = {
    "early": "promise a row before it is written",
    "no-fence": "promise it without asking whether the segment was still ours",
    "blind-late": "write it again without looking whether it had arrived",
}

CHANCE = random.SystemRandom()
"""Has no state that a fork could copy."""
PROVIDER = Provider(name="p", dialect="openai-chat", base_url="http://127.0.0.1:9", keyless=True)
CANDIDATE = Candidate(provider=PROVIDER, model="m")
REQUEST = Request(messages=(user("hi"),))


class Camp(NamedTuple):
    """What the processes of one campaign share."""

    folder: Path
    begun: float
    broken: str

    @property
    def rows(self) -> Path:
        return self.folder / "usage"

    @property
    def promises(self) -> Path:
        return self.folder / "promises"

    def clock(self) -> float:
        return FIRST + (time.time() - self.begun) / DAY * 86_400

    def note(self, name: str, line: str) -> None:
        """Append a line to a file of the campaign, in one write."""
        fd = os.open(self.folder / name, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
        os.write(fd, f"{line}\n".encode())
        os.close(fd)

    def notes(self, name: str) -> list[str]:
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []

    def promised(self, since: float = 0.0):
        """Ids of promised rows that were tried at or after a moment."""
        for log in self.promises.iterdir():
            if FIRST + (log.stat().st_mtime - self.begun) / DAY * 86_400 < since - 3600:
                continue  # its last promise is older
            for line in log.read_bytes().split(b"\n")[:-1]:
                key, at = line.split()
                if float(at) >= since:
                    yield bytes.fromhex(key.decode())


# --- inside a worker ---------------------------------------------------------------------------


def chance(share: float, how: signal.Signals) -> None:
    """Stop or kill this very process, now and then."""
    if CHANCE.random() < share:
        os.kill(os.getpid(), how)


def fragile(function, *, stop: float, kill: float = 0.0):
    """A step before and after which this process may stop or die."""

    def step(*args, **kwargs):
        chance(stop, signal.SIGSTOP)
        chance(kill, signal.SIGKILL)
        result = function(*args, **kwargs)
        chance(kill, signal.SIGKILL)
        chance(stop, signal.SIGSTOP)
        return result

    return step


def make_fragile(camp: Camp) -> None:
    """Break what is to be broken, then make the steps that matter dangerous."""
    if camp.broken == "no-fence":
        _journal.Segment.is_ours = lambda _segment, _today: True
    late = UsageStore._is_sealed

    def looked_up(self, name, row):
        found = late(self, name, row)
        camp.note("late", "found" if found else "again")
        return found and camp.broken != "blind-late"

    UsageStore._is_sealed = looked_up
    _journal.Segment.append = fragile(_journal.Segment.append, stop=0.006, kill=0.0005)
    _seal._write = fragile(_seal._write, stop=0.05, kill=0.02)
    _seal.publish = fragile(_seal.publish, stop=0.2, kill=0.02)
    _journal._ROWS_A_SEGMENT = 150


def writer(camp: Camp) -> None:
    """Record rows until killed, and note each one that was promised."""
    make_fragile(camp)
    store = UsageStore(camp.rows, clock=fragile(camp.clock, stop=0.0005))
    log = camp.promises / f"{os.getpid()}-{os.urandom(4).hex()}"
    fd = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    owed: list[tuple[bytes, Attempt]] = []
    while True:
        since, call_id = camp.clock(), new_call_id(time.time())
        owed.append(
            (
                call_id,
                Attempt(
                    number=1, candidate=CANDIDATE, started_at=since, duration=0.1, outcome="ok"
                ),
            )
        )
        if camp.broken != "early" or len(owed) == 5:
            for each, attempt in owed:
                store.record(each, REQUEST, attempt)
            owed.clear()
        if store.trouble is None:
            os.write(fd, b"%s %.6f\n" % (call_id.hex().encode(), since))
        time.sleep(CHANCE.expovariate(1 / 0.004))


def sealer(camp: Camp) -> None:
    """Seal whatever the day rule allows, again and again."""
    make_fragile(camp)
    store = UsageStore(camp.rows, clock=camp.clock)
    while True:
        store.seal()
        time.sleep(CHANCE.expovariate(1 / 0.05))


def reader(camp: Camp) -> None:
    """Look at the last three days; note what each look shows of lost and doubled rows."""
    store = UsageStore(camp.rows, clock=camp.clock)
    while True:
        since = camp.clock() - 3 * 86_400
        promised = set(camp.promised(since))
        seen = Counter(store.frame(datetime.fromtimestamp(since, UTC), ["event_id"])["event_id"])
        doubled = sum(times - 1 for times in seen.values())
        camp.note("looks", f"{len(promised - seen.keys())} {doubled}")
        time.sleep(0.1)


def start(role: str, camp: Camp) -> int:
    """A new worker; it dies with this process, however this one dies."""
    pid = os.fork()
    if pid:
        return pid
    try:
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG, on Linux
        {"writer": writer, "sealer": sealer, "reader": reader}[role](camp)
    except BaseException:  # noqa: BLE001  # a worker has nobody else to tell
        camp.note("crashes", traceback.format_exc())
    os._exit(1)


# --- the campaign ------------------------------------------------------------------------------


class Controller:
    """Keeps the crew going while it kills and stops its members."""

    def __init__(self, camp: Camp) -> None:
        self.camp = camp
        self.kills = self.stops = 0
        self.crew = {start(role, camp): role for role in CREW}
        self.wakes: dict[int, float] = {}

    def run(self, kills: int, seconds: float) -> None:
        now = time.monotonic()
        end, next_kill, next_stop = now + seconds, now, now
        while self.kills < kills and now < end:
            self.look_after()
            if now >= next_kill:
                os.kill(self.victim("writer", "writer", "sealer"), signal.SIGKILL)
                next_kill = now + CHANCE.expovariate(1 / KILL_EVERY)
            if now >= next_stop:
                os.kill(self.victim("writer", "sealer"), signal.SIGSTOP)
                next_stop = now + CHANCE.expovariate(1 / STOP_EVERY)
            time.sleep(0.02)
            now = time.monotonic()

    def victim(self, *roles: str) -> int:
        """One who is up, mostly: who is always killed asleep never wakes up late."""
        role = CHANCE.choice(roles)
        able = [pid for pid, each in self.crew.items() if each == role]
        awake = [pid for pid in able if pid not in self.wakes]
        return CHANCE.choice(awake if awake and CHANCE.random() < 0.9 else able)

    def look_after(self) -> None:
        """Replace the dead, note the stopped, wake those who have slept enough."""
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED)
            if not pid:
                break
            if os.WIFSTOPPED(status):
                self.stops += 1
                self.wakes[pid] = time.monotonic() + CHANCE.uniform(0.1, 3.5 * DAY)
                continue
            self.kills += os.WIFSIGNALED(status)
            self.wakes.pop(pid, None)
            role = self.crew.pop(pid)
            self.crew[start(role, self.camp)] = role
        for pid in [pid for pid, at in self.wakes.items() if at <= time.monotonic()]:
            del self.wakes[pid]
            os.kill(pid, signal.SIGCONT)

    def end(self) -> None:
        for pid in self.crew:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def verdict(camp: Camp) -> dict[str, int]:
    """All promises against all rows, first as the dead left them, then when all is sealed."""
    promised = set(camp.promised())
    store = UsageStore(camp.rows, clock=lambda: camp.clock() + 10 * 86_400)
    found = {"promised": len(promised), "lost": 0, "doubled": 0}
    for last in (False, True):
        if last:
            store.seal()
        seen = Counter(store.frame(None, ["event_id"])["event_id"])
        found["rows"] = seen.total()
        found["lost"] = max(found["lost"], len(promised - seen.keys()))
        found["doubled"] = max(found["doubled"], seen.total() - len(seen))
    looks = [list(map(int, line.split())) for line in camp.notes("looks")]
    late = Counter(camp.notes("late"))
    return found | {
        "sealed": len(list(camp.rows.glob("v1/*/*.parquet"))),
        "unsealed": len(list(camp.rows.glob("journal/*"))),
        "looks": len(looks),
        "looks_lost": sum(lost for lost, _ in looks),
        "looks_doubled": sum(doubled for _, doubled in looks),
        "late_found": late["found"],
        "late_again": late["again"],
        "crashes": len(camp.notes("crashes")),
    }


def campaign(kills: int, seconds: float, broken: str = "") -> dict[str, int]:
    """One campaign in a folder of its own, which is kept when the verdict is bad."""
    import pandas as pd  # noqa: F401  # before the fork, so that each worker need not
    from pyarrow import parquet  # noqa: F401

    folder = Path(tempfile.mkdtemp(prefix="usage-kill-"))
    camp = Camp(folder, time.time(), broken)
    camp.promises.mkdir()
    controller = Controller(camp)
    try:
        controller.run(kills, seconds)
    finally:
        controller.end()
    found = {"kills": controller.kills, "stops": controller.stops, **verdict(camp)}
    if is_good(found) or broken:
        shutil.rmtree(folder)
    else:
        print(folder, *camp.notes("crashes"), sep="\n", file=sys.stderr)
    return found


def is_good(found: dict[str, int]) -> bool:
    bad = ("lost", "doubled", "unsealed", "looks_lost", "looks_doubled", "crashes")
    return found["promised"] > 0 and found["looks"] > 0 and not any(found[name] for name in bad)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--kills", type=int, default=1000)
    options.add_argument("--seconds", type=float, default=220.0, help="stop after that long")
    options.add_argument(
        "--broken",
        choices=BROKEN,
        default="",
        help="break the store first: " + "; ".join(f"{k}: {v}" for k, v in BROKEN.items()),
    )
    chosen = options.parse_args()
    found = campaign(chosen.kills, chosen.seconds, chosen.broken)
    print(json.dumps(found))
    return 0 if is_good(found) else 1


if __name__ == "__main__":
    sys.exit(main())
