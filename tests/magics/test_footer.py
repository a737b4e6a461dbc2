"""The line under an answer: it says who, how long, how much, and what went wrong on the way."""

from __future__ import annotations

import pytest

from nbapimgr.magics._footer import footer, footer_bundle, money
from nbapimgr.models import Cost, Usage
from tests.magics.replies import TWO, attempt, failed, reply

KNOWN = {"usage": Usage(input_tokens=412, output_tokens=96), "cost": Cost(amount=0.0003)}


def test_an_answer_that_went_well():
    assert footer(reply(**KNOWN)) == "✓ first:m1-2026 · 1.2 s · 412→96 tok · $0.0003"


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"source": "cache"}, "✓ first:m1-2026 · 412→96 tok · from the cache, free"),
        ({"source": "replay"}, "✓ first:m1-2026 · 412→96 tok · replayed, free"),
        ({"cost": Cost()}, "✓ first:m1-2026 · 1.2 s · 412→96 tok · price unknown"),
        ({"cost": Cost(amount=0.0)}, "✓ first:m1-2026 · 1.2 s · 412→96 tok · $0"),
        (
            {"usage": Usage(input_tokens=4, output_tokens=2, source="estimated")},
            "✓ first:m1-2026 · 1.2 s · ~4→2 tok · $0.0003",
        ),
        ({"usage": Usage(input_tokens=4)}, "✓ first:m1-2026 · 1.2 s · $0.0003"),
        ({"usage": Usage(output_tokens=4)}, "✓ first:m1-2026 · 1.2 s · $0.0003"),
        (
            {"finish_reason": "length"},
            "✓ first:m1-2026 · 1.2 s · 412→96 tok · $0.0003 · cut at max_tokens",
        ),
        (
            {"attempts": (failed(), attempt())},
            "✓ first:m1-2026 · 1.2 s · 412→96 tok · $0.0003 · via first:m1 ✗ rate_limit.short",
        ),
        (
            {"attempts": (attempt(adapted="temperature left out"),)},
            "✓ first:m1-2026 · 1.2 s · 412→96 tok · $0.0003 · temperature left out",
        ),
        (
            {"attempts": (failed("service.stall", text_length=7),), "usage": Usage()},
            "✓ first:m1-2026 · 1.2 s · $0.0003 · via first:m1 ✗ service.stall after 7 characters",
        ),
        (
            {"candidate": TWO, "model": "m\x1b[2J\n2", "finish_reason": "stop"},
            "✓ second:m\ufffd[2J 2 · 1.2 s · 412→96 tok · $0.0003",
        ),
    ],
)
def test_what_else_may_be_said(fields, line):
    assert footer(reply(**{**KNOWN, **fields})) == line


def test_trouble_is_said_last():
    line = footer(reply(**KNOWN), ("usage is not saved: disk full",))
    assert line.endswith("$0.0003 · usage is not saved: disk full")


def test_who_failed_twice_in_the_same_way_is_named_once():
    tried = (failed(), failed(), failed("service.error"), attempt())
    assert footer(reply(attempts=tried)).endswith(
        "via first:m1 ✗ rate_limit.short ×2 · via first:m1 ✗ service.error"
    )


def test_the_line_is_text_in_html_too():
    shown = footer_bundle("✓ a:<script>")
    assert shown["text/plain"] == "✓ a:<script>"
    assert "<script>" not in shown["text/html"]
    assert "✓ a:&lt;script&gt;" in shown["text/html"]


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (None, "price unknown"),
        (0, "$0"),
        (0.0000004, "<$0.000001"),
        (0.000001, "$0.000001"),
        (0.0003, "$0.0003"),
        (0.00012, "$0.00012"),
        (0.001, "$0.0010"),
        (0.1234567, "$0.1235"),
        (1, "$1.00"),
        (1234.5, "$1234.50"),
    ],
)
def test_money_shows_what_matters(amount, shown):
    assert money(Cost(amount=amount)) == shown


def test_money_of_another_country_is_called_so():
    assert money(Cost(amount=0.5, currency="EUR")) == "EUR 0.5000"
