"""Nasty cases of the machine: the stop button, a killed kernel, clocks, disks."""

from __future__ import annotations

import contextlib
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from nbapimgr.errors import CallInterrupted
from tests.bench.harness import ROOT, environment
from tests.chaos.ground import WORDS, Asked, Ground, healthy
from tests.chaos.hurry import limited
from tests.engine.faultserver import PATIENCE, error, hang, status, streamed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nbapimgr.manager import Manager
    from tests.engine.faultserver import FaultServer

HOUR = 3600.0
LIMIT = 0.1
"""Seconds within which a stopped call returns: 95 of 100."""
OVERLOADED = error(503, "overloaded")


# --- N07 ------------------------------------------------------------------------------------------


class Finger:
    """Presses the stop button a moment after something is reached."""

    def __init__(self, wait: Callable[[], Any]) -> None:
        self._wait = wait
        self.pressed = 0.0
        self._thread = threading.Thread(target=self._press, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(PATIENCE)

    def _press(self) -> None:
        self._wait()
        time.sleep(0.02)  # the event is on its way to the caller
        self.pressed = time.monotonic()
        main = threading.main_thread().ident
        assert main is not None
        signal.pthread_kill(main, signal.SIGINT)


def _stopped(ground: Ground, llm: Manager, wait: Callable[[], Any]) -> tuple[Any, float]:
    with Finger(wait) as finger:
        asked = ground.ask(llm)
        return asked, time.monotonic() - finger.pressed


def n07(ground: Ground) -> None:
    """An interrupt during waiting, during streaming, during a retry pause."""
    rounds = 20 if ground.strict else 3
    limited_soon = status(429, {"error": {"message": "slow down"}}, **{"Retry-After": "1.5"})
    phases = {
        "waiting": (hang, "hang", ""),
        "streaming": (streamed(*WORDS, pause_at=1), "pause", WORDS[0]),
        "retry pause": (limited_soon, "", ""),
    }
    took: list[float] = []
    for name, (behaviour, gate, partial) in phases.items():
        server = ground.server()
        llm = ground.manager(mine=server)
        ground.ask(llm)
        for _ in range(rounds):
            server.script(behaviour)
            reached = len(server.seen) + 1

            def wait(server: FaultServer = server, gate: str = gate, count: int = reached) -> None:
                if gate:
                    server.reached(gate)
                    server.gate(gate).reached.clear()
                while len(server.seen) < count:
                    time.sleep(0.001)

            asked, seconds = _stopped(ground, llm, wait)
            took.append(seconds)
            kept = isinstance(asked.error, CallInterrupted) and asked.error.partial == partial
            ground.check(f"{name}: stopped, partial text kept", kept, repr(asked.error))
            if gate:
                _check_row(ground, llm, name)
        server.script(healthy())
        before = len(server.seen)
        asked = ground.ask(llm)
        blameless = asked.whole and len(server.seen) == before + 1
        ground.check(f"{name}: the next call works, nobody is blamed", blameless)
    p95 = statistics.quantiles(took, n=20)[-1]
    ground.timely("returns, p95", p95, LIMIT)


def _check_row(ground: Ground, llm: Manager, name: str) -> None:
    last = llm.usage(columns=["outcome", "tokens_source"]).iloc[-1]
    ground.check(f"{name}: its row says so", last["outcome"] == "cancelled", last["outcome"])
    source = last["tokens_source"]
    ground.check(f"{name}: its tokens are marked as estimated", source == "estimated", source)


# --- N08 ------------------------------------------------------------------------------------------

CHILD = """
import sys, nbapimgr
home, bad, good = sys.argv[1:]
llm = nbapimgr.connect(home)
for name, url in (("mine", bad), ("other", good)):
    llm.providers.add(name, base_url=url, models=("m",), key="sk-nasty-0123456789abcdefghijklmnop")
for _ in range(3):
    llm.ask("Is all well?", route="mine,other")
print(len(llm.usage()), flush=True)
llm.ask("And now?", route="other")
"""


def n08(ground: Ground) -> None:
    """The kernel is killed in a stream."""
    bad = ground.server(error(401, "no", code="invalid_api_key"))
    paused = streamed(*WORDS, pause_at=1)
    other = ground.server(healthy(), healthy(), healthy(), paused)
    home = ground.home()
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(home), bad.url, other.url],
        cwd=ROOT,
        env=environment(str(home)),
        stdout=subprocess.PIPE,
        text=True,
    )
    with child:
        assert child.stdout is not None
        acknowledged = int(child.stdout.readline())
        other.reached("pause")
        child.kill()
    other.script(healthy())
    llm = ground.manager(home, mine=bad, other=other)
    rows = len(llm.usage())
    ground.check("nothing acknowledged is lost", rows >= acknowledged, f"{rows}/{acknowledged}")
    before = len(bad.seen)
    asked = ground.ask(llm, route="mine,other")
    ground.check("the next kernel answers", asked.whole, asked.categories)
    tries = len(bad.seen) - before
    ground.check("with the breakers as they were", tries == 0 and before == 1, f"{before}+{tries}")


