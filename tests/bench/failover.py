"""How long failing over takes: from the question to the first token of the one who answers.

    python -m tests.bench.failover [--times 20] [--venv FOLDER]
    python -m tests.bench.failover --short          ours beside failing over by hand with httpx

Method. Two servers, so two origins: the first fails at once, in one way a column; the second
streams an answer, a chunk each 5 ms, of which the first counts. Each contender is a process; all
imports are done and connections are warm where the failure leaves any. Rounds are interleaved, a
cell is the median, in milliseconds. "By hand" is httpx with `try`: what cannot be saved. Who
remembers that the first has failed is made to forget it before each question, which is not counted:
our breakers are closed, and LiteLLM's Router is made anew.

nbapimgr tries a 503 and a cut connection once more on the same provider, after a pause drawn from
0 to 0.5 s: the better half of them pass within a second, and a fallback may be dearer. "One try"
is the same with that switched off: what failing over itself takes. The gate is on the failures
that are failed over at once.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import sys
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
    refusing_url,
    table,
    verdict,
)

FAILURES = ("401", "404", "refused", "reset", "503")
AT_ONCE = ("401", "404", "refused")
"""Those after which the same provider is not asked again."""
BY_HAND = "httpx"
OURS = ("nbapimgr, cell", "nbapimgr, await", "nbapimgr, cell, one try")
GATED = OURS[:2]
LIMIT_MS = 4.0
LIMIT_BY_HAND = 2.0
"""In the short form: ours over failing over by hand, in the same run."""

Figures = dict[str, dict[str, list[float]]]
"""Contender -> failure -> milliseconds, one a round."""


def measure(workers: dict[str, Worker], failures: dict[str, str], good: str, times: int) -> Figures:
    """All rounds of all failures.

    Args:
        workers: The contenders.
        failures: Failure -> the base URL that fails so.
        good: The base URL of the one who answers.
        times: How many rounds.
    """
    found: Figures = {name: {} for name in workers}
    for failure, bad in failures.items():
        for name, worker in workers.items():
            worker.do("open", urls=[bad, good])
            worker.do("first_token")
            found[name][failure] = []
        for name in interleaved(list(workers), times):
            found[name][failure].append(workers[name].do("first_token")["ms"])
        for worker in workers.values():
            worker.do("close")
    return found


def report(found: Figures) -> None:
    """Print the medians and the worst."""
    names = list(next(iter(found.values())))
    rows = [
        (name, *(f"{statistics.median(ms):,.1f} ({max(ms):,.0f})" for ms in figures.values()))
        for name, figures in found.items()
    ]
    table("ms to the first token: median (longest)", ("contender", *names), rows)


def gates(found: Figures, *, short: bool) -> list[Gate]:
    """What must hold. Times are compared in the full form only; ratios hold on any machine."""
    kept = []
    for name in GATED:
        for failure in AT_ONCE:
            ms = found[name][failure]
            what = f"{failure}: {name}"
            if short:
                figure = least(ms, found[BY_HAND][failure])
                kept.append(Gate(f"{what} / by hand", figure, LIMIT_BY_HAND * SLACK))
            else:
                kept.append(Gate(what, statistics.median(ms), LIMIT_MS, " ms"))
    return kept


def contenders(folder: Path | None) -> dict[str, str]:
    """Contender -> interpreter; without a folder only those of this environment."""
    if folder is None:
        return dict.fromkeys((BY_HAND, *GATED), sys.executable)
    openai, litellm = python_of(OPENAI, folder), python_of(LITELLM, folder)
    return {
        **dict.fromkeys((BY_HAND, *OURS), sys.executable),
        **dict.fromkeys(("pydantic-ai", "pydantic-ai, tuned"), openai),
        **dict.fromkeys(("litellm", "litellm, tuned"), litellm),
    }


def run(times: int, folder: Path | None, *, short: bool) -> int:
    """Measure and report; the exit code."""
    about_this_machine({"httpx": metadata.version("httpx")})
    with contextlib.ExitStack() as stack:
        bad, good = stack.enter_context(Server()), stack.enter_context(Server())
        workers = {
            name: stack.enter_context(Worker(name, python))
            for name, python in contenders(folder).items()
        }
        failures = {
            "401": bad.url("s401"),
            "404": bad.url("s404"),
            "refused": stack.enter_context(refusing_url()),
            "reset": bad.url("reset"),
            "503": bad.url("s503"),
        }
        wanted = AT_ONCE if short else FAILURES
        chosen = {name: url for name, url in failures.items() if name in wanted}
        found = measure(workers, chosen, good.url("paced-n5"), times)
    report(found)
    return verdict(gates(found, short=short))


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="what every test run does")
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--venv", type=Path, default=default_folder(), help="the peers' folder")
    options = parser.parse_args()
    if options.short:
        return run(7, None, short=True)
    return run(options.times, options.venv, short=False)


if __name__ == "__main__":
    sys.exit(main())
