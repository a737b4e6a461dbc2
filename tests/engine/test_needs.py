"""What a request needs, and who is known to lack it."""

from __future__ import annotations

import pytest

from nbapimgr.engine import Needs, make_plan
from nbapimgr.models import (
    Image,
    Message,
    ModelInfo,
    Provider,
    Request,
    Skip,
    Tool,
    ToolResult,
    user,
)


def needs(text="hi", *, estimate=len, **fields):
    return Needs(Request(messages=(user(text),), **fields), estimate)


def windowed(window):
    return ModelInfo(id="m", context_window=window)


@pytest.mark.parametrize(
    ("asked", "abilities"),
    [
        (needs(), ()),
        (needs(tools=(Tool(name="f"),), schema={}), ("tools", "schema")),
        (Needs(Request(messages=(user("hi", (Image(data=b"x"),)),))), ("images",)),
    ],
)
def test_what_is_asked_is_what_is_needed(asked, abilities):
    assert asked.abilities == abilities


def test_who_is_unknown_or_unsure_may_take_it():
    asked = needs("x" * 10_000, tools=(Tool(name="f"),))
    assert asked.lacking(None) == ""
    assert asked.lacking(ModelInfo(id="m")) == ""


def test_all_that_a_model_cannot_take_is_named():
    asked = needs(tools=(Tool(name="f"),), schema={})
    blunt = ModelInfo(id="m", images=False, tools=False, schema=False)
    assert asked.lacking(blunt) == "cannot take tools, schema"


def test_a_prompt_that_is_clearly_too_long_is_told_with_both_numbers():
    assert needs("x" * 9_234).lacking(windowed(4096)) == (
        "needs about 9,200 tokens, its window is 4,096"
    )


def test_an_estimate_may_be_over_by_half():
    assert needs("x" * 6_144).lacking(windowed(4096)) == ""
    assert needs("x" * 6_145).lacking(windowed(4096))


def test_the_answer_needs_room_too():
    assert needs("x" * 3_000, max_tokens=2_000).lacking(windowed(4096)) == ""
    assert needs("x" * 3_000, max_tokens=2_100).lacking(windowed(4096)) == (
        "needs about 5,100 tokens, its window is 4,096"
    )
    assert needs("x" * 9, max_tokens=5_000).lacking(windowed(4096))


def test_everything_with_text_is_counted():
    result = Message(role="tool", content=(ToolResult(id="1", content="x" * 7_000),))
    picture = Message(role="user", content=(Image(data=b"x" * 99_999),))
    asked = Needs(Request(messages=(result, picture), system="y" * 500), len)
    assert asked.tokens == 7_500
    assert asked.lacking(windowed(4096))


def test_a_prompt_that_fits_by_its_length_alone_is_not_read():
    def read(text):
        raise AssertionError(text)

    assert needs("x" * 4_000, estimate=read).lacking(windowed(4096)) == ""
    assert needs("я" * 1_000, estimate=read).lacking(windowed(4096)) == ""
    with pytest.raises(AssertionError):
        needs("я" * 1_100, estimate=read).lacking(windowed(4096))


def test_it_is_read_once():
    seen = []
    asked = needs("x" * 9_000, estimate=lambda text: seen.append(text) or len(text))
    assert asked.lacking(windowed(4096))
    assert asked.lacking(windowed(2048))
    assert len(seen) == 1


def test_without_a_tokenizer_it_goes_by_the_length():
    assert Needs(Request(messages=(user("x" * 9),))).tokens == 3


def test_the_plan_skips_who_has_too_small_a_window():
    one = Provider(name="a", dialect="openai-chat", base_url="http://a", models=("s", "l", "u"))
    known = {"s": windowed(4096), "l": windowed(128_000)}
    request = Request(messages=(user("x" * 40_000),))
    plan = make_plan(
        request, [one], credentials=lambda _: ("main",), info=lambda _, model: known.get(model)
    )
    assert [c.model for c in plan.candidates] == ["l", "u"]
    assert plan.skipped == (
        Skip(candidate="a:s", reason="needs about 10,000 tokens, its window is 4,096"),
    )
