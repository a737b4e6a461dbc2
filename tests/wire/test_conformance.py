"""Every recorded exchange through the dialects: what came is understood, what was sent can be made.

Run one API's cases with `-k`: `pytest tests/wire/test_conformance.py -k anthropic.messages`.
What is compared, and how, is in `wire_checks`.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
import wire_checks
import wire_corpus
from wire_corpus import select

pytestmark = pytest.mark.skipif(not wire_corpus.cases(), reason=wire_corpus.ABSENT)

DIFFERS = tomllib.loads(Path(__file__).with_name("differs.toml").read_text("utf-8"))["exchange"]
EXCUSED = {(entry["id"], entry["check"]) for entry in DIFFERS}


def check(part, case, run):
    wire_checks.excused(run, case, listed=(case.id, part) in EXCUSED)


def expects(kind):
    return select(lambda case: case.expect["type"] == kind)


def reencoded(case):
    sent = case.request["body"] is not None and case.expect["type"] == "success"
    return sent and case.api in wire_corpus.REENCODED


@pytest.mark.parametrize("case", select(lambda case: case.answers))
def test_answer(case):
    check("response", case, wire_checks.check_answer)


@pytest.mark.parametrize("case", select(lambda case: case.answers))
def test_cut_anywhere(case):
    wire_checks.check_cuts(case)


@pytest.mark.parametrize("case", expects("error"))
def test_error(case):
    check("response", case, wire_checks.check_error)


@pytest.mark.parametrize("case", expects("models"))
def test_models(case):
    check("response", case, wire_checks.check_models)


@pytest.mark.parametrize("case", expects("embeddings"))
def test_embeddings(case):
    check("response", case, wire_checks.check_embeddings)


@pytest.mark.parametrize("case", expects("count_tokens"))
def test_token_count(case):
    check("response", case, wire_checks.check_token_count)


@pytest.mark.parametrize("case", select(reencoded))
def test_request(case):
    """From what a recorded request means, our builder makes a request that means the same."""
    check("request", case, wire_checks.check_request)


def test_every_exchange_is_checked():
    known = {"success", "error_in_200", "error", "models", "embeddings", "count_tokens"}
    assert {case.expect["type"] for case in wire_corpus.cases()} <= known


@pytest.mark.parametrize("api", sorted(wire_corpus.REENCODED))
def test_most_requests_are_read(api):
    """A reader that gives up on what it should understand would prove nothing."""
    reader, unread, total = None, 0, 0
    for case in wire_corpus.cases():
        if case.api != api or not reencoded(case):
            continue
        total += 1
        reader = reader or wire_corpus.reader(case.dialect)
        try:
            reader.read_request(case.request["url"], case.request["body"])
        except wire_corpus.Unreadable:
            unread += 1
    assert unread <= total * 0.1


# --- the list of exchanges that differ ---------------------------------------------------------


def test_few_exchanges_differ():
    ids = {entry["id"] for entry in DIFFERS}
    assert len(ids) < 0.01 * len(wire_corpus.cases())


def test_every_difference_has_a_reason():
    for entry in DIFFERS:
        assert set(entry) == {"id", "check", "reason"}
        assert entry["check"] in {"response", "request"}
        assert len(entry["reason"]) > 20


def test_no_whole_kind_differs():
    listed = {entry["id"] for entry in DIFFERS}
    assert not wire_checks.whole_kinds(wire_corpus.cases(), listed)
