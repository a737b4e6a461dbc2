"""100,000 calls in one process: memory, tasks, threads, sockets and files must not grow.

    python -m tests.chaos.soak [--calls 100000] [--broken hoarding]

Method. Sixteen callers at a time ask a server in another process through `aask`, one call in
twenty through `ask`; one in ten meets a provider that fails and is answered by the next, one in
fifty is cancelled on its way. Two fifths as many calls go before, to warm up. Then, and after each
fifth of the calls, the garbage is collected and this process is looked at from outside (psutil);
what counts is the way from the first look, after the warm-up, to the last.

With each 5,000 usage rows a segment is put away as Parquet, which brings pyarrow into the process
and takes some eight rounds to settle: that is to be before the first look (as with 100,000 calls)
or after the last (as with 2,500).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import sys
import tempfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.bench.harness import Gate, Server, about_this_machine, table, verdict
from tests.bench.server import plain_text
from tests.chaos.hurry import BROKEN, hurry

if TYPE_CHECKING:
    from nbapimgr.manager import Manager

WIDTH = 16
WORKERS = 32
"""Most worker threads of a loop, however many processors there are."""
MIB = 2**20
LIMIT = 2.0
"""MiB."""
KEPT = 4
"""Connections more that may happen to be kept for the next call."""
FAILING, CANCELLED, WAITED = 10, 50, 20
"""One call in so many."""
ROUTES = ("bad:m,good:m", "cut:m,good:m")


@dataclass(frozen=True)
class Look:
    """This process, as others see it."""

    calls: int
    memory: int
    tasks: int
    threads: int
    files: int
    objects: int


async def look(llm: Manager, calls: int) -> Look:
    """When all that was under way has ended."""
    import psutil

    loop = llm._engine._loop.running().loop
    for _ in range(3):
        await asyncio.sleep(0.1)
        gc.collect()
    process = psutil.Process()
    return Look(
        calls,
        process.memory_info().rss,
        len(asyncio.all_tasks(loop)) + len(asyncio.all_tasks()) - 1,
        process.num_threads(),
        process.num_fds(),
        len(gc.get_objects()),
    )


async def one_call(llm: Manager, number: int) -> int:
    """Ask; 1 when it is not as it should be."""
    route = ROUTES[number // FAILING % 2] if number % FAILING == 0 else "good:m"
    if number % CANCELLED == 1:
        task = asyncio.ensure_future(llm.aask("Is all well?", route="slow:m", stream=False))
        await asyncio.sleep(0.005)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return 0
    if number % WAITED == 2:
        reply = await asyncio.to_thread(llm.ask, "Is all well?", route=route, stream=False)
    else:
        reply = await llm.aask("Is all well?", route=route, stream=False)
    return int(reply.text != plain_text())


async def some(llm: Manager, begin: int, end: int) -> int:
    """The calls of these numbers; how many went wrong."""
    numbers = iter(range(begin, end))

    async def caller() -> int:
        return sum([await one_call(llm, number) for number in numbers])

    return sum(await asyncio.gather(*(caller() for _ in range(WIDTH))))


async def warm(llm: Manager) -> None:
    """Have both loops make all the worker threads they ever will."""

    async def all_at_once() -> None:
        await asyncio.gather(*(asyncio.to_thread(time.sleep, 0.02) for _ in range(2 * WORKERS)))

    loop = llm._engine._loop.running().loop
    await all_at_once()
    await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(all_at_once(), loop))


async def soak(llm: Manager, calls: int) -> tuple[list[Look], int]:
    """The warm-up, then all calls, with a look before them and after each fifth."""
    fifth = calls // 5
    await warm(llm)
    wrong = await some(llm, 0, 2 * fifth)
    looks = [await look(llm, 0)]
    for number in range(5):
        wrong += await some(llm, number * fifth, (number + 1) * fifth)
        looks.append(await look(llm, (number + 1) * fifth))
        print(looks[-1], file=sys.stderr, flush=True)
    return looks, wrong


def run(calls: int) -> tuple[list[Look], int]:
    """The campaign."""
    from nbapimgr.manager import Manager

    with Server() as well, Server() as ill, tempfile.TemporaryDirectory() as home:
        llm = Manager(home)
        for name, url in (
            ("good", well.url("ok")),
            ("slow", well.url("slow")),
            ("bad", ill.url("s503")),
            ("cut", ill.url("reset")),
        ):
            llm.providers.add(name, base_url=url, models=("m",), key="k-1")
        try:
            return asyncio.run(soak(llm, calls))
        finally:
            llm.close()


def gates(looks: list[Look], wrong: int) -> list[Gate]:
    """What must hold from the first look to the last."""
    first, last = looks[0], looks[-1]
    return [
        Gate("calls that went wrong", wrong, 0),
        Gate("memory, growth", (last.memory - first.memory) / MIB, LIMIT, " MiB"),
        Gate("tasks left", last.tasks, first.tasks),
        Gate("threads", last.threads, first.threads),
        Gate("files and sockets", last.files, first.files + KEPT),
    ]


def report(looks: list[Look]) -> None:
    """Print the looks."""
    columns = ("calls", "MiB", "tasks", "threads", "files", "objects")
    rows = [
        (
            f"{look.calls:,}",
            f"{look.memory / MIB:.1f}",
            *map(str, (look.tasks, look.threads, look.files)),
            f"{look.objects:,}",
        )
        for look in looks
    ]
    table("What the process holds", columns, rows)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--broken", choices=BROKEN, default="")
    options = parser.parse_args()
    about_this_machine({})
    hurry(1.0, options.broken)
    began = time.perf_counter()
    looks, wrong = run(options.calls)
    took = time.perf_counter() - began
    report(looks)
    print(f"{options.calls:,} calls in {took:.0f} s: {options.calls / took:,.0f} a second\n")
    return verdict(gates(looks, wrong))


if __name__ == "__main__":
    sys.exit(main())
