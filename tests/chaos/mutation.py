"""Change the code in small ways, one at a time: each change that no test notices is a hole.

    python -m tests.chaos.mutation --room vault

mutmut makes the mutants, picks the tests that reach each, and runs them in a copy of the checkout;
results stay there, so that what was broken off goes on. mutmut leaves decorated functions alone,
among which are the doors of the vault: in the copy, decorators are calls behind the functions.

A mutant that cannot be told from the original is in `mutation_equivalent.toml` with the reason, and
counts as neither. A mutant that ends in a timeout is noticed.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import difflib
import functools
import json
import math
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).resolve().parents[2]
SEED = 4
LEAST = 0.9
"""The share of mutants that must be noticed."""
NOTICED = frozenset({"killed", "timeout"})
KNOWN = Path(__file__).with_name("mutation_equivalent.toml")
COPIED = ("nbapimgr", "tests", "docs", "README.md", "LICENSE")
_IGNORED = shutil.ignore_patterns("__pycache__", ".*_cache", "out", "node_modules", "*.ipynb")


class Room(NamedTuple):
    """What is changed, and which tests should notice."""

    files: tuple[str, ...]
    tests: tuple[str, ...]


_SECRET = ("tests/test_secret.py", "tests/secrets/test_scrub.py")
ROOMS = {
    "vault": Room(("nbapimgr/vault/*.py", "nbapimgr/secret.py"), ("tests/vault", *_SECRET)),
    "secret": Room(("nbapimgr/secret.py",), _SECRET),
}


class Mutant(NamedTuple):
    """One change, and what became of it."""

    name: str
    status: str

    @property
    def function(self) -> str:
        """Its place: module and qualified name."""
        module, _, mangled = self.name.rpartition(".")
        return f"{module}.{mangled.partition('__mutmut_')[0].removeprefix('x')[1:]}".replace(
            "ǁ", "."
        )


def undecorated(source: str) -> str:
    """The same code, with decorators as calls behind the functions they stand before."""
    lines = source.splitlines(keepends=True)
    tree = ast.parse(source)
    bodies = [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))]
    found = [node for body in bodies for node in body.body if isinstance(node, ast.FunctionDef)]
    for node in sorted(found, key=lambda n: n.lineno, reverse=True):
        names = [ast.unparse(decorator) for decorator in node.decorator_list]
        if names and names not in (["staticmethod"], ["classmethod"]):
            value = node.name
            for name in reversed(names):
                value = f"{name}({value})"
            lines.insert(node.end_lineno or 0, f"{' ' * node.col_offset}{node.name} = {value}\n")
            del lines[node.decorator_list[0].lineno - 1 : node.lineno - 1]
    return "".join(lines)


def copied(folder: Path, room: Room, tests: Iterable[str], without: Iterable[str]) -> None:
    """Bring the copy up to date; files that are as they were keep their time, which mutmut asks."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, dirs_exist_ok=True, ignore=_IGNORED)
        else:
            shutil.copy2(ROOT / name, folder / name)
    for pattern in room.files:
        for path in folder.glob(pattern):
            path.write_text(undecorated(path.read_text("utf-8")), "utf-8")
            stat = (ROOT / path.relative_to(folder)).stat()
            os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    settings = {
        "source_paths": ["nbapimgr/"],
        "only_mutate": list(room.files),
        "also_copy": list(COPIED[1:]),
        # The campaigns run in processes of their own, where nothing sees what they reach.
        "pytest_add_cli_args": ["-p", "no:cacheprovider", "--ignore-glob=*campaigns.py"]
        + [f"--deselect={test}" for test in without],
        "pytest_add_cli_args_test_selection": list(tests),
    }
    told = "".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items())
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    (folder / "pyproject.toml").write_text(f"{project}\n[tool.mutmut]\n{told}", "utf-8")


