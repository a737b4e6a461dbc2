"""100,000 calls over three providers that fail in turn: how many are lost, how long it takes.

    python -m tests.chaos.availability [--calls 100000] [--seed 1] [--broken forgetful]

Method. One notebook asks every two seconds; providers fail in sixteen ways, for 10 s to half an
hour, by a script in which at any time at least one is up (`outages.py`). Servers and sockets are
real; waiting takes no time (`virtual_time.py`), while computing takes what it takes, so a time is
the sum of what was waited and what was computed. All settings are as they come.

The measure is from the question to the first token of the one who answered, over all calls that
began while their first choice was down: what an outage costs the user. Among them are those that
meet the fault themselves, which are also told apart: a breaker keeps the others away from it.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.bench.harness import Gate, about_this_machine, table, verdict
from tests.chaos.hurry import BROKEN, hurry
from tests.chaos.outages import HARD, KINDS, schedule
from tests.chaos.sites import TEXT, Site
from tests.chaos.virtual_time import Clock, install

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbapimgr.manager import Manager

NAMES = ("one", "two", "three")
EVERY = 2.0
"""Mean seconds between two calls."""
MOST_LOST = 83 / 100_000
"""99.9 % with a confidence of 95 %."""


@dataclass
class Taken:
    """What the campaign has come to."""

    lost: list[str] = field(default_factory=list)
    seconds: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    """By the way in which the first choice was down: to the first token."""
    met: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    """The same, of those calls that tried it."""
    good: list[float] = field(default_factory=list)
    """The same, of calls whose first choice was well."""
    attempts: int = 0
    wrong: int = 0


async def one_call(llm: Manager, sites: list[Site], taken: Taken) -> None:
    """Ask once, and note what came of it."""
    from nbapimgr.errors import AllProvidersFailed
    from nbapimgr.models import Delta, Finished, Started

    began = time.monotonic()
    outage = sites[0].now()
    first, tried = None, []
    try:
        async with aclosing(llm.astream("Is all well?")) as events:
            async for event in events:
                if isinstance(event, Started):
                    first = None
                    tried.append(event.candidate.provider.name)
                elif isinstance(event, Delta):
                    first = first or time.monotonic()
                elif isinstance(event, Finished):
                    taken.wrong += event.reply.text != TEXT
    except AllProvidersFailed as error:
        lines = "; ".join(attempt.line() for attempt in error.attempts)
        skipped = "; ".join(error.skipped)
        down = [site.now().kind if site.now() else "up" for site in sites]
        taken.lost.append(f"{began - sites[0].begun:.0f} s {down}: {lines} | skipped {skipped}")
        return
    seconds = (first or time.monotonic()) - began
    taken.attempts += len(tried)
    if outage is None:
        taken.good.append(seconds)
        return
    taken.seconds[outage.kind].append(seconds)
    if tried[0] == NAMES[0]:
        taken.met[outage.kind].append(seconds)


async def campaign(llm: Manager, calls: int, seed: int, progress: Callable[[int], None]) -> Taken:
    """Open the sites and ask."""
    chance = random.Random(seed)  # noqa: S311  # a script, no secret
    sites = [Site(outages) for outages in schedule(3, calls * EVERY * 1.2, chance)]
    for site in sites:
        await site.open()
    for name, site in zip(NAMES, sites, strict=True):
        url = f"http://127.0.0.1:{site.port}/v1"
        llm.providers.add(name, base_url=url, models=("m",), priority=NAMES.index(name), key="k-1")
    taken = Taken()
    running = [asyncio.ensure_future(site.run()) for site in sites]
    for number in range(calls):
        await one_call(llm, sites, taken)
        await asyncio.sleep(chance.expovariate(1 / EVERY))
        if number % 5000 == 0:
            progress(number)
    for each, site in zip(running, sites, strict=True):
        each.cancel()
        site.close()
    return taken


def run(calls: int, seed: int, clock: Clock) -> Taken:
    """The whole campaign on the engine's own loop."""
    from nbapimgr.manager import Manager

    def progress(number: int) -> None:
        print(f"{number} calls, {clock.skipped / 3600:.1f} h skipped", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory() as home:
        llm = Manager(home)
        loop = llm._engine._loop.running().loop
        future = asyncio.run_coroutine_threadsafe(campaign(llm, calls, seed, progress), loop)
        taken = future.result()
        llm.close()
    return taken


# --- what it says ---------------------------------------------------------------------------------


def quantile(values: list[float], share: float) -> float:
    """The value below which that share of all is; NaN of none."""
    return (
        sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else float("nan")
    )


def report(taken: Taken) -> None:
    """Print what each kind of outage cost."""
    rows = []
    for kind in KINDS:
        seconds, met = taken.seconds[kind], taken.met[kind]
        rows.append(
            (
                kind,
                f"{len(seconds):,}",
                f"{quantile(seconds, 0.5) * 1e3:.1f}",
                f"{quantile(seconds, 0.99) * 1e3:,.0f}",
                f"{len(met):,}",
                f"{quantile(met, 0.5) * 1e3:,.1f}",
                f"{quantile(met, 0.99) * 1e3:,.0f}",
            )
        )
    columns = ("first choice is", "calls", "p50 ms", "p99 ms", "met it", "p50 ms", "p99 ms")
    table("From the question to the first token", columns, rows)
    good = quantile(taken.good, 0.5) * 1e3
    print(f"first choice well: {len(taken.good):,} calls, p50 {good:.1f} ms")
    print(f"attempts that users waited for: {taken.attempts:,}")
    for reason, count in Counter(line.split(":")[0] for line in taken.lost).most_common(5):
        print(f"lost: {count} x {reason}")
    for line in taken.lost[:5]:
        print(line[:600])


def gates(taken: Taken, calls: int, *, strict: bool) -> list[Gate]:
    """What must hold. Times count only over many calls, where nothing else runs."""
    everything = [s for kind in KINDS for s in taken.seconds[kind]]
    hard = [s for kind in HARD for s in taken.seconds[kind]]
    kept = [
        Gate("calls lost", len(taken.lost), MOST_LOST * calls),
        Gate("wrong answers", taken.wrong, 0),
    ]
    if strict:
        kept += [
            Gate("first choice down: p99 to the first token", quantile(everything, 0.99), 2, " s"),
            Gate("the same of hard failures: p50", quantile(hard, 0.5) * 1e3, 10, " ms"),
        ]
    return kept


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--short", action="store_true", help="times do not count")
    parser.add_argument("--broken", choices=BROKEN, default="")
    options = parser.parse_args()
    about_this_machine({})
    hurry(1.0, options.broken)
    began = time.perf_counter()
    taken = run(options.calls, options.seed, CLOCK)
    took = time.perf_counter() - began
    report(taken)
    hours = CLOCK.skipped / 3600
    print(f"{options.calls:,} calls in {took:.0f} s, in which {hours:.1f} h went by\n")
    return verdict(gates(taken, options.calls, strict=not options.short))


if __name__ == "__main__":
    CLOCK = install()
    sys.exit(main())
