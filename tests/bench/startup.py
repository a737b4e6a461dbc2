"""What loading the extension takes, beside `import httpx` alone.

    python -m tests.bench.startup [--rounds 15]
    python -m tests.bench.startup --short

Method. Each figure is a fresh process that first starts what a notebook has running, an IPython
shell, and then times one thing; httpx is also timed without IPython, where more is left for it to
import. Rounds are interleaved, figures are medians, files are in the system's cache. The gate is on
processor time, which other work on the machine disturbs least, and on the lower figure of httpx.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from importlib import metadata
from typing import NamedTuple

from tests.bench.harness import (
    ROOT,
    SLACK,
    Gate,
    about_this_machine,
    environment,
    interleaved,
    ratio,
    table,
    verdict,
)

_SHELL = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
"""
_LOADED = """
kinds = shell.magics_manager.magics
assert "llm" in kinds["cell"] and "llm" in kinds["line"], "the extension is not loaded"
"""
_TIMED = """
import sys, time
before, wall, cpu = set(sys.modules), time.perf_counter(), time.process_time()
{work}
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
new = set(sys.modules) - before
import json
print(json.dumps({{"cpu": cpu * 1e3, "wall": wall * 1e3, "new": sorted(new)}}))
"""
OURS = "import nbapimgr + %load_ext nbapimgr, in IPython"
HTTPX = "import httpx, in IPython"
_LOAD = "import nbapimgr; shell.run_line_magic('load_ext', 'nbapimgr')"
SCRIPTS = {
    OURS: _SHELL + _TIMED.format(work=_LOAD) + _LOADED,
    "the same + nbapimgr.connect()": _SHELL + _TIMED.format(work=f"{_LOAD}; nbapimgr.connect()"),
    HTTPX: _SHELL + _TIMED.format(work="import httpx"),
    "import httpx, in bare Python": _TIMED.format(work="import httpx"),
}
HEAVY = frozenset(
    {"httpx", "aiohttp", "anywidget", "pandas", "pyarrow", "altair", "cryptography", "genai_prices"}
)
"""What loads when it is first needed, and not before."""


class Took(NamedTuple):
    """What one process took: milliseconds, and the names of the modules it loaded."""

    cpu: float
    wall: float
    new: list[str]


def once(script: str) -> Took:
    """Run a script in a fresh process."""
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(  # noqa: S603  # our own words
            [sys.executable, "-c", script],
            cwd=ROOT,
            env=environment(home),
            check=True,
            capture_output=True,
            text=True,
        )
    return Took(**json.loads(done.stdout.splitlines()[-1]))


def measure(rounds: int) -> dict[str, list[Took]]:
    """All rounds of all scripts."""
    found: dict[str, list[Took]] = {name: [] for name in SCRIPTS}
    for script in SCRIPTS.values():
        once(script)  # writes the byte code where there is none
    for name in interleaved(list(SCRIPTS), rounds):
        found[name].append(once(SCRIPTS[name]))
    return found


def gates(found: dict[str, list[Took]], slack: float) -> list[Gate]:
    """What must hold."""
    cpu = ratio([took.cpu for took in found[OURS]], [took.cpu for took in found[HTTPX]])
    loaded = {module.partition(".")[0] for took in found[OURS] for module in took.new} & HEAVY
    return [
        Gate("ours / import httpx", cpu, slack),
        Gate(f"heavy modules loaded ({', '.join(sorted(loaded)) or 'none'})", len(loaded), 0),
    ]


def run(rounds: int, slack: float) -> int:
    """Measure and report; the exit code."""
    about_this_machine({name: metadata.version(name) for name in ("httpx", "ipython")})
    found = measure(rounds)
    rows = [
        (
            name,
            f"{statistics.median(took.cpu for took in each):.0f}",
            f"{statistics.median(took.wall for took in each):.0f}",
            f"{min(took.cpu for took in each):.0f} to {max(took.cpu for took in each):.0f}",
        )
        for name, each in found.items()
    ]
    table("ms in a fresh process", ("what", "CPU", "wall", "range of CPU"), rows)
    return verdict(gates(found, slack))


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="what every test run does")
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    return run(3, SLACK) if options.short else run(options.rounds, 1.0)


if __name__ == "__main__":
    sys.exit(main())
