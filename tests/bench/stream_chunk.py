"""What a chunk of a stream and a plan cost inside the engine.

    python -m tests.bench.stream_chunk [--rounds 9]
    python -m tests.bench.stream_chunk --short

Method. A chunk's cost is the slope between streams of 200 and of 2,200 chunks, so that what a call
costs drops out; the server writes each stream in one piece. "Raw parsing" is the least that reads
such a stream: aiohttp's pieces, lines cut by hand, msgspec, into the same text. The difference to
it is what the engine adds: limits, events, the way to the caller's thread. Contenders are processes
of their own, rounds are interleaved, figures are medians of processor time.

A plan is made for 10 providers with a key each, which serve the model that is asked for. "With the
route" is `Manager.plan`, which also finds out what the route means. It is timed in this process
beside `json.loads` of a plain answer, by which it is measured where machines differ.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import sys
import tempfile
import time
from typing import TYPE_CHECKING

from tests.bench.contenders import KEY, MODEL, QUESTION
from tests.bench.harness import (
    SLACK,
    Gate,
    Server,
    Worker,
    about_this_machine,
    interleaved,
    least,
    table,
    verdict,
)
from tests.bench.server import answer_body

if TYPE_CHECKING:
    from collections.abc import Callable

FEW, MANY = 200, 2200
RAW = "raw parsing"
HTTPX = "httpx"
OURS = ("nbapimgr, cell", "nbapimgr, await")
LIMIT_CHUNK_US = 10.0
LIMIT_PLAN_US = 20.0
LIMIT_PLAN_LOADS = 4.0
"""The same in times `json.loads` of a plain answer, which takes 5 us."""
CANDIDATES = 10


def chunks(rounds: int, count: int) -> dict[str, list[float]]:
    """Microseconds a chunk, of all rounds."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(Server())
        workers = {name: stack.enter_context(Worker(name)) for name in (RAW, HTTPX, *OURS)}
        cost: dict[str, list[float]] = {name: [] for name in workers}
        for name in interleaved(list(workers), rounds + 1):
            spent = {}
            for size in (FEW, MANY):
                workers[name].do("open", urls=[server.url(f"n{size}")] * 2)
                workers[name].do("calls", count=1, width=1, chunks=size)
                figures = workers[name].do("calls", count=count, width=1, chunks=size)
                workers[name].do("close")
                spent[size] = figures["cpu_us"]
            cost[name].append((spent[MANY] - spent[FEW]) / (MANY - FEW))
    return {name: figures[1:] for name, figures in cost.items()}  # the first imports


def plans(rounds: int, count: int) -> dict[str, float]:
    """Microseconds of making a plan, and of `json.loads`: medians of interleaved rounds."""
    from nbapimgr.engine import make_plan
    from nbapimgr.manager import Manager
    from nbapimgr.models import Request, user

    body = answer_body()
    with tempfile.TemporaryDirectory() as home:
        manager = Manager(home)
        for number in range(CANDIDATES):
            manager.providers.add(
                f"p{number}",
                base_url=f"http://127.0.0.1:{number + 1}/v1",
                models=(MODEL,),
                key=KEY,
                priority=number,
            )
        request = Request(messages=(user(QUESTION),), route=MODEL)
        asked = [(provider.name, MODEL) for provider in manager.providers.values()]
        plan = manager.plan(request)
        if len(plan.candidates) != CANDIDATES:
            raise ValueError(f"{len(plan.candidates)} candidates")
        keys = dict.fromkeys(manager.providers, ("default",))
        providers = tuple(manager.providers.values())
        works: dict[str, Callable[[], object]] = {
            "plan": lambda: make_plan(
                request, providers, targets=asked, credentials=lambda p: keys[p.name]
            ),
            "plan with the route": lambda: manager.plan(request),
            "json.loads": lambda: json.loads(body),
        }
        took: dict[str, list[float]] = {name: [] for name in works}
        for name in interleaved(list(works), rounds):
            began = time.process_time()
            for _ in range(count):
                works[name]()
            took[name].append((time.process_time() - began) / count * 1e6)
        manager.close()
    return {name: statistics.median(each) for name, each in took.items()}


def chunk_gates(cost: dict[str, list[float]], *, short: bool) -> list[Gate]:
    """What must hold of a chunk. The short form compares with httpx; it holds on any machine."""
    kept = []
    for name in OURS:
        if short:
            figure = least(cost[name], cost[HTTPX])
            kept.append(Gate(f"a chunk: {name} / httpx", figure, SLACK))
        else:
            pairs = zip(cost[name], cost[RAW], strict=True)
            figure = statistics.median(a - b for a, b in pairs)
            kept.append(Gate(f"a chunk over raw parsing: {name}", figure, LIMIT_CHUNK_US, " us"))
    return kept


def plan_gate(took: dict[str, float], *, short: bool) -> Gate:
    """What must hold of a plan."""
    if short:
        figure = took["plan"] / took["json.loads"]
        return Gate("plan of 10 / json.loads", figure, LIMIT_PLAN_LOADS * SLACK)
    return Gate("plan of 10", took["plan"], LIMIT_PLAN_US, " us")


def run(rounds: int, count: int, *, short: bool) -> int:
    """Measure and report; the exit code."""
    about_this_machine({})
    cost = chunks(rounds, count)
    rows = [
        (name, f"{statistics.median(us):.1f}", f"{min(us):.1f} to {max(us):.1f}")
        for name, us in cost.items()
    ]
    table("us of CPU a chunk", ("contender", "us", "range"), rows)
    took = plans(rounds, 200 * count)
    table("us of CPU", ("what", "us"), [(name, f"{us:.1f}") for name, us in took.items()])
    return verdict([*chunk_gates(cost, short=short), plan_gate(took, short=short)])


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="what every test run does")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    return run(3, 3, short=True) if options.short else run(options.rounds, 10, short=False)


if __name__ == "__main__":
    sys.exit(main())