def mutmut(folder: Path, *words: str) -> str:
    """What it says."""
    environment = {n: v for n, v in os.environ.items() if not n.startswith(("COV", "PYTEST_"))}
    done = subprocess.run(
        [sys.executable, "-m", "mutmut", *words],
        cwd=folder,
        env={**environment, "PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"mutmut {words[0]} failed:\n{(done.stdout + done.stderr)[-4000:]}")
    return done.stdout


def made(folder: Path) -> list[Mutant]:
    """All mutants that there are."""
    rows = re.findall(r"(?m)^ {4}(\S+): (.+)$", mutmut(folder, "results", "--all", "true"))
    return [Mutant(*row) for row in rows]


def chosen(folder: Path, number: int) -> list[str]:
    """The names of so many mutants, always the same ones."""
    with contextlib.suppress(SystemExit):  # it makes all mutants before it finds that none is so
        mutmut(folder, "run", "named-so")
    names = sorted(mutant.name for mutant in made(folder))
    return random.Random(SEED).sample(names, min(number, len(names)))  # noqa: S311  # no secret


def tried(folder: Path, options: argparse.Namespace) -> list[Mutant]:
    """Try those that are asked for, and those that survive once more where that is asked for."""
    run = ("run", "--max-children", str(options.workers))
    wanted = chosen(folder, options.sample) if options.sample else options.only
    mutmut(folder, *run, *wanted)
    names = {m.name for m in made(folder) if m.status != "not checked"}
    if options.sample:
        names &= set(wanted)
    if options.again:
        left = [m.name for m in made(folder) if m.name in names and m.status not in NOTICED]
        if left:
            mutmut(folder, *run, *left)
    return [mutant for mutant in made(folder) if mutant.name in names]


def difference(folder: Path, mutant: Mutant) -> tuple[str, str]:
    """The lines as they are, and as the mutant has them."""
    module, _, name = mutant.name.rpartition(".")
    functions = _functions(folder / "mutants" / f"{module.replace('.', '/')}.py")
    original = functions[name.partition("__mutmut_")[0] + "__mutmut_orig"]
    rows = list(difflib.ndiff(original, functions[name]))
    was, becomes = ("\n".join(row[2:] for row in rows if row[0] == sign) for sign in "-+")
    return was, becomes


@functools.cache
def _functions(path: Path) -> dict[str, list[str]]:
    """The lines of each mutant in a file of mutmut's, without its own name."""
    source = path.read_text("utf-8")
    rows = source.splitlines()
    return {
        node.name: [
            row.strip().replace(node.name, "…") for row in rows[node.lineno - 1 : node.end_lineno]
        ]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef) and "__mutmut_" in node.name
    }


def judged(folder: Path, mutants: Iterable[Mutant], least: float) -> int:
    """Print what was noticed and what was not; 1 where it is too little."""
    known = {
        (each["function"], each["was"], each["becomes"])
        for each in tomllib.loads(KNOWN.read_text("utf-8")).get("mutant", ())
    }
    by_module: defaultdict[str, Counter[str]] = defaultdict(Counter)
    holes = []
    for mutant in mutants:
        status = "noticed" if mutant.status in NOTICED else "hole"
        if status == "hole":
            lines = difference(folder, mutant)
            if (mutant.function, *lines) in known:
                status = "equivalent"
            else:
                holes.append((mutant, *lines))
        by_module[mutant.name.rpartition(".")[0]][status] += 1
    for mutant, was, becomes in holes:
        print(f"{mutant.name} ({mutant.status})\n  - {was}\n  + {becomes}")
    print(f"\n{'module':40} noticed  holes  equivalent")
    for module, count in [*sorted(by_module.items()), ("all", total(by_module.values()))]:
        print(f"{module:40} {count['noticed']:7} {count['hole']:6} {count['equivalent']:11}")
    count = total(by_module.values())
    counted = count["noticed"] + count["hole"]
    score = count["noticed"] / counted if counted else 0.0
    low, high = interval(count["noticed"], counted)
    print(f"\n{'pass' if score >= least else 'FAIL'}  {score:.1%} of {counted} mutants are noticed")
    print(f"      if these are a sample, between {low:.1%} and {high:.1%} of all (Wilson, 95 %)")
    return int(score < least)


def interval(noticed: int, counted: int) -> tuple[float, float]:
    """Between which shares that of all lies, with 95 % confidence (Wilson's interval)."""
    if not counted:
        return 0.0, 1.0
    share, z = noticed / counted, 1.96
    middle = share + z * z / (2 * counted)
    half = z * math.sqrt(share * (1 - share) / counted + z * z / (4 * counted**2))
    return (middle - half) / (1 + z * z / counted), (middle + half) / (1 + z * z / counted)


def total(counts: Iterable[Counter[str]]) -> Counter[str]:
    """All of them together."""
    return sum(counts, Counter())


def main() -> int:
    """Run the campaign."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--room", choices=ROOMS, default="vault")
    parser.add_argument("--folder", type=Path, help="where the copy and the results are kept")
    parser.add_argument("--only", nargs="*", default=[], help="patterns of names of mutants")
    parser.add_argument("--sample", type=int, default=0, help="so many, drawn by a fixed seed")
    parser.add_argument("--again", action="store_true", help="try those once more that survived")
    parser.add_argument("--tests", nargs="*", help="instead of the room's")
    parser.add_argument("--without", nargs="*", default=[], help="tests that are left out")
    parser.add_argument("--least", type=float, default=LEAST)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    room = ROOMS[options.room]
    folder = options.folder or Path(tempfile.gettempdir()) / f"nbapimgr-mutation-{options.room}"
    copied(folder, room, options.tests or room.tests, options.without)
    return judged(folder, tried(folder, options), options.least)


if __name__ == "__main__":
    sys.exit(main())
