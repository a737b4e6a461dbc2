"""What is told of a failure: the kind, who was asked, what each attempt did."""

from __future__ import annotations

import pytest

from nbapimgr.errors import AllProvidersFailed
from nbapimgr.models import Usage
from nbapimgr.widgets import story
from nbapimgr.wire.failures import CATEGORIES
from tests.magics.replies import TWO, attempt, failed


@pytest.mark.parametrize("category", sorted(CATEGORIES))
def test_each_class_has_its_word(category):
    told = story(AllProvidersFailed([failed(category)]))
    assert (told.category, told.parent) == (category, CATEGORIES[category].parent)
    assert told.what == CATEGORIES[category].what


def test_the_newest_failure_gives_the_kind_as_in_the_red_line():
    error = AllProvidersFailed([failed("auth.invalid_key"), failed("service.error", candidate=TWO)])
    assert story(error).category == "service.error"
    assert "service.error" in str(error)


def test_who_was_asked_and_how_often():
    assert story(AllProvidersFailed([failed()])).happened == (
        "Nobody answered: first was asked, once."
    )
    several = [failed(), failed(), failed(candidate=TWO)]
    assert story(AllProvidersFailed(several)).happened == (
        "Nobody answered: first and second were asked, 3 times in all."
    )


@pytest.mark.parametrize(
    ("skipped", "parent"),
    [
        (["openai: no key", "mine: excluded"], "Auth"),
        (["mine: excluded"], "You"),
        ([], "You"),
    ],
)
def test_nobody_could_be_asked(skipped, parent):
    told = story(AllProvidersFailed([], skipped=skipped))
    assert (told.parent, told.category, told.tried) == (parent, "", ())
    assert told.happened == "Nobody could be asked."
    assert told.skipped == tuple(skipped)


def test_offline_is_not_the_fault_of_the_last_one():
    offline = CATEGORIES["network.offline"]
    error = AllProvidersFailed([failed("network.dns")], hint=f"{offline.what}; {offline.remedy}")
    assert story(error).category == "network.offline"


def test_an_attempt_without_a_failure_is_yours():
    told = story(AllProvidersFailed([failed(), attempt("cancelled")]))
    assert (told.tried[1].category, told.tried[1].parent) == ("cancelled", "You")
    assert told.category == "rate_limit.short"


@pytest.mark.parametrize(
    ("fields", "lost"),
    [
        ({}, ""),
        ({"text_length": 9}, "broke off after 9 characters"),
        ({"text_length": 9, "usage": Usage()}, "broke off after 9 characters"),
        ({"text_length": 9, "usage": Usage(output_tokens=41)}, "broke off after 41 tokens"),
        (
            {"text_length": 9, "usage": Usage(output_tokens=41, source="estimated")},
            "broke off after about 41 tokens",
        ),
    ],
)
def test_how_much_of_an_answer_was_lost(fields, lost):
    assert story(AllProvidersFailed([failed(**fields)])).tried[0].lost == lost


def test_a_providers_words_are_one_plain_short_line():
    (tried,) = story(AllProvidersFailed([failed(message="a\x1b[31m\n b " + "x" * 500)])).tried
    assert tried.said.startswith("a\ufffd[31m b xxx")
    assert tried.said.endswith("…")
    assert len(tried.said) == 300


def test_what_to_do_is_a_sentence():
    assert story(AllProvidersFailed([failed()])).advice.startswith("Nothing to do: it passes")
    assert story(AllProvidersFailed([failed("user.cancelled")])).advice == ""