# --- N09 ------------------------------------------------------------------------------------------


def n09(ground: Ground) -> None:
    """The clock is set back an hour; the laptop sleeps an hour in a call."""
    server, other = ground.server(streamed(*WORDS, pause_at=1)), ground.server()
    llm = ground.manager(mine=server, other=other)
    asked = _meanwhile(ground, llm, server, "pause", lambda: ground.clock(llm, ahead=-HOUR))
    durations = [attempt.duration for attempt in asked.attempts]
    ground.check("set back in a call: it ends well", asked.whole, asked.categories)
    ground.check("no negative duration", min(durations) >= 0, durations)
    _no_breaker_stuck(ground)
    _asleep(ground)


def _meanwhile(
    ground: Ground, llm: Manager, server: FaultServer, gate: str, then: Callable[[], object]
) -> Asked:
    """Ask, and do something while the server stands at a gate."""

    def wait() -> None:
        server.reached(gate)
        then()
        server.open(gate)

    thread = threading.Thread(target=wait)
    thread.start()
    asked = ground.ask(llm)
    thread.join()
    return asked


def _no_breaker_stuck(ground: Ground) -> None:
    server, other = ground.server(OVERLOADED), ground.server()
    home = ground.home()
    llm = ground.manager(home, mine=server, other=other)
    ground.clock(llm)
    for _ in range(3):
        ground.ask(llm)
    server.script(healthy())
    another = ground.manager(home, mine=server, other=other)
    for name, kernel in {"the same kernel": llm, "another kernel": another}.items():
        tries = len(server.seen)
        ground.clock(kernel, ahead=-HOUR, passed=120)
        asked = [ground.ask(kernel)]
        ground.until(lambda tries=tries: len(server.seen) > tries)  # a probe nobody waits for
        ground.until(lambda kernel=kernel: not kernel.plan(kernel.request("?")[0]).resorts)
        asked.append(ground.ask(kernel))
        ground.check(f"{name}: answered all the time", all(one.whole for one in asked))
        ground.check(f"{name}: no breaker is stuck", len(server.seen) > tries)
        who = asked[-1].attempts[-1].candidate.provider.name
        ground.check(f"{name}: the primary is back", who == "mine", who)


def _asleep(ground: Ground) -> None:
    ground.enter(limited(stall=0.5, first_token=0.5, shortest=0.5))
    server, other = ground.server(streamed(WORDS[0], after=hang)), ground.server()
    llm = ground.manager(mine=server, other=other)
    asked = _meanwhile(ground, llm, server, "hang", lambda: ground.clock(llm, ahead=HOUR))
    ground.check("after an hour's sleep the call fails over", asked.whole, asked.categories)
    durations = [attempt.duration for attempt in asked.attempts]
    ground.check("its times are those it took", 0 <= sum(durations) < 60, durations)
    asked = ground.ask(llm)
    ground.check("and the next one works", asked.whole, asked.categories)


