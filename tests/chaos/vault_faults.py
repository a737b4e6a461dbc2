"""Break every system call that changes the disk, one at a time: what is left is the old or the new.

    python tests/chaos/vault_faults.py

For each thing that is done to a vault, each mutating call of it, and each fault: a child does it
and its n-th call is killed before or after, or fails with EIO, ENOSPC or EDQUOT. Then a new process
opens the vault: it holds the old state or the new one, the new one if it was acknowledged; and the
next write works.
"""

from __future__ import annotations

import argparse
import errno
import itertools
import json
import os
import shutil
import signal
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbapimgr.errors import NbApiMgrError
from nbapimgr.vault import Folders, _disk
from tests.chaos.vault_ground import Step, after, child, held, opened, started, take
from tests.chaos.vault_kill import quick_folder

if TYPE_CHECKING:
    from collections.abc import Callable

MUTATING = frozenset(
    {"open", "write", "fsync", "replace", "link", "unlink", "mkdir", "chmod", "fchmod"}
)
FAULTS = ("kill before", "kill after", errno.EIO, errno.ENOSPC, errno.EDQUOT)
SHORT = ("kill before", errno.ENOSPC)
OLD = {"k1": "sk-of-before-1", "k2": "sk-of-before-2"}


class Breaking:
    """`os`, whose n-th mutating call fails."""

    def __init__(self, number: int, fault: str | int) -> None:
        self.number, self.fault, self.made = number, fault, 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(os, name)
        if name not in MUTATING:
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            if name == "open" and not args[1] & os.O_CREAT:
                return found(*args, **kwargs)
            self.made += 1
            if self.made != self.number:
                return found(*args, **kwargs)
            if isinstance(self.fault, int):
                raise OSError(self.fault, os.strerror(self.fault))
            if self.fault == "kill after":
                found(*args, **kwargs)
            os.kill(os.getpid(), signal.SIGKILL)
            raise AssertionError("it outlived its end")

        return call


def damaged(home: Path) -> None:
    path = Folders.of(home).copies[1]
    path.write_bytes(path.read_bytes()[:-1])


def both_damaged(home: Path) -> None:
    """Both copies are gone, and the history has the newest generation."""
    for path in Folders.of(home).copies:
        path.unlink()


def nothing(home: Path) -> None:
    """There is no vault yet."""
    shutil.rmtree(home)


SCENES: dict[str, tuple[Callable[[Path], None] | None, Step | str]] = {
    "add": (None, Step("add", "k3", "sk-of-after")),
    "replace": (None, Step("replace", "k1", "sk-of-after")),
    "remove": (None, Step("remove", "k2")),
    "new slots": (None, Step("rewrap")),
    "add over a damaged copy": (damaged, Step("add", "k3", "sk-of-after")),
    "mend a damaged copy": (damaged, "open"),
    "repair": (both_damaged, "repair"),
    "first run": (nothing, "create"),
}


def act(home: Path, what: Step | str) -> None:
    """Do what the scene is about, as a process of its own would."""
    if what == "create":
        started(home)
        return
    vault = opened(home)
    if what == "repair":
        vault.repair()
    elif isinstance(what, Step):
        take(vault, what)


def template(folder: Path, spoil: Callable[[Path], None] | None) -> Path:
    """A vault as it is before the scene."""
    home = folder / "template"
    vault = started(home)
    for alias, value in OLD.items():
        take(vault, Step("add", alias, value))
    if spoil:
        spoil(home)
    return home


def scene(name: str, faults: tuple[str | int, ...]) -> Counter[str]:
    """All calls of one scene with each fault."""
    count: Counter[str] = Counter()
    spoil, what = SCENES[name]
    folder = Path(tempfile.mkdtemp(prefix="vault-faults-", dir=quick_folder()))
    before = template(folder, spoil)
    for fault in faults:
        for number in itertools.count(1):
            home = folder / "home"
            shutil.rmtree(home, ignore_errors=True)
            if before.exists():
                shutil.copytree(before, home)
            reached, acknowledged = played(home, what, number, fault)
            if not reached:
                break
            count["points"] += 1
            count["acknowledged"] += acknowledged
            if why := wrong(home, what, acknowledged=acknowledged):
                count["bad"] += 1
                print(f"{name}, call {number}, {fault}: {why}", file=sys.stderr)
    shutil.rmtree(folder)
    return count


def played(home: Path, what: Step | str, number: int, fault: str | int) -> tuple[bool, bool]:
    """Whether the call was reached, and whether the change was acknowledged all the same."""

    def work() -> None:
        breaking = Breaking(number, fault)
        _disk.os = breaking
        try:
            act(home, what)
        except NbApiMgrError:
            os._exit(3 if breaking.made >= number else 4)
        os._exit(0 if breaking.made >= number else 2)

    _, status = os.waitpid(child(work), 0)
    if os.WIFSIGNALED(status):
        return True, False
    code = os.WEXITSTATUS(status)
    if code in (1, 4):
        raise AssertionError(f"a child failed by itself: {what}, call {number}, {fault}")
    return code != 2, code == 0


def wrong(home: Path, what: Step | str, *, acknowledged: bool) -> str:
    """What is not as it must be; "" where all is."""
    old = {} if what == "create" else OLD
    new = after(old, what) if isinstance(what, Step) else old
    try:
        try:
            vault = opened(home)
        except NbApiMgrError:
            if acknowledged or what != "create":
                raise
            # A first run that was not acknowledged holds nothing; what it left is in nobody's way.
            shutil.rmtree(home, ignore_errors=True)
            vault = started(home)
        if what == "repair" and vault.why_not and not acknowledged:
            vault.repair()
        there = held(vault)
        if there not in ([new] if acknowledged else [old, new]):
            return f"holds {sorted(there)}"
        take(vault, Step("add", "next", "sk-of-the-next-write"))
        if held(opened(home)) != {**there, "next": "sk-of-the-next-write"}:
            return "the next write did not arrive"
    except (NbApiMgrError, OSError) as e:
        return str(e)
    return ""


def campaign(names: list[str], faults: tuple[str | int, ...]) -> dict[str, Any]:
    """These scenes with these faults."""
    found = {name: scene(name, faults) for name in names}
    total = sum(found.values(), Counter())
    return {
        "points": total["points"],
        "acknowledged": total["acknowledged"],
        "bad": total["bad"],
        "scenes": {name: count["points"] for name, count in found.items()},
    }


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--short", action="store_true", help="two faults in place of five")
    options.add_argument("scenes", nargs="*", choices=[*SCENES, []], help="all of them")
    chosen = options.parse_args()
    found = campaign(chosen.scenes or list(SCENES), SHORT if chosen.short else FAULTS)
    print(json.dumps(found))
    return 0 if found["points"] > 0 and not found["bad"] else 1


if __name__ == "__main__":
    sys.exit(main())
