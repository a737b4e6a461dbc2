"""The short form of each benchmark holds, and each of their gates can fail."""

from __future__ import annotations

import math
import re
import subprocess
import sys

import pytest

from tests.bench import engine_cost, failover, startup, stream_chunk
from tests.bench.environments import HERE, LITELLM, OPENAI
from tests.bench.harness import ROOT, Gate, Server, Worker, interleaved, least, ratio, verdict

BENCHMARKS = ("engine_cost", "failover", "startup", "stream_chunk")


@pytest.mark.parametrize("name", BENCHMARKS)
def test_the_ratios_hold_in_the_short_form(name):
    done = subprocess.run(  # noqa: S603  # our own module
        [sys.executable, "-m", f"tests.bench.{name}", "--short"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "pass  " in done.stdout


def test_a_gate_fails_over_its_limit_and_without_a_figure():
    assert Gate("x", 0.8, 0.8).passed
    assert not Gate("x", 0.81, 0.8).passed
    assert not Gate("x", math.nan, 0.8).passed
    assert Gate("x", 1.19, 0.8).slackened(1.5).passed


def test_one_failed_gate_is_the_verdict_and_so_is_none(capsys):
    assert verdict([Gate("good", 1, 2)]) == 0
    assert verdict([Gate("good", 1, 2), Gate("bad", 3, 2)]) == 1
    assert verdict([]) == 1
    assert capsys.readouterr().out.splitlines()[1:] == [
        "pass  good: 1 (at most 2)",
        "FAIL  bad: 3 (at most 2)",
    ]


def test_ratios_are_taken_within_a_round():
    assert ratio([1.0, 10.0, 2.0], [2.0, 20.0, 1.0]) == 0.5
    assert least([1.0, 10.0, 2.0], [2.0, 20.0, 1.0]) == 1.0
    assert list(interleaved("abc", 2)) == ["a", "b", "c", "b", "c", "a"]


def costing(cpu_us, share=0.1):
    return [{"cpu_us": cpu_us, "share": share}] * 3


@pytest.mark.parametrize("load", [load for load in engine_cost.FULL if load.limit])
def test_a_costlier_engine_fails(load):
    good = {name: costing(load.limit * 100) for name in engine_cost.OURS}
    assert all(g.passed for g in engine_cost.gates(load, {"httpx": costing(100), **good}))
    for name in engine_cost.OURS:
        found = {"httpx": costing(100), **good, name: costing(load.limit * 100 + 1)}
        assert [name in g.what for g in engine_cost.gates(load, found) if not g.passed] == [True]


def test_a_server_that_is_the_bottleneck_fails():
    load = engine_cost.FULL[0]
    assert not engine_cost.gates(load, {"httpx": costing(100, share=0.51)})[0].passed


def failing_over(ms):
    return {failure: [ms] * 3 for failure in failover.FAILURES}


def test_a_slow_failover_fails():
    found = {name: failing_over(3.9) for name in failover.GATED}
    assert all(gate.passed for gate in failover.gates(found, short=False))
    found[failover.GATED[0]] = failing_over(4.1)
    failed = [gate for gate in failover.gates(found, short=False) if not gate.passed]
    assert len(failed) == len(failover.AT_ONCE)


def test_a_failover_slower_than_by_hand_fails():
    by_hand = {failover.BY_HAND: failing_over(1.0)}
    found = {**by_hand, **{name: failing_over(3.1) for name in failover.GATED}}
    assert not any(gate.passed for gate in failover.gates(found, short=True))


def test_a_slow_or_heavy_start_fails():
    light = [startup.Took(10.0, 10.0, ["httpx._client"])]
    for ours, passed in (
        (startup.Took(10.0, 90.0, ["nbapimgr"]), [True, True]),
        (startup.Took(10.1, 10.1, ["nbapimgr"]), [False, True]),
        (startup.Took(9.0, 9.0, ["nbapimgr", "pandas.core"]), [True, False]),
    ):
        found = {startup.OURS: [ours], startup.HTTPX: light}
        assert [gate.passed for gate in startup.gates(found, 1.0)] == passed


def test_a_costly_chunk_fails():
    found = {stream_chunk.RAW: [3.0], stream_chunk.HTTPX: [15.0]}
    found |= {name: [13.1] for name in stream_chunk.OURS}
    assert not any(gate.passed for gate in stream_chunk.chunk_gates(found, short=False))
    assert all(gate.passed for gate in stream_chunk.chunk_gates(found, short=True))


def test_a_costly_plan_fails():
    took = {"plan": 20.1, "json.loads": 1.0}
    assert not stream_chunk.plan_gate(took, short=False).passed
    assert not stream_chunk.plan_gate(took, short=True).passed


def test_a_contender_that_reads_less_than_all_is_found_out():
    with Server() as server, Worker("httpx") as worker:
        worker.do("open", urls=[server.url("n5")])
        worker.do("calls", count=1, width=1, chunks=5)
        with pytest.raises(RuntimeError, match="characters came"):
            worker.do("calls", count=1, width=1, chunks=6)


@pytest.mark.parametrize("name", [LITELLM, OPENAI])
def test_the_peers_are_pinned_and_none_of_them_is_a_stolen_release(name):
    lines = [line for line in (HERE / name).read_text().splitlines() if not line.startswith("#")]
    assert lines
    for line in lines:
        assert re.fullmatch(r"[a-z-]+(\[[a-z]+\])?==[0-9.]+", line), line
        assert line not in {"litellm==1.82.7", "litellm==1.82.8"}
