"""1,000 interrupts at random moments of calls: no row is lost, and every next call works.

    python -m tests.chaos.interrupts [--interrupts 1000] [--seed 1] [--broken unaccounted]

Method. A real SIGINT hits the main thread somewhere between a call's beginning and its end, or
shortly after it. The server answers well, slowly, not at all, in pieces with pauses, with errors
that are waited out; so an interrupt meets all that a call does. After each one an ordinary call
must be answered. In the end there must be a row for each request that the server has seen. (Nobody
resets a kept connection before it answers: such a request is sent again within its attempt.)
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.bench.harness import Gate, about_this_machine, verdict
from tests.chaos.ground import TEXT, WORDS, healthy
from tests.chaos.hurry import BROKEN, hurry
from tests.engine.faultserver import FaultServer, cut, error, event, hang, status, streamed

if TYPE_CHECKING:
    from nbapimgr.manager import Manager
    from tests.engine.faultserver import Behaviour, Exchange

LONGEST = 0.12
"""Seconds after which the interrupt comes at the latest."""
RETURNS = 0.1
"""Seconds within which 95 of 100 stopped calls return."""


async def _leisurely(exchange: Exchange) -> None:
    """A good answer in 60 ms."""
    await exchange.head(content_type="text/event-stream", transfer_encoding="chunked")
    for word in WORDS:
        await exchange.chunk(event({"content": word}))
        await asyncio.sleep(0.02)
    await exchange.chunk(event({}, "stop"))
    await exchange.write(b"0\r\n\r\n")


async def _stalling(exchange: Exchange) -> None:
    await exchange.head(content_type="text/event-stream", transfer_encoding="chunked")
    await exchange.chunk(event({"content": WORDS[0]}))
    await exchange.gone()


BEHAVIOURS: dict[str, Behaviour] = {
    "good": healthy(),
    "leisurely": _leisurely,
    "silent": hang,
    "stalling": _stalling,
    "limited": status(429, {"error": {"message": "slow down"}}, **{"Retry-After": "0.3"}),
    "503": error(503, "overloaded"),
    "cut": streamed(WORDS[0], after=cut),
}


@dataclass
class Taken:
    """What the campaign has come to."""

    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    """From the interrupt to the return of the call it stopped."""
    next_failed: int = 0
    requests: int = 0
    rows: int = 0


def press(after: float, pressed: list[float]) -> None:
    """Press the stop button in so many seconds; when it was is noted."""
    time.sleep(after)
    pressed.append(time.monotonic())
    os.kill(os.getpid(), signal.SIGINT)


def interrupted(llm: Manager, after: float) -> tuple[str, float | None]:
    """Ask, and press the button: how the call ended, and how long after that it did."""
    from nbapimgr.errors import AllProvidersFailed, CallInterrupted

    pressed: list[float] = []
    outcome, ended = "answered", None
    thread = threading.Thread(target=press, args=(after, pressed), daemon=True)
    try:
        thread.start()
        try:
            llm.ask("Is all well?", route="one:m")
        except CallInterrupted:
            ended, outcome = time.monotonic(), "stopped"
        except AllProvidersFailed:
            outcome = "failed"
        thread.join()
        time.sleep(0.001)  # a signal that came after the call arrives here
    except KeyboardInterrupt:
        outcome = f"{outcome}, then stopped"
        thread.join()
    return outcome, (ended - pressed[0]) if ended and pressed else None


def run(interrupts: int, seed: int) -> Taken:
    """The campaign."""
    from nbapimgr.manager import Manager

    chance = random.Random(seed)  # noqa: S311  # a script, no secret
    taken = Taken()
    with FaultServer() as one, FaultServer() as two, tempfile.TemporaryDirectory() as home:
        two.script(healthy())
        llm = Manager(home)
        for name, server in (("one", one), ("two", two)):
            llm.providers.add(name, base_url=server.url, models=("m",), key="k-1")
        llm.ask("Is all well?", route="two:m")
        for _ in range(interrupts):
            one.script(BEHAVIOURS[chance.choice(list(BEHAVIOURS))])
            llm._engine.breakers.reset()
            outcome, seconds = interrupted(llm, chance.uniform(0, LONGEST))
            taken.outcomes[outcome] += 1
            if seconds is not None:
                taken.seconds.append(seconds)
            taken.next_failed += llm.ask("Is all well?", route="two:m").text != TEXT
        time.sleep(0.2)  # the last stopped call writes its row behind the caller's back
        llm.close()
        # A free check of who has failed is no attempt and has no row.
        taken.requests = sum(seen.method == "POST" for seen in (*one.seen, *two.seen))
        taken.rows = len(Manager(home).usage())
    return taken


def gates(taken: Taken, *, strict: bool) -> list[Gate]:
    """What must hold."""
    kept = [
        Gate("rows lost", max(0, taken.requests - taken.rows), 0),
        Gate("next calls that did not work", taken.next_failed, 0),
    ]
    if strict:
        p95 = statistics.quantiles(taken.seconds, n=20)[-1] * 1e3
        kept.append(Gate("from the interrupt to the return, p95", p95, RETURNS * 1e3, " ms"))
    return kept


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--interrupts", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--short", action="store_true", help="milliseconds do not count")
    parser.add_argument("--broken", choices=BROKEN, default="")
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    about_this_machine({})
    hurry(1.0, options.broken)
    taken = run(options.interrupts, options.seed)
    print(", ".join(f"{count} {outcome}" for outcome, count in taken.outcomes.most_common()))
    print(f"{taken.requests:,} requests, {taken.rows:,} rows")
    return verdict(gates(taken, strict=not options.short))


if __name__ == "__main__":
    sys.exit(main())
