"""What a call costs: our engine beside bare HTTP clients and the libraries people use.

    python -m tests.bench.engine_cost [--rounds 5] [--venv FOLDER]
    python -m tests.bench.engine_cost --short     only the bare clients, fewer calls and loads

Method. Each contender runs in a process of its own; another process is the server, whose answers
are ready as bytes. Every contender sends the same question, reads the whole answer, takes text,
finish reason and usage out of it, and the text is compared with what was sent. A figure is the
processor time of the contender's whole process (all its threads, our engine's included), divided by
the calls. Rounds are interleaved: all contenders do a load once, the next round begins with another
one. A ratio is the median of the ratios to bare httpx in the same round, so that what disturbs the
machine disturbs both; figures are medians of the rounds. Before each figure some calls are made
that are not counted, so that connections are open and imports done, but where it says "new client":
there connections are opened within the measurement.

"nbapimgr, cell" is `Manager.ask` and `Manager.stream`, as `%%llm` calls them: settings, plan,
engine, price list, usage row on disk. "nbapimgr, await" is the same through `aask` and `astream`.
"engine alone" has a ready plan and neither price nor row. The bare clients are used as they come,
with their default connection pools (but 60 s of patience), and the json of the standard library.

"256 at once" is 256 tasks that make 1,024 calls between them. What httpx costs there depends on
how many of its 100 connections are open: all of them on a new client and wherever answers take
time, as a model's do. With a warm client and a server that answers at once it may come to get along
with 20, and then costs a third; no model is like that, so this is shown without a gate. "Burst" is
a stream that the server writes in one piece; "paced" one in which each chunk comes on its own, 5 ms
after the last, as from a model of 200 tokens a second.

The server is not the bottleneck: the last column is the processor time it took for a call, and the
share of a core that was meanwhile, which has to be under a half for every contender.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from tests.bench.environments import LITELLM, OPENAI, default_folder, python_of
from tests.bench.harness import (
    SLACK,
    Gate,
    Server,
    Worker,
    about_this_machine,
    interleaved,
    least,
    ratio,
    table,
    verdict,
)

BARE = ("httpx", "httpx over aiohttp", "aiohttp")
OURS = ("nbapimgr, cell", "nbapimgr, await")
ALONE = "nbapimgr, engine alone"
ONLY_CONCURRENT = {"nbapimgr, cell"}
"""Contenders that block their thread: 256 at once would be 256 threads."""
SERVER_SHARE = 0.5


@dataclass(frozen=True)
class Load:
    """What is measured."""

    title: str
    count: int
    width: int = 1
    chunks: int = 0
    how: str = "ok"
    new_client: bool = False
    rounds: int = 1
    """How many rounds there are for each of the others'."""
    limit: float | None = None
    """Our processor time over that of httpx, at most; None where there is no gate."""

    @property
    def warm_up(self) -> int:
        """Calls that are not counted."""
        if self.how == "paced":
            return 1
        return 3 if self.chunks else max(10, self.width)


FULL = (
    Load("one at a time", 100, limit=0.8, rounds=3),
    Load("256 at once, new client", 1024, 256, new_client=True, limit=0.2),
    Load("256 at once, answers after 50 ms", 1024, 256, how="slow", limit=0.2),
    Load("256 at once, warm client", 1024, 256),
    Load("stream of 200 chunks, burst", 15, chunks=200, limit=1.0),
    Load("stream of 200 chunks, paced", 2, chunks=200, how="paced", limit=1.0),
)
SHORT = (
    Load("one at a time", 40, limit=0.8),
    Load("256 at once, new client", 256, 256, new_client=True, limit=0.2),
    Load("stream of 200 chunks, burst", 10, chunks=200, limit=1.0),
)

Compare = Callable[[Sequence[float], Sequence[float]], float]
Rounds = dict[str, list[dict[str, float]]]
"""Contender -> its figures, a dictionary a round."""


