"""Where an answer appears: an output that is updated at a pace, a terminal, or nowhere."""

from __future__ import annotations

import io
import os
import sys
from unittest import mock

import pytest

from nbapimgr.magics import _screen
from nbapimgr.magics._fetching import Fetching
from nbapimgr.magics._screen import screen_for
from tests.magics.replies import reply


class Clock:
    """Time that passes when it is told to."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(_screen.time, "monotonic", clock)
    return clock


@pytest.fixture
def sent(bare):
    return bare.display_pub.outputs


@pytest.fixture
def make(bare):
    """Makes a screen as if no test was running."""

    def make(form="md", *, stream=True, silent=False, replay=False, kernel=False):
        if kernel:
            bare.kernel = object()
        with mock.patch.dict(os.environ):
            del os.environ["PYTEST_CURRENT_TEST"]
            return screen_for(bare, form, stream=stream, silent=silent, replay=replay)

    return make


@pytest.fixture
def notebook(bare, clock):
    """Makes the screen of a notebook."""
    return lambda form="md", *, stream=True: _screen._Notebook(form, stream=stream)


def texts(sent):
    return [output["data"]["text/plain"] for output in sent]


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"kernel": True}, "_Notebook"),
        ({"kernel": True, "stream": False}, "_Notebook"),
        ({}, "_Terminal"),
        ({"stream": False}, "_Nowhere"),
        ({"form": "none"}, "_Nowhere"),
        ({"kernel": True, "form": "none"}, "_Nowhere"),
        ({"kernel": True, "silent": True}, "_Nowhere"),
        ({"kernel": True, "replay": True}, "_Nowhere"),
    ],
)
def test_which_screen(make, options, kind):
    assert type(make(**options)).__name__ == kind


def test_where_outputs_are_compared_nothing_is_displayed(bare, monkeypatch):
    bare.kernel = object()
    options = {"stream": True, "silent": False, "replay": False}
    assert "PYTEST_CURRENT_TEST" in _screen.os.environ
    assert isinstance(screen_for(bare, "md", **options), _screen._Nowhere)
    monkeypatch.setattr(_screen.os, "environ", {"NBAPIMGR_STREAM": "0"})
    assert isinstance(screen_for(bare, "md", **options), _screen._Nowhere)
    monkeypatch.setattr(_screen.os, "environ", {"NBAPIMGR_STREAM": "1"})
    assert isinstance(screen_for(bare, "md", **options), _screen._Notebook)


def test_a_notebook_is_updated_at_most_twelve_times_a_second(notebook, clock, sent):
    screen = notebook()
    for n in range(2_000):
        screen.grow(f"{n}")
        clock.now += 0.001
    assert 2 * 12 - 1 <= len(sent) <= 2 * 12 + 1
    assert [o["update"] for o in sent] == [False] + [True] * (len(sent) - 1)


def test_what_is_held_back_is_shown_while_nothing_comes(notebook, clock, sent):
    screen = notebook()
    screen.grow("a")
    screen.grow("a b")
    screen.idle()
    assert texts(sent) == ["a"]
    clock.now += 1
    screen.idle()
    screen.idle()
    assert texts(sent) == ["a", "a b"]


def test_what_is_held_back_is_shown_when_the_call_ends_without_an_answer(notebook, sent):
    screen = notebook()
    screen.grow("a")
    screen.grow("a b")
    screen.stop()
    screen.stop()
    assert texts(sent) == ["a", "a b"]
    assert not screen.shown


def test_nothing_is_shown_of_a_call_of_which_nothing_came(notebook, sent):
    notebook().stop()
    assert sent == []


def test_the_complete_answer_replaces_what_grew(notebook, sent):
    screen = notebook()
    screen.grow("An")
    screen.finish(reply(), "✓ footer")
    answer, final, footer = sent
    assert screen.shown
    assert final["update"]
    assert final["transient"] == answer["transient"]
    assert final["data"] == {"text/plain": "An answer.", "text/markdown": "An answer."}
    assert final["metadata"]["nbapimgr"]["provider"] == "first"
    assert footer["data"]["text/plain"] == "✓ footer"
    assert not footer["update"]


def test_without_streaming_there_is_the_answer_alone(notebook, clock, sent):
    screen = notebook(stream=False)
    screen.grow("An")
    clock.now += 1
    screen.idle()
    screen.restart("note")
    screen.stop()
    assert sent == []
    screen.finish(reply(), "")
    assert texts(sent) == ["An answer."]


def test_a_restart_voids_what_was_shown_at_once(notebook, clock, sent):
    screen = notebook()
    screen.grow("half of")
    screen.restart("restarted on second:m2 after 2 words")
    screen.grow("the")
    clock.now += 1
    screen.grow("the whole")
    assert texts(sent) == [
        "half of",
        "[restarted on second:m2 after 2 words]\n\n",
        "[restarted on second:m2 after 2 words]\n\nthe whole",
    ]
    screen.finish(reply("the whole answer"), "")
    assert texts(sent)[-1] == "the whole answer"


def test_code_grows_as_text(notebook, sent):
    screen = notebook("code")
    screen.grow("```py\nx")
    assert sent[0]["data"] == {"text/plain": "```py\nx"}
    screen.finish(reply("```py\nx\n```"), "")
    assert sent[-1]["data"] == {"text/plain": "x", "text/markdown": "```py\nx\n```"}


def test_a_terminal_gets_each_word_once(capsys, make, sent):
    screen = make()
    screen.grow("An ")
    screen.grow("An answer")
    screen.idle()
    assert capsys.readouterr().out == "An answer"
    screen.finish(reply(), "✓ footer")
    assert capsys.readouterr().out == ".\n✓ footer\n"
    assert screen.shown
    assert sent == []


def test_a_terminal_does_not_keep_words_back(make, monkeypatch):
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    monkeypatch.setattr(sys, "stdout", out)
    make().grow("An")
    assert out.buffer.getvalue() == b"An"


def test_a_quiet_terminal_has_no_footer(capsys, make):
    screen = make()
    screen.finish(reply(), "")
    assert capsys.readouterr().out == "An answer.\n"


def test_a_terminal_cannot_take_back_what_it_has_shown(capsys, make):
    screen = make()
    screen.grow("half of")
    screen.restart("restarted on second:m2 after 2 words")
    screen.grow("the ")
    screen.finish(reply("the whole"), "")
    assert capsys.readouterr().out == "half of\n[restarted on second:m2 after 2 words]\nthe whole\n"


@pytest.mark.parametrize(("grown", "left"), [("half", "half\n"), ("", "")])
def test_a_stopped_terminal_goes_to_a_new_line(capsys, make, grown, left):
    screen = make()
    screen.grow(grown)
    screen.stop()
    assert capsys.readouterr().out == left
    assert not screen.shown


def test_a_terminal_is_safe_from_what_it_shows(capsys, make):
    screen = make()
    screen.grow("a\x1b[2J\r")
    screen.grow("a\x1b[2J\r\nb\r")
    screen.restart("\x1b]0;title\x07")
    screen.finish(reply("c\x9b31m"), "")
    assert capsys.readouterr().out == "a\ufffd[2J\nb\n[\ufffd]0;title\ufffd]\nc\ufffd31m\n"


def test_nowhere_shows_nothing(capsys, make, sent):
    screen = make(silent=True)
    screen.grow("half")
    screen.idle()
    screen.restart("note")
    screen.stop()
    screen.finish(reply(), "✓ footer")
    assert (capsys.readouterr().out, sent, screen.shown) == ("", [], False)


def test_a_download_is_one_output_at_a_pace(clock, sent):
    fetching = Fetching()
    for done in range(0, 93_000_000, 1_000_000):
        fetching(done, 93_000_000)
        clock.now += 0.05
    fetching(93_000_000, 93_000_000)
    assert len(sent) <= 93 * 0.05 / 0.25 + 2
    assert len(sent) > 10
    assert [o["update"] for o in sent] == [False] + [True] * (len(sent) - 1)
    assert texts(sent)[0] == "fetching a model: 0 of 93 MB"
    assert texts(sent)[-1] == "fetching a model: 93 of 93 MB"


def test_the_next_download_has_an_output_of_its_own(clock, sent):
    Fetching()(0, 10)
    Fetching()(0, 10)
    assert [o["update"] for o in sent] == [False, False]
