"""The cell's result: the reply, hidden once where it stands already, or in another form."""

from __future__ import annotations

import pytest

from nbapimgr.magics._result import Formed, hide_once
from tests.magics.replies import reply


def test_a_formed_reply_is_the_reply_in_another_form():
    whole = reply("```py\nx = 1\n```")
    formed = Formed(whole, "code")
    assert repr(formed) == "x = 1"
    assert formed._repr_mimebundle_()[0]["text/markdown"] == "```py\nx = 1\n```"
    assert formed._repr_mimebundle_(include=None, exclude=None)[1]["nbapimgr"]["model"] == "m1-2026"
    assert formed.reply is whole
    assert formed.text == whole.text
    assert formed.provider == "first"
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        _ = formed.nothing_of_the_kind


@pytest.fixture
def hidden(shell, in_notebook):
    """Cells can call `hide()`: their result is a reply that stands on the screen already."""
    the_reply = reply()

    def hide():
        return hide_once(shell, the_reply)

    shell.user_ns.update(hide=hide, same=the_reply, other=reply("Another answer."))
    return the_reply


def test_a_hidden_result_is_a_result_without_an_output(run, hidden, shell):
    ran = run("hide()", store_history=True).ok()
    assert ran.value is hidden
    assert "An answer." not in ran.stdout
    assert ran.shown == []
    assert shell.user_ns["_"] is hidden


def test_in_a_terminal_it_is_a_result_without_a_prompt(run, hidden, shell):
    del shell.kernel
    ran = run("hide()", store_history=True).ok()
    assert (ran.value, ran.stdout, ran.sent) == (None, "", [])
    assert shell.user_ns["_"] is shell.user_ns["Out"][1] is hidden
    assert "An answer." in run("same").ok().stdout


@pytest.mark.parametrize("silent", [False, True])
def test_it_is_shown_in_the_next_cell(run, hidden, silent):
    run("hide()", silent=silent).ok()
    assert "An answer." in run("same").ok().stdout


def test_another_reply_of_the_cell_is_shown(run, hidden):
    ran = run("hide(); display(other); display(same)").ok()
    assert ran.texts == ["Another answer.", "An answer."]


def test_a_cell_can_hide_twice(run, hidden):
    assert run("hide()\nhide()").ok().shown == []
    assert "An answer." in run("same").ok().stdout


def test_nothing_of_it_is_left_after_the_cell(run, hidden, shell):
    before = list(shell.events.callbacks["post_execute"])
    printers = dict(shell.display_formatter.ipython_display_formatter.type_printers)
    run("hide()").ok()
    assert shell.events.callbacks["post_execute"] == before
    assert shell.display_formatter.ipython_display_formatter.type_printers == printers