# --- N14 ------------------------------------------------------------------------------------------


def n14(ground: Ground) -> None:
    """The settings or the state is damaged, read-only, or the disk is full."""
    server = ground.server()
    _damaged_settings(ground, server)
    _damaged_state(ground, server)
    home = ground.home()
    with _sealed(home) as possible:
        llm = ground.manager(home, mine=server)
        asked = ground.ask(llm)
        ground.check("read-only: the cell is answered", asked.whole, asked.error or "")
        said = len(llm.trouble) >= 2 or not possible
        ground.check("read-only: a line for each thing that is not saved", said, llm.trouble)
        llm.close()
    _full(ground, server)


def _damage(home: Path, pattern: str) -> None:
    """Write over all files of a kind; there must be one."""
    paths = list(home.rglob(pattern))
    assert paths, f"no {pattern} in the home"
    for path in paths:
        path.write_bytes(b"\x00\xffnothing of this can be read = [")


def _damaged_settings(ground: Ground, server: FaultServer) -> None:
    home = ground.home()
    ground.manager(home, mine=server).close()
    _damage(home, "settings.toml")
    llm = ground.manager(home, mine=server)
    asked = ground.ask(llm)
    ground.check("damaged settings: the cell is answered", asked.whole, asked.error or "")
    said = any("settings.toml" in line for line in llm.trouble)
    ground.check("damaged settings: one line says so", said, llm.trouble)


def _damaged_state(ground: Ground, server: FaultServer) -> None:
    home = ground.home()
    bad = ground.server(error(401, "no", code="invalid_api_key"))
    first = ground.manager(home, mine=bad, other=server)
    ground.ask(first)
    first.close()
    _damage(home, "*.sqlite*")
    second = ground.manager(home, mine=bad, other=server)
    asked = ground.ask(second)
    ground.check("damaged state: the cell is answered", asked.whole, asked.error or "")
    trouble = second.trouble
    second.close()
    tries = len(bad.seen)
    ground.ask(ground.manager(home, mine=bad, other=server))
    is_kept = len(bad.seen) == tries
    ground.check("damaged state: made anew, or one line says so", is_kept or bool(trouble), trouble)


@contextlib.contextmanager
def _sealed(home: Path) -> Iterator[bool]:
    """A home that cannot be written to; root may write everywhere but to such a mount."""
    if os.geteuid() == 0:
        mounted = subprocess.run(
            ["/bin/mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(home)],
            check=False,
            capture_output=True,
        )
        yield mounted.returncode == 0
        if mounted.returncode == 0:
            subprocess.run(["/bin/umount", "-l", str(home)], check=True)
        return
    for folder in (home, *(path for path in home.rglob("*") if path.is_dir())):
        folder.chmod(0o500)
    yield True
    for folder in (home, *(path for path in home.rglob("*") if path.is_dir())):
        folder.chmod(0o700)


FULL = """
import resource, signal, sys, nbapimgr
home, url = sys.argv[1:]
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
llm = nbapimgr.connect(home)
llm.providers.add("mine", base_url=url, models=("m",), key="sk-nasty-0123456789abcdefghijklmnop")
print(llm.ask("Is all well?").text)
print(*llm.trouble, sep="\\n")
"""


def _full(ground: Ground, server: FaultServer) -> None:
    home = ground.home()
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(home), server.url],
        cwd=ROOT,
        env=environment(str(home)),
        capture_output=True,
        check=False,
        text=True,
    )
    text, *trouble = done.stdout.splitlines() or [""]
    ground.check("disk full: the cell is answered", text == "".join(WORDS), done.stderr[-300:])
    ground.check("disk full: one line says so", any(trouble), trouble)
