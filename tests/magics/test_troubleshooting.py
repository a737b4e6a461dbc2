"""docs/troubleshooting.md: its classes are there, all of them are found, its lines can be typed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nbapimgr.errors import NbApiMgrError
from nbapimgr.magics._asks import Command, Fix
from nbapimgr.magics._grammar import parse
from nbapimgr.magics._options import COMMANDS, OPTIONS
from nbapimgr.wire.failures import CATEGORIES

PAGE = (Path(__file__).parents[2] / "docs" / "troubleshooting.md").read_text("utf-8")
CODE = re.findall(r"`([^`\n]+)`", PAGE)
LINES = sorted({code for code in CODE if code.startswith("%llm ")})
PARENTS = {known.parent for known in CATEGORIES.values()}


def classes(page):
    """The classes a page names: one by one, or all of a word."""
    named = set(re.findall(r"`([a-z_]+\.[a-z_]+)`", page))
    for parent in re.findall(r"\| ([A-Z][a-z ]+): any \|", page):
        named |= {name for name, known in CATEGORIES.items() if known.parent == parent}
    return named


def test_every_class_of_the_page_is_one():
    assert {name for name in classes(PAGE) if "llm" not in name} <= set(CATEGORIES)


def test_every_class_that_can_turn_a_cell_red_is_found():
    rare = {"auth.region", "request.too_large", "network.connect_timeout", "network.reset",
            "user.cancelled", "user.budget"}  # fmt: skip
    assert set(CATEGORIES) - classes(PAGE) <= rare
    assert set(re.findall(r"^\| ([A-Z][^|:]*):", PAGE, re.MULTILINE)) == PARENTS


@pytest.mark.parametrize("line", LINES)
def test_every_line_can_be_typed(line):
    found = parse(line.removeprefix("%llm "), None, known_routes={"second"})
    assert isinstance(found, Command | Fix)


def test_a_line_that_cannot_be_typed_would_be_noticed():
    with pytest.raises(NbApiMgrError):
        parse("erors", None)


def test_the_options_are_there():
    known = {f"--{o.name}" for o in (*OPTIONS, *(o for c in COMMANDS for o in c.options))}
    used = {word for code in CODE for word in code.split() if word.startswith("--")}
    assert used
    assert used <= known
