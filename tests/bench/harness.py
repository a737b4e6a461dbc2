"""What all benchmarks share: processes, medians of interleaved rounds, tables, gates."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT = Path(__file__).resolve().parents[2]
SLACK = 1.5
"""By how much a short form may miss a gate: it counts less, on machines that do other work."""


class Process:
    """A module in a process of its own, which ends when its standard input does."""

    def __init__(self, python: str, module: str, *arguments: str) -> None:
        self._home = tempfile.TemporaryDirectory()
        self._process = subprocess.Popen(  # noqa: S603  # our own words
            [python, "-m", module, *arguments],
            cwd=ROOT,
            env=environment(self._home.name),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._home.cleanup()

    def _read(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._process.args!r} ended")
        return line


class Server(Process):
    """The server of `server.py`."""

    def __init__(self) -> None:
        super().__init__(sys.executable, "tests.bench.server")
        self._origin = f"http://127.0.0.1:{int(self._read())}"

    def url(self, how: str) -> str:
        """The base URL under which it answers in that way."""
        return f"{self._origin}/{how}/v1"

    def cpu(self) -> float:
        """Seconds of processor time it has used."""
        with urllib.request.urlopen(f"{self._origin}/cpu/") as response:  # noqa: S310  # loopback
            return int(response.read()) / 1e9


class Worker(Process):
    """One who obeys (`obeying.py`): a contender of `worker.py`, or of another module.

    Args:
        name: Which.
        python: The interpreter of the environment that has what it needs.
        module: Where it is.
    """

    def __init__(
        self, name: str, python: str = sys.executable, module: str = "tests.bench.worker"
    ) -> None:
        super().__init__(python, module, name)
        self.name = name

    def kill(self) -> None:
        """End it where it stands; what it was doing fails."""
        self._process.kill()

    def do(self, command: str, **fields: Any) -> Any:
        """Have a command carried out.

        Raises:
            RuntimeError: The contender failed at it.
        """
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": command, **fields}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._read())
        if "error" in answer:
            raise RuntimeError(f"{self.name}: {answer['error']}")
        return answer["ok"]


def environment(home: str) -> dict[str, str]:
    """This process's environment without keys, proxies and settings of the user's own."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.endswith(("_API_KEY", "_API_TOKEN"))
        and not name.lower().endswith("_proxy")
        and not name.startswith(("NBAPIMGR_", "COVERAGE_", "COV_CORE_"))
    }
    return {**kept, "NBAPIMGR_HOME": home, "IPYTHONDIR": home, "PYTHONWARNINGS": "ignore"}


def interleaved(names: Sequence[str], rounds: int) -> Iterator[str]:
    """All names in each round, each round begun with another one."""
    for number in range(rounds):
        start = number % len(names)
        yield from (*names[start:], *names[:start])


@contextlib.contextmanager
def refusing_url() -> Iterator[str]:
    """A base URL on which nobody listens, and on which nobody can begin to."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/v1"


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the ratios of each round."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


def least(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The ratio of the least of all rounds: for few rounds on a machine that does other work.

    Other work only ever adds to a figure, so the least is the nearest to the truth.
    """
    return min(ours) / min(theirs)


@dataclass(frozen=True)
class Gate:
    """A figure that must not be over its limit."""

    what: str
    figure: float
    limit: float
    unit: str = ""

    @property
    def passed(self) -> bool:
        """Whether it is not. NaN never passes."""
        return self.figure <= self.limit

    def slackened(self, factor: float) -> Gate:
        """The same with a limit so many times as high."""
        return replace(self, limit=self.limit * factor)

    def line(self) -> str:
        """One line for people."""
        verdict = "pass" if self.passed else "FAIL"
        return f"{verdict}  {self.what}: {self.figure:.3g}{self.unit} (at most {self.limit:.3g})"


def verdict(gates: Sequence[Gate]) -> int:
    """Print the gates; the exit code is 1 when one of them fails, and when there is none."""
    for gate in gates:
        print(gate.line())
    return 0 if gates and all(gate.passed for gate in gates) else 1


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a Markdown table, figures to the right."""
    widths = [max(len(row[i]) for row in (columns, *rows)) for i in range(len(columns))]

    def line(cells: Sequence[str]) -> str:
        padded = (
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return f"| {' | '.join(padded)} |"

    rule = ["-" * w if i == 0 else "-" * (w - 1) + ":" for i, w in enumerate(widths)]
    print(f"\n**{title}**\n")
    for cells in (columns, rule, *rows):
        print(line(cells))
    print(flush=True)


def about_this_machine(packages: Mapping[str, str]) -> None:
    """Print what a figure depends on."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    versions = ", ".join(f"{name} {version}" for name, version in packages.items())
    print(
        f"{time.strftime('%Y-%m-%d %H:%M')}, Python {sys.version.split()[0]}, "
        f"{os.cpu_count()} cores, load {load}; {versions}",
        flush=True,
    )
