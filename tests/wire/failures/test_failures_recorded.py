"""The recorded errors: each gets the class its reader gave it, and none a wrong retry decision."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
import wire_corpus
from wire_corpus import select

from nbapimgr.wire.failures import classify, from_event
from nbapimgr.wire.failures._tables._requests import LAST
from nbapimgr.wire.failures._tables._status import STATUS

pytestmark = pytest.mark.skipif(not wire_corpus.cases(), reason=wire_corpus.ABSENT)

READ = tomllib.loads(Path(__file__).with_name("judged.toml").read_text("utf-8"))
COLUMNS = ("provider", "status", "type", "code", "begins", "category", "retryable")
ROWS = [dict(zip(COLUMNS, row, strict=True)) for row in READ["judged"]]
GENERIC = {rule.name for rule in (*STATUS, *LAST)}


def told(case):
    """The error as the record has it."""
    error = case.expect.get("error") or case.expect.get("stream_error")
    return {"message": error} if isinstance(error, str) else error


def is_error(case):
    return case.expect["type"] in {"error", "error_in_200"} and bool(told(case))


def judged(case):
    if case.expect["type"] == "error":
        status = case.response["status"]
        return classify(case.dialect, status, case.headers, case.body, now=case.moment)
    return from_event(case.dialect, told(case), case.headers, now=case.moment)


def key(case):
    error = told(case)
    google = error.get("google_status")
    kind = error.get("type") or (google if isinstance(google, str) else "")
    return case.provider, case.response["status"], kind or "", str(error.get("code") or "")


def judgement(case):
    """The row that fits."""
    for row in ROWS:
        if key(case) == (row["provider"], row["status"], row["type"], row["code"]) and told(case)[
            "message"
        ].strip().startswith(row["begins"]):
            return row
    return None


def expected(case):
    """What the reader says of a case, the provider's own advice included."""
    row = judgement(case)
    advice = case.headers.get("x-should-retry") if case.response["status"] >= 400 else None
    retryable = READ["advice"].get(advice, row["retryable"])
    category = row["category"]
    if category == "rate_limit.short" and advice == "false" and "retry-after" not in case.headers:
        category = "rate_limit.too_large"  # Anthropic's way to say that it never fits
    return category, retryable


@pytest.mark.parametrize("case", select(is_error))
def test_category_and_retry(case):
    failure = judged(case)
    assert (failure.category, failure.retryable) == expected(case), failure


@pytest.mark.parametrize("case", select(is_error))
def test_the_envelope_decides_where_it_names_the_cause(case):
    """A generic rule may only judge what names nothing: no type, no code, or a vague one."""
    rule = judged(case).evidence.split(":")[0]
    error = told(case)
    named = {str(error.get("type") or "").lower(), str(error.get("code") or "").lower()}
    vague = {
        "",
        "invalid_request_error",
        "server_error",
        "api_error",
        "bad request",
        "internal_server_error",
        "authentication_error",
        "forbidden",
        "invalid input",
        "invalid_request_invalid_args",
        "invalid_parameter_error",
        "badrequesterror",
    }
    numbers = {word for word in named if word.isdecimal()}
    if rule in GENERIC:
        assert named - numbers <= vague


def test_the_table_is_used_in_whole():
    used = {id(judgement(case)) for case in wire_corpus.cases() if is_error(case)}
    idle = [row for row in ROWS if id(row) not in used]
    assert not idle
