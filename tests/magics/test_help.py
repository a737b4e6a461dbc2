"""`%llm help`: everything that can be written is in it, and each part by itself."""

from __future__ import annotations

import pytest

from nbapimgr import UnknownName
from nbapimgr.magics._card import Card
from nbapimgr.magics._help import help_card
from nbapimgr.magics._options import COMMANDS, OPTIONS


def test_everything_is_in_it():
    text = repr(help_card())
    for entry in (*COMMANDS, *OPTIONS):
        assert entry.name in text
        assert entry.help in text
    assert "{{ expression }}" in text


@pytest.mark.parametrize("topic", ["temperature", "--temperature"])
def test_an_option(topic):
    assert help_card(topic).lines == ("--temperature NUMBER", "  randomness of the answer")


def test_an_option_with_choices_lists_them():
    assert help_card("-f").lines[0] == "-f, --format FORMAT"
    assert help_card("-f").lines[-1] == "  one of: md, text, code, json, none"


def test_a_command_with_its_options():
    first, meaning, *options = help_card("usage").lines
    assert first == "%llm usage [--by WHAT] [--since 7d]"
    assert meaning == "  what was asked, who answered, what it cost"
    assert [line.split()[0] for line in options] == ["--by", "--since"]


def test_a_command_whose_words_are_known():
    assert help_card("demo").lines[-1].startswith("  HOW: stream, cut, garbled, silent")


@pytest.mark.parametrize("topic", ["version", "%version"])
def test_a_command_without_options(topic):
    assert help_card(topic).lines[0] == "%llm version"


@pytest.mark.parametrize(("topic", "near"), [("temprature", "temperature"), ("--", "known:")])
def test_no_such_topic(topic, near):
    with pytest.raises(UnknownName, match="no help topic named") as e:
        help_card(topic)
    assert near in e.value.hint


def test_a_card_is_its_lines():
    card = Card(line for line in ("a", "b"))
    assert repr(card) == "a\nb"
    assert card._repr_mimebundle_(include=None) == {"text/plain": "a\nb"}