def measure(load: Load, server: Server, workers: dict[str, Worker], rounds: int) -> Rounds:
    """All rounds of one load."""
    names = [name for name in workers if load.width == 1 or name not in ONLY_CONCURRENT]
    urls = [server.url(load.how)] * 2
    found: Rounds = {name: [] for name in names}
    for name in names:
        workers[name].do("open", urls=urls)
    for name in interleaved(names, rounds * load.rounds):
        worker = workers[name]
        if load.new_client:
            worker.do("close")
            worker.do("open", urls=urls)
        else:
            worker.do("calls", count=load.warm_up, width=load.width, chunks=load.chunks)
        served = server.cpu()
        figures = worker.do("calls", count=load.count, width=load.width, chunks=load.chunks)
        served = (server.cpu() - served) / load.count * 1e6
        found[name].append({**figures, "served": served, "share": served / figures["wall_us"]})
    for name in names:
        workers[name].do("close")
    return found


def report(load: Load, found: Rounds) -> None:
    """Print a load's table."""
    rows = []
    for name, figures in found.items():
        ratios = [f["cpu_us"] / h["cpu_us"] for f, h in zip(figures, found["httpx"], strict=True)]
        middle = {key: statistics.median(f[key] for f in figures) for key in figures[0]}
        rows.append(
            (
                name,
                f"{middle['cpu_us']:,.0f}",
                f"{statistics.median(ratios):.2f}",
                f"{min(ratios):.2f} to {max(ratios):.2f}",
                f"{middle['wall_us']:,.0f}",
                f"{middle['p99_ms']:,.1f}",
                f"{middle['rss_mib']:.0f}",
                f"{middle['served']:,.0f} ({middle['share']:.0%})",
            )
        )
    columns = ("contender", "CPU us", "/ httpx", "range", "wall us", "p99 ms", "MiB", "server us")
    table(f"{load.title}: per call", columns, rows)


def gates(load: Load, found: Rounds, compare: Compare = ratio) -> list[Gate]:
    """What must hold of a load's figures."""
    shares = [statistics.median(f["share"] for f in figures) for figures in found.values()]
    kept = [Gate(f"{load.title}: the server's share of a core", max(shares), SERVER_SHARE)]
    if load.limit is not None:
        theirs = [f["cpu_us"] for f in found["httpx"]]
        for name in OURS:
            if name in found:
                figure = compare([f["cpu_us"] for f in found[name]], theirs)
                kept.append(Gate(f"{load.title}: {name} / httpx", figure, load.limit))
    return kept


def contenders(folder: Path | None) -> dict[str, str]:
    """Contender -> interpreter; without a folder only those of this environment."""
    found = dict.fromkeys((*BARE, *OURS), sys.executable)
    if folder is None:
        return found
    openai, litellm = python_of(OPENAI, folder), python_of(LITELLM, folder)
    found[ALONE] = sys.executable
    return {**found, "openai": openai, "pydantic-ai": openai, "litellm": litellm}


def run(loads: Sequence[Load], rounds: int, folder: Path | None, *, short: bool) -> int:
    """Measure and report; the exit code."""
    compare, slack = (least, SLACK) if short else (ratio, 1.0)
    about_this_machine({name: metadata.version(name) for name in ("httpx", "aiohttp", "sniffio")})
    kept: list[Gate] = []
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(Server())
        workers = {
            name: stack.enter_context(Worker(name, python))
            for name, python in contenders(folder).items()
        }
        for worker in workers.values():  # what is done once: imports, price list
            worker.do("open", urls=[server.url("ok")] * 2)
            worker.do("calls", count=3, width=1, chunks=0)
            worker.do("close")
        for load in loads:
            found = measure(load, server, workers, rounds)
            report(load, found)
            kept += gates(load, found, compare)
    return verdict([gate.slackened(slack) for gate in kept])


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="what every test run does")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--venv", type=Path, default=default_folder(), help="the peers' folder")
    options = parser.parse_args()
    if options.short:
        return run(SHORT, 3, None, short=True)
    return run(FULL, options.rounds, options.venv, short=False)


if __name__ == "__main__":
    sys.exit(main())
