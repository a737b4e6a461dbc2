"""`%llm panel`: who gets the widget, and who what a saved notebook shows of it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from nbapimgr.magics._shell import has_person
from nbapimgr.widgets import StillPanel


@pytest.mark.parametrize(
    ("cell", "can_ask", "person"),
    [("c1", False, True), (None, True, True), (None, False, False)],
)
def test_a_person_is_known_by_the_cell_or_by_the_way_to_ask(cell, can_ask, person):
    parent = {"metadata": {"cellId": cell} if cell else {}}
    shell = SimpleNamespace(kernel=SimpleNamespace(_allow_stdin=can_ask), get_parent=lambda: parent)
    assert has_person(shell) is person


@pytest.mark.parametrize("shell", [None, SimpleNamespace()])
def test_without_a_kernel_no_widget_is_of_use(shell):
    assert not has_person(shell)


def test_in_a_terminal_it_is_one_line(run, empty):
    ran = run("%llm panel").ok()
    assert isinstance(ran.value, StillPanel)
    assert repr(ran.value) == "<nbapimgr settings: 0 providers>"
