"""Completion as IPython's completer asks for it, from what this kernel knows."""

from __future__ import annotations

import pytest
from IPython.core.completer import provisionalcompleter

from nbapimgr.manager import connect
from nbapimgr.settings import Settings
from tests.magics.replies import FIRST, SECOND


@pytest.fixture
def offers(shell, home):
    """What the whole of IPython's completion offers at the end of a cell."""
    connect(home, settings=Settings(providers=(FIRST, SECOND), routes={"fast": ("first:m1",)}))
    shell.user_ns["variable_of_mine"] = 1

    def completed(text):
        with provisionalcompleter():
            found = list(shell.Completer.completions(text, len(text)))
        return {(text[: c.start] + c.text + text[c.end :], c.type) for c in found}

    return completed


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("%llm mod", {("%llm mode", "command"), ("%llm models", "command")}),
        ("%%llm fa", {("%%llm fast", "route")}),
        ("%%llm fir", {("%%llm first", "route")}),
        ("%llm first:", {("%llm first:m1", "model")}),
        ("%%llm fast,sec", {("%%llm fast,second", "route")}),
        ("%%llm --temp", {("%%llm --temperature", "option")}),
        ("%%llm -f co", {("%%llm -f code", "value")}),
        ("%%llm --only se", {("%%llm --only second", "provider")}),
        ("%%llm\nsee {{ variable_o", {("%%llm\nsee {{ variable_of_mine", "variable")}),
    ],
)
def test_where_we_offer_something_nobody_else_does(offers, typed, expected):
    assert offers(typed) == expected


@pytest.mark.parametrize("typed", ["variable_o", "# not %llm\nvariable_o", "'%llm'\nvariable_o"])
def test_in_other_cells_everything_is_as_ever(offers, typed):
    assert f"{typed}f_mine" in {text for text, _ in offers(typed)}
