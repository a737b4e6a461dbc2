"""The short forms of the campaigns, and that they find what is broken."""

from __future__ import annotations

import itertools
import random
import subprocess
import sys

import pytest

from tests.bench.harness import ROOT
from tests.chaos.availability import Taken, gates, quantile
from tests.chaos.campaigns import campaign
from tests.chaos.outages import KINDS, Outage, schedule, standing
from tests.chaos.soak import MIB, Look
from tests.chaos.soak import gates as soak_gates

SHORT = {
    "availability": ("--calls", "2000", "--short"),
    "interrupts": ("--interrupts", "60", "--short"),
    "soak": ("--calls", "2500"),
}
BROKEN = [
    ("availability", "alone", {"calls lost"}, ("--calls", "700", "--short")),
    ("interrupts", "unaccounted", {"rows lost"}, ("--interrupts", "30", "--short")),
    ("soak", "hoarding", {"memory, growth", "tasks left", "files and sockets"}, ("--calls", "800")),
]


@pytest.mark.parametrize("name", SHORT)
def test_a_campaign_ends_well(name):
    status, said = campaign(name, *SHORT[name])
    assert status == 0, said


@pytest.mark.parametrize(("name", "how", "what", "options"), BROKEN)
def test_a_broken_engine_is_found_out(name, how, what, options):
    status, said = campaign(name, *options, "--broken", how)
    assert status == 1, said
    failed = {line[6:].split(":")[0] for line in said.splitlines() if line.startswith("FAIL  ")}
    assert failed == what


WAITING = """
import asyncio, time
from tests.chaos.virtual_time import install
clock = install()

async def main():
    begun, wall = time.monotonic(), time.time()
    async with asyncio.timeout(7200):
        await asyncio.sleep(3600)
    print(round(time.monotonic() - begun), round(time.time() - wall), round(clock.skipped))
    begun, loop = clock.skipped, asyncio.get_running_loop()
    timer = loop.call_later(5000, print, "never")
    await asyncio.to_thread(lambda: sum(range(10**6)))  # a thread that works is waited for
    timer.cancel()
    print(clock.skipped - begun)

asyncio.new_event_loop().run_until_complete(main())
"""


def test_waiting_takes_no_time_and_work_takes_what_it_takes():
    done = subprocess.run(
        [sys.executable, "-c", WAITING],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.split() == ["3600", "3600", "3600", "0.0"]


def test_the_script_leaves_somebody_up_at_any_time():
    for seed in range(20):
        found = schedule(3, 50_000, random.Random(seed))  # noqa: S311  # a script, no secret
        edges = [outage.begin for outages in found for outage in outages]
        assert len(edges) > 50
        for edge in edges:
            assert any(standing(outages, edge) is None for outages in found)


def test_outages_of_one_provider_do_not_overlap_and_all_kinds_happen():
    found = schedule(3, 1e6, random.Random(1))  # noqa: S311  # a script, no secret
    for outages in found:
        for one, two in itertools.pairwise(outages):
            assert one.end < two.begin
    assert {outage.kind for outages in found for outage in outages} == set(KINDS)


def test_an_outage_is_found_by_its_moment():
    outages = [Outage(10, 20, "503"), Outage(30, 40, "cut")]
    kinds = [one.kind if (one := standing(outages, at)) else "" for at in (9, 10, 19, 20, 35, 40)]
    assert kinds == ["", "503", "503", "", "cut", ""]


def test_lost_calls_and_slow_ones_fail():
    taken = Taken(lost=["x"] * 84)
    taken.seconds["503"] = [0.02] * 98 + [3.0] * 2
    assert [gate.passed for gate in gates(taken, 100_000, strict=True)] == [
        False,
        True,
        False,
        False,
    ]
    taken = Taken(lost=["x"] * 83)
    taken.seconds["503"] = [0.005] * 99 + [3.0]
    assert not gates(taken, 100_000, strict=True)[2].passed
    taken.seconds["silent"] = [0.005] * 100
    assert all(gate.passed for gate in gates(taken, 100_000, strict=True))


def test_a_quantile_of_nothing_is_no_number():
    assert quantile([], 0.5) != quantile([], 0.5)
    assert quantile([3.0, 1.0, 2.0], 0.5) == 2.0


@pytest.mark.parametrize(
    ("grown", "failed"),
    [
        ({"memory": 3 * MIB}, "memory, growth"),
        ({"tasks": 1}, "tasks left"),
        ({"threads": 12}, "threads"),
        ({"files": 45}, "files and sockets"),
    ],
)
def test_whatever_grows_fails(grown, failed):
    first = {"calls": 1, "memory": 0, "tasks": 0, "threads": 11, "files": 40, "objects": 1}
    looks = [Look(**first), Look(**first), Look(**{**first, **grown})]
    assert [gate.what for gate in soak_gates(looks, 0) if not gate.passed] == [failed]
    assert all(gate.passed for gate in soak_gates(looks[:2], 0))
    assert not soak_gates(looks[:2], 1)[0].passed
