"""The short form of the wall: every scenario at a quicker pace, and what is broken is found."""

from __future__ import annotations

import concurrent.futures
from dataclasses import replace

import pytest

from tests.bench.harness import Worker
from tests.chaos import wall
from tests.chaos.wall_scenarios import SCENARIOS
from tests.chaos.wall_server import ANSWER, FALLBACK, PRIMARY, WORDS, Hit
from tests.chaos.wall_verdict import AS_QUICK, Answer, Evidence, judge

PACES = {"S06": 0.1, "S07": 0.2, "S09": 0.1, "S15": 0.1}
"""What a second takes; the others take so little that half of it will do."""
OTHERS = 0.5

BROKEN = [
    ("alone", "S04", "safe", "not answered"),
    ("once-only", "S03", "partial", "primary asked again"),
    ("deaf", "S01", "partial", "second primary attempt after 1.8 s"),
    ("stubborn", "S06", "partial", "at most 1 primary attempts"),
    ("stubborn", "S12", "fail", "1 primary attempt(s)"),
    ("patient", "S07", "partial", "ends within 15 s"),
    ("gullible", "S08", "fail", "wrong answer shown as success"),
    ("compliant", "S13", "partial", "refusal routed around"),
    ("forgetful", "S15", "pass", "at most 5 primary attempts in the outage"),
]


def run_all(jobs):
    """The results of these breakages and scenarios, several at once: most of the time is waiting.

    A process of ours goes through all scenarios of a breakage and pace.
    """
    groups = {}
    for how, id_ in sorted(jobs, key=lambda job: job[1] != "S15"):
        pace = PACES.get(id_, OTHERS)
        groups.setdefault((how, pace, id_ == "S15"), []).append(id_)
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        done = pool.map(lambda item: run(*item[0][:2], item[1]), groups.items())
    return {job: result for found in done for job, result in found.items()}


def run(how, pace, ids):
    """One process of ours before some scenarios, each with a home of its own."""
    with Worker(wall.OURS, module="tests.chaos.wall_clients") as worker:
        return {
            (how, id_): wall.run_with(worker, SCENARIOS[id_], scale=pace, broken=how) for id_ in ids
        }


# Each of the two is one test, so that one worker does it once.


def test_every_scenario_is_passed():
    results = run_all([("", id_) for id_ in SCENARIOS])
    assert len(results) == 16
    # How quick a call is is measured in the full form: here other work decides it.
    failed = [r for r in results.values() if r.verdict != "pass" or {*r.broken} - {AS_QUICK.name}]
    assert not failed, "\n".join(result.line() for result in failed)


def test_a_broken_engine_is_found_out():
    results = run_all([(how, id_) for how, id_, *_ in BROKEN])
    for how, id_, verdict, check in BROKEN:
        result = results[how, id_]
        assert result.verdict == verdict, (how, result.line())
        assert check in result.broken, (how, result.line())


# --- the judge itself -----------------------------------------------------------------------------

GOOD = Answer(began=0.0, took=0.9, text=ANSWER, shown=ANSWER, model=FALLBACK, usage=True)
CUT = replace(GOOD, text="Good bread", shown="Good bread")
REFUSED = Answer(began=0.0, took=0.1, error="no")


def hits(*times, fallback=1):
    return [Hit(at, PRIMARY) for at in times] + [Hit(90.0, FALLBACK)] * fallback


def judged(id_, evidence):
    scenario = SCENARIOS[id_]
    return judge(evidence, scenario.checks, refusal=scenario.refusal)


@pytest.mark.parametrize(
    ("id_", "evidence", "verdict"),
    [
        ("S01", Evidence(answers=[GOOD], hits=hits(0, 2.1)), "pass"),
        ("S01", Evidence(answers=[GOOD], hits=hits(0)), "partial"),
        ("S01", Evidence(answers=[GOOD], hits=hits(0, 0.1, 0.2)), "fail"),
        ("S02", Evidence(answers=[GOOD], hits=hits(0, 1, 2, 2.5, 2.9)), "fail"),
        ("S04", Evidence(answers=[GOOD], hits=hits(*range(7))), "fail"),
        ("S04", Evidence(answers=[REFUSED], hits=hits(0)), "safe"),
        ("S04", Evidence(answers=[], hung=True), "fail"),
        ("S05", Evidence(answers=[]), "safe"),
        ("S06", Evidence(answers=[replace(GOOD, took=101.0)], hits=hits(0)), "fail"),
        ("S08", Evidence(answers=[CUT], hits=hits(0)), "fail"),
        ("S08", Evidence(answers=[replace(GOOD, shown="Good Good")], hits=hits(0)), "fail"),
        ("S09", Evidence(answers=[GOOD], hits=hits(0)), "fail"),
        ("S09", Evidence(answers=[GOOD], hits=hits(0), alive=REFUSED), "fail"),
        ("S09", Evidence(answers=[GOOD], hits=hits(0), alive=GOOD), "pass"),
        ("S11", Evidence(answers=[replace(GOOD, usage=False)], hits=hits(0)), "partial"),
        ("S12", Evidence(answers=[GOOD], hits=hits(0, 1)), "fail"),
        ("S13", Evidence(answers=[REFUSED], hits=hits(0, fallback=0)), "pass"),
        ("S13", Evidence(answers=[GOOD], hits=hits(0)), "partial"),
        (
            "S14",
            Evidence(answers=[REFUSED], hits=[*hits(0), Hit(1, FALLBACK, refused_prefill=True)]),
            "fail",
        ),
        ("S16", Evidence(answers=[replace(GOOD, model=PRIMARY)], hits=hits(0)), "fail"),
    ],
)
def test_verdicts_follow_the_rules(id_, evidence, verdict):
    assert judged(id_, evidence)[0] == verdict


def flapping(attempts, *, back=64.0, took=0.9):
    """Twenty calls, of which those before `back` went to the fallback."""
    answers = [
        replace(GOOD, began=4.0 * n, took=took, model=PRIMARY if 4 * n >= back else FALLBACK)
        for n in range(20)
    ]
    times = [60.0 * n / attempts for n in range(attempts)]
    return Evidence(answers=answers, hits=hits(*times, 70.0), own=0.9)


def test_the_flapping_primary_is_judged_by_all_that_is_said_of_it():
    assert judged("S15", flapping(5)) == ("pass", ())
    assert judged("S15", flapping(6)) == ("pass", ("at most 5 primary attempts in the outage",))
    assert judged("S15", flapping(5, back=1e9))[0] == "fail"
    slow = flapping(5, took=1.0)
    assert judged("S15", slow) == ("pass", (AS_QUICK.name,))
    slow.answers[3] = REFUSED
    assert "all served in the outage" in judged("S15", slow)[1]


def test_attempts_that_are_not_in_the_books_are_found():
    evidence = Evidence(answers=[GOOD], hits=hits(0, 1), failed_rows=1)
    assert judged("S16", evidence) == ("pass", ("failed attempts in the books",))
    evidence.failed_rows = 2
    assert judged("S16", evidence) == ("pass", ())


def test_a_client_that_hangs_is_ended_and_has_failed():
    slow = replace(SCENARIOS["S07"], limit=0.5)
    result = wall.run(wall.OURS, slow)
    assert (result.verdict, result.broken[-1]) == ("fail", "hang")


def test_the_answer_has_sixty_words():
    assert len(WORDS) == 60
