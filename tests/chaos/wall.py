"""The wall: the sixteen public failover scenarios, for nbapimgr and for what people use today.

    python -m tests.chaos.wall [--only S15] [--clients nbapimgr] [--venv FOLDER]
    python -m tests.chaos.wall --nasty      what notebooks meet beyond them (`nasty.py`)

Results are to be labelled "FailoverBench v0.1 scenarios, our re-implementation".

Method. A server of ours breaks as each scenario says; each client is in a process of its own, a new
one for each scenario, with its imports done and one good call behind it. Verdicts are by the rules
of v0.1: pass (whole answer, every check holds), partial (an advisory check does not), safe (no
answer, but an error in good time), fail (a hang, a wrong answer shown as success, or a required
check that does not hold). "ours" are checks beyond it. Several scenarios run at once: they wait
nearly all of the time.

The exit code is 0 when nbapimgr passes every scenario and holds every check.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import math
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench.environments import LITELLM, OPENAI, default_folder, python_of
from tests.bench.harness import Worker, about_this_machine, table
from tests.chaos import nasty
from tests.chaos.wall_scenarios import SCENARIOS, Scenario
from tests.chaos.wall_server import FALLBACK, PRIMARY, Wall
from tests.chaos.wall_verdict import OUTAGE, Answer, Evidence, judge

if TYPE_CHECKING:
    from collections.abc import Sequence

OURS = "nbapimgr"
LABEL = "FailoverBench v0.1 scenarios, our re-implementation"
ALIVE = 10.0
"""Seconds that a call to a healthy model may take afterwards."""
AT_ONCE = 6
"""Scenarios that run at once."""


@dataclass(frozen=True)
class Result:
    """One client before one scenario."""

    client: str
    scenario: Scenario
    evidence: Evidence

    @property
    def verdict(self) -> str:
        """By the rules of v0.1."""
        return self._judged[0]

    @property
    def broken(self) -> tuple[str, ...]:
        """The checks that do not hold."""
        return self._judged[1]

    @property
    def passed(self) -> bool:
        """Whether it passes, and all of our own checks hold too."""
        return self.verdict == "pass" and not self.broken

    @property
    def _judged(self) -> tuple[str, tuple[str, ...]]:
        return judge(self.evidence, self.scenario.checks, refusal=self.scenario.refusal)

    def line(self) -> str:
        """One line for people."""
        e = self.evidence
        tried = f"{e.attempts(PRIMARY)}+{e.attempts(FALLBACK)} attempts"
        said = "; ".join((*self.broken, *self._errors()))
        return f"{self.scenario.id} {self.client}: {self.verdict}, {tried}, {e.took:.2f} s  {said}"

    def _errors(self) -> tuple[str, ...]:
        return tuple({a.error.splitlines()[0][:120] for a in self.evidence.answers if a.error})


def run(
    client: str,
    scenario: Scenario,
    *,
    python: str = sys.executable,
    scale: float = 1.0,
    broken: str = "",
) -> Result:
    """Put one client before one scenario.

    Args:
        client: Its name.
        scenario: What happens.
        python: The interpreter that has it.
        scale: What one second of the scenario takes.
        broken: How our engine is broken on purpose.
    """
    with Worker(client, python, "tests.chaos.wall_clients") as worker:
        return run_with(worker, scenario, scale=scale, broken=broken)


def run_with(worker: Worker, scenario: Scenario, *, scale: float, broken: str = "") -> Result:
    """Put a client that has been started before one scenario."""
    evidence = Evidence(scale=scale)
    with Wall(scenario.fault, takes_prefill=scenario.takes_prefill, scale=scale) as wall:
        worker.do("open", url=wall.url, scale=scale, broken=broken)
        warm = [_ask(worker, 60.0, healthy=True) for _ in range(3 if scenario.calls > 1 else 1)]
        evidence.own = min(answer.took for answer in warm if answer) / scale
        wall.begin()
        evidence.began = wall.began
        for number in range(scenario.calls):
            begin_at = wall.began + number * scenario.interval * scale
            time.sleep(max(0.0, begin_at - time.monotonic()))
            answer = _ask(worker, scenario.limit * scale, healthy=False)
            if answer is None:
                evidence.hung = True
                break
            evidence.answers.append(answer)
        evidence.hits = list(wall.hits)
        if not evidence.hung:
            evidence.alive = _ask(worker, ALIVE, healthy=True)
            evidence.failed_rows = worker.do("failed_rows") if scenario.accounts else None
    return Result(worker.name, scenario, evidence)


def _ask(worker: Worker, limit: float, *, healthy: bool) -> Answer | None:
    """The answer; None when none came in time, and the client has been killed."""
    timer = threading.Timer(limit, worker.kill)
    timer.start()
    try:
        found: dict[str, Any] = worker.do("ask", healthy=healthy)
    except RuntimeError:
        return None
    finally:
        timer.cancel()
    return Answer(**found)


def run_all(clients: dict[str, str], scenarios: Sequence[Scenario], **options: Any) -> list[Result]:
    """All clients before all scenarios, the longest first."""
    jobs = sorted(
        ((client, scenario) for scenario in scenarios for client in clients),
        key=lambda job: -job[1].limit * job[1].calls,
    )
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        futures = [
            pool.submit(run, client, scenario, python=clients[client], **options)
            for client, scenario in jobs
        ]
        for future in concurrent.futures.as_completed(futures):
            print(future.result().line(), flush=True)
    return sorted(
        (future.result() for future in futures), key=lambda r: (r.scenario.id, r.client != OURS)
    )


def report(results: Sequence[Result], clients: Sequence[str]) -> None:
    """Print the tables."""
    found = {(r.client, r.scenario.id): r for r in results}
    titles = {r.scenario.id: r.scenario.title for r in results}
    rows = []
    for id_, title in titles.items():
        cells = [_cell(found[client, id_]) for client in clients]
        rows.append((id_, title, *cells))
    table(
        f"{LABEL}: verdict, primary attempts, longest call (S15: attempts in the outage)",
        ("id", "fault", *clients),
        rows,
    )
    kinds = ("pass", "partial", "safe", "fail")
    counts = [
        (
            client,
            *(
                str(sum(r.client == client and r.verdict == kind for r in results))
                for kind in kinds
            ),
        )
        for client in clients
    ]
    table("Of v0.1", ("client", *kinds), counts)
    print("* a check of ours beyond v0.1 does not hold\n")
    for result in results:
        if not result.passed:
            print(result.line())


def _cell(result: Result) -> str:
    mark = "*" if result.verdict == "pass" and result.broken else ""
    evidence = result.evidence
    tries = evidence.attempts(PRIMARY, within=OUTAGE if result.scenario.calls > 1 else math.inf)
    return f"{result.verdict}{mark} {tries} {evidence.took:.1f} s"


def pythons(folder: Path | None) -> dict[str, str]:
    """Client -> interpreter; without a folder only ours."""
    if folder is None:
        return {OURS: sys.executable}
    return {
        OURS: sys.executable,
        "litellm": python_of(LITELLM, folder),
        "pydantic-ai": python_of(OPENAI, folder),
    }


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", choices=SCENARIOS, default=list(SCENARIOS))
    parser.add_argument("--clients", nargs="*", help="some of the clients; else all")
    parser.add_argument("--scale", type=float, default=1.0, help="what one second takes")
    parser.add_argument("--nasty", action="store_true", help="the nasty cases in their place")
    parser.add_argument("--venv", type=Path, default=default_folder(), help="the peers' folder")
    options = parser.parse_args()
    if options.nasty:
        return nasty.run_all(list(nasty.CASES))
    folder = None if options.clients == [OURS] else options.venv
    chosen = pythons(folder)
    clients = {name: chosen[name] for name in options.clients or chosen}
    about_this_machine({})
    results = run_all(clients, [SCENARIOS[id_] for id_ in options.only], scale=options.scale)
    report(results, list(clients))
    return 0 if all(result.passed for result in results if result.client == OURS) else 1


if __name__ == "__main__":
    sys.exit(main())
