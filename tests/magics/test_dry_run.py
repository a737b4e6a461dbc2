"""`--dry-run`: all that would be sent and to whom, and nothing is sent."""

from __future__ import annotations

import re

import pytest

from nbapimgr.magics import _dry_run
from nbapimgr.magics._dry_run import dry_run
from nbapimgr.manager import Manager
from nbapimgr.models import Cost, Image, Message, ToolCall, user
from nbapimgr.settings import Settings
from tests.health.health_attempts import failure_of
from tests.magics.replies import FIRST, SECOND


@pytest.fixture
def llm(home):
    manager = Manager(home, settings=Settings(providers=(FIRST, SECOND)))
    yield manager
    manager.close()


def lines(llm, prompt, **options):
    return dry_run(llm, llm.request(prompt, **options)[0]).lines


def test_what_would_be_sent_to_whom(llm):
    shown = lines(llm, "Hello there", system="be brief", max_tokens=50)
    assert shown == (
        "dry run: nothing is sent",
        "",
        "system: be brief",
        "user: Hello there",
        "",
        shown[5],
        "  1. first:m1 · $0",
        "  2. second:m2 · $0",
    )
    tokens = re.fullmatch(r"about (\d+) input tokens, at most 50 output tokens", shown[5])[1]
    assert 1 < int(tokens) < 20


@pytest.mark.parametrize(
    ("amount", "limit", "said"),
    [
        (0.0004, 50, "$0.0004"),
        (0.0004, None, "$0.0004 for the input alone"),
        (0.0, None, "$0"),
        (None, None, "price unknown"),
    ],
)
def test_what_it_would_cost(llm, monkeypatch, amount, limit, said):
    priced = []

    def price(candidate, tokens, longest, *, at, overrides):
        priced.append(longest)
        return Cost(amount=amount)

    monkeypatch.setattr(_dry_run, "price", price)
    shown = lines(llm, "Hello", max_tokens=limit, only=("first",))
    (shown_first,) = [line for line in shown if line.startswith("  1.")]
    assert shown_first == f"  1. first:m1 · {said}"
    assert priced == [limit or 0]
    assert any("no limit on the answer" in line for line in shown) is (limit is None)


def test_pictures_are_named(llm):
    pictures = (Image(data=b"12345"), Image(url="https://example.invalid/x.png"))
    shown = lines(llm, [user("What is it?", pictures)])
    assert shown[2].splitlines() == [
        "user: [picture: image/png, 5 bytes]",
        "[picture: https://example.invalid/x.png]",
        "What is it?",
    ]


def test_other_parts_of_a_conversation_are_named(llm):
    turn = Message(role="assistant", content=(ToolCall(name="look"),))
    assert "assistant: [ToolCall]" in lines(llm, [turn, user("And?")])


def test_the_schema_is_named_with_its_fields(llm):
    assert "schema: answer (name, age)" in lines(llm, "Who?", schema="name, age int")


def test_who_is_not_asked_and_why(llm):
    shown = lines(llm, "Hello", exclude=("second",))
    assert shown[-2] == "  1. first:m1 · $0"
    assert shown[-1].startswith("  –  second · not asked: ")


def test_who_is_left_alone_is_a_last_resort_and_not_said_twice(llm):
    [first, _] = llm.plan(llm.request("Hello")[0]).candidates
    llm._engine.breakers.failed(first, failure_of("model.not_found"), None, 0.0)
    shown = lines(llm, "Hello")
    assert shown[-2] == "  1. second:m2 · $0"
    assert shown[-1].startswith("  2. first:m1 · $0 · last resort, open: model.not_found once, ")
    assert sum("first:m1" in line for line in shown) == 1


def test_nobody(llm):
    shown = lines(llm, "Hello", exclude=("first", "second"))
    assert shown[-1] == "  nobody can be asked"
    assert not any(line.startswith("  1.") for line in shown)


def test_by_what_each_has_its_place(home):
    settings = Settings(providers=(FIRST, SECOND), policy="spread")
    manager = Manager(home, settings=settings)
    shown = lines(manager, "Hello")
    manager.close()
    assert shown[-2:] == (
        "  1. first:m1 · $0 · spread: in turn, first this time",
        "  2. second:m2 · $0 · spread: in turn, first in 1 call",
    )


def test_the_users_own_prices_are_what_it_would_cost(llm, home):
    prices = '[[price]]\nprovider = "second"\nmodel = "m2"\ninput = 0\noutput = 10000\n'
    llm.places.prices.parent.mkdir(parents=True, exist_ok=True)
    llm.places.prices.write_text(prices)
    shown = lines(llm, "Hello", max_tokens=100)
    assert shown[-2:] == ("  1. first:m1 · $0", "  2. second:m2 · $1.00")
