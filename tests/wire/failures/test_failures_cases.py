"""Our own corpus: each error of `cases.toml` gets its class, scope, retry decision and wait."""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from nbapimgr.wire.failures import CATEGORIES, classify, from_event
from nbapimgr.wire.failures._rules import Rule
from nbapimgr.wire.failures._tables import DIALECTS, SHAPES
from nbapimgr.wire.failures._tables._common import COMMON
from nbapimgr.wire.failures._tables._status import STATUS

CASES = tomllib.loads(Path(__file__).with_name("cases.toml").read_text("utf-8"))["case"]
NOW = 1_795_435_200.0  # 2026-11-23 12:00:00 UTC


def moment(case):
    return case["now"].timestamp() if "now" in case else NOW


def judged(case):
    """What is made of a case."""
    dialect, headers, now = case["dialect"], case.get("headers", {}), moment(case)
    if case.get("event"):
        payload = msgspec.json.decode(case["body"])
        return from_event(dialect, payload, headers, now=now)
    return classify(dialect, case["status"], headers, case["body"].encode(), now=now)


def name(case):
    return f"{case['vendor']}: {case['name']}"


@pytest.mark.parametrize("case", CASES, ids=name)
def test_case(case):
    failure = judged(case)
    said = (failure.category, failure.scope, failure.retryable)
    assert said == (case["category"], case["scope"], case["retryable"]), failure
    assert failure.evidence.split(":")[0] == case["evidence"]
    assert failure.retry_after == pytest.approx(case.get("retry_after"))
    if "retry_at" in case:
        assert failure.retry_at == pytest.approx(case["retry_at"].timestamp())
    elif "retry_after" in case:
        assert failure.retry_at == pytest.approx(moment(case) + case["retry_after"])
    assert failure.remedy
    for field in {"message", "detail", "request_id"} & case.keys():
        assert getattr(failure, field) == case[field]
    assert failure.status == case.get("final_status", failure.status)


def test_the_corpus_is_large_and_covers_all_that_a_provider_can_say():
    assert len(CASES) >= 200
    seen = {case["category"] for case in CASES}
    ours = {"service.stream_broken"}  # a decoder's own finding
    from_providers = {c for c in CATEGORIES if not c.startswith(("network.", "user."))} - ours
    assert from_providers <= seen


def test_the_corpus_knows_every_dialect_and_many_vendors():
    assert DIALECTS.keys() <= {case["dialect"] for case in CASES}
    assert len({case["vendor"] for case in CASES}) >= 25


def test_names_of_cases_are_unique():
    assert max(Counter(map(name, CASES)).values()) == 1


def tables() -> list[Rule]:
    own = [rule for chain in DIALECTS.values() for table in chain for rule in table]
    shaped = [rule for table in SHAPES.values() for rule in table]
    return [*own, *shaped, *COMMON, *STATUS]


def test_every_rule_names_a_category_that_exists():
    assert {rule.category for rule in tables()} <= CATEGORIES.keys()


def test_every_rule_has_a_name_of_its_own():
    by_name = {}
    for rule in tables():
        assert by_name.setdefault(rule.name, rule) is rule


def test_every_rule_is_used_by_some_case():
    """A rule that no case needs is either dead or untested."""
    used = {judged(case).evidence.removeprefix("upstream ").split(":")[0] for case in CASES}
    assert sorted({rule.name for rule in tables()} - used) == []
