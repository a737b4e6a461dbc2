"""What is advised with magics is said in a terminal's own words."""

from __future__ import annotations

import pytest

from nbapimgr.cli._words import in_a_terminal


@pytest.mark.parametrize(
    ("said", "here"),
    [
        ("%llm keys setup makes one", "nbapimgr keys setup makes one"),
        ("%llm keys set openai", "nbapimgr keys add openai"),
        ("%llm keys use one spare", "nbapimgr keys activate one spare"),
        ("llm.providers.add(…), or %llm demo", "llm.providers.add(…), or nbapimgr demo"),
        ("%llm keys lists them", "nbapimgr keys lists them"),
        ("%llm keys unlock asks for it", "nbapimgr keys (at a terminal) asks for it"),
        ("%llm use openai", "%llm use openai"),
        ("nothing", "nothing"),
    ],
)
def test_each_hint(said, here):
    assert in_a_terminal(said) == here
