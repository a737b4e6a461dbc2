"""What notebooks meet beyond the public scenarios: fourteen nasty cases.

    python -m tests.chaos.nasty [--only N05] [--broken gullible]

Each must end in an answer by somebody, or in one honest line. Sockets, servers and processes are
real and really break; what cannot be had otherwise (a clock set back, a network that is away) takes
the place of the system's function. `--broken` breaks our engine on purpose.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import traceback
from typing import TYPE_CHECKING

from tests.bench.harness import about_this_machine, table
from tests.chaos import hurry, nasty_answers, nasty_kernel, nasty_keys, nasty_network
from tests.chaos.ground import Found, Ground

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CASES: dict[str, Callable[[Ground], None]] = {
    "N01": nasty_keys.n01,
    "N02": nasty_keys.n02,
    "N03": nasty_answers.n03,
    "N04": nasty_answers.n04,
    "N05": nasty_network.n05,
    "N06": nasty_network.n06,
    "N07": nasty_kernel.n07,
    "N08": nasty_kernel.n08,
    "N09": nasty_kernel.n09,
    "N10": nasty_network.n10,
    "N11": nasty_answers.n11,
    "N12": nasty_answers.n12,
    "N13": nasty_keys.n13,
    "N14": nasty_kernel.n14,
}


def run(case: Callable[[Ground], None], *, strict: bool = True, broken: str = "") -> list[Found]:
    """What one case finds; a case that raises has failed."""
    with contextlib.ExitStack() as stack:
        for patch in hurry.changes(1.0, broken):
            stack.enter_context(patch)
        ground = stack.enter_context(Ground(strict=strict))
        try:
            case(ground)
        except Exception as error:  # noqa: BLE001  # one case does not end the others
            traceback.print_exception(error)
            ground.check(f"ends without {type(error).__name__}", False, error)  # noqa: FBT003  # as `check` reads
        return ground.found


def run_all(ids: Sequence[str], *, broken: str = "") -> int:
    """Run some cases and print what they find; the exit code."""
    about_this_machine({})
    rows, passed = [], True
    for id_ in ids:
        found = run(CASES[id_], broken=broken)
        holds = bool(found) and all(one.holds for one in found)
        passed = passed and holds
        for one in found:
            print(f"{id_} {one.line()}", flush=True)
        kept = sum(one.holds for one in found)
        title = (CASES[id_].__doc__ or "").splitlines()[0]
        rows.append((id_, title, f"{kept}/{len(found)}", "pass" if holds else "FAIL"))
    table("Nasty cases", ("id", "fault", "checks", "verdict"), rows)
    return 0 if passed else 1


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", choices=CASES, default=list(CASES))
    parser.add_argument("--broken", choices=hurry.BROKEN, default="")
    options = parser.parse_args()
    return run_all(options.only, broken=options.broken)


if __name__ == "__main__":
    sys.exit(main())
