"""The view of a cell that nobody answered: when it is shown, and what pressing a button does."""

from __future__ import annotations

import logging

import pytest

from nbapimgr import AllProvidersFailed
from nbapimgr.magics import _trouble, unregister
from nbapimgr.models import Delta, Started
from tests.magics.replies import ONE, TWO, answering, failed, failing

LOST = AllProvidersFailed([failed()])


@pytest.fixture
def watched(in_notebook, shell, monkeypatch):
    """A person sits before it: the front end says which cell runs."""
    monkeypatch.setattr(shell, "get_parent", lambda: {"metadata": {"cellId": "c1"}}, raising=False)
    yield
    _trouble.forget()


def live():
    (controls,) = _trouble._live.values()
    return controls


def press(kind):
    controls = live()
    turn = controls._widget.status["turn"]
    controls._widget._handle_custom_msg({"kind": kind, "turn": turn}, [])


def offered():
    return [action["kind"] for action in live()._widget.status["actions"]]


@pytest.mark.usefixtures("in_notebook")
def test_the_view_is_html_and_text_and_no_widget(run, script):
    script(LOST)
    ran = run("%%llm\nhello")
    assert ran.error is LOST
    (shown,) = ran.shown
    assert set(shown["data"]) == {"text/plain", "text/html"}
    assert "nbapimgr-error data-view" not in shown["data"]["text/html"]  # nobody could press
    assert _trouble._live == {}
    assert "AllProvidersFailed: first failed" in ran.stdout


def test_a_terminal_has_the_red_lines_alone(run, script):
    script(LOST)
    assert run("%%llm\nhello").shown == []


@pytest.mark.usefixtures("watched")
@pytest.mark.parametrize("code", ["%%llm --replay\nhello", "%llm --replay hello you"])
def test_nothing_is_shown_where_answers_are_replayed(run, script, code):
    script(LOST)
    assert run(code).shown == []


@pytest.mark.usefixtures("watched")
def test_nothing_is_shown_where_outputs_are_compared(run, script, monkeypatch):
    monkeypatch.setenv("NBAPIMGR_STREAM", "0")
    script(LOST)
    assert run("%%llm\nhello").shown == []
    assert _trouble._live == {}


@pytest.mark.usefixtures("watched")
@pytest.mark.parametrize(
    "code", ["%%llm answer <<\nhello", "x = %llm hello you", "%%llm -f none\nhi"]
)
def test_a_cell_that_shows_no_answer_shows_what_went_wrong(run, script, code):
    script(LOST)
    assert "text/html" in run(code).shown[0]["data"]


@pytest.mark.usefixtures("in_notebook")
def test_the_view_takes_the_place_of_a_note_about_what_comes_next(run, script):
    script(Started(candidate=ONE, number=1), failing(wait=1.0), LOST)
    ran = run("%%llm\nhello")
    (only,) = ran.shown
    assert "asking second:m2" in ran.sent[0]["data"]["text/plain"]
    assert only["data"]["text/plain"].startswith("[Rate limit]")


@pytest.mark.usefixtures("in_notebook")
def test_a_note_does_not_outlive_a_call_that_is_stopped(run, script):
    script(Started(candidate=ONE, number=1), failing(wait=1.0), KeyboardInterrupt())
    assert run("%%llm\nhello").texts == [""]


@pytest.mark.usefixtures("watched")
def test_whatever_is_wrong_with_the_view_the_error_is_seen(run, script, monkeypatch, caplog):
    monkeypatch.setattr("nbapimgr.widgets.story", lambda _error: 1 / 0)
    script(LOST)
    with caplog.at_level(logging.WARNING):
        assert run("%%llm\nhello").error is LOST
    assert "the error view could not be shown" in caplog.text


@pytest.mark.usefixtures("watched")
def test_pressing_asks_again_and_the_answer_takes_the_place(run, script, bare):
    script(LOST)
    ran = run("%%llm answer << --max-tokens 7\nhello")
    (shown,) = ran.shown
    assert f'data-view="{live()._widget.view_id}"' in shown["data"]["text/html"]
    assert offered() == ["again", "switch"]
    asked = script(*answering("Now it works."))
    asked.clear()
    bare.display_pub.outputs.clear()
    press("again")
    assert [request.max_tokens for request, _ in asked] == [7]
    last = bare.display_pub.outputs[-1]
    assert last["update"]
    assert last["transient"]["display_id"] == ran.sent[0]["transient"]["display_id"]
    assert last["data"]["text/plain"].startswith("[asked again: ✓ first:m1-2026 · ")
    assert last["data"]["text/plain"].endswith("\n\nNow it works.")
    assert last["data"]["text/markdown"].endswith("\n\nNow it works.")
    assert bare.user_ns["_llm"].text == bare.user_ns["answer"].text == "Now it works."
    assert live()._widget.status["phase"] == "done"
    press("again")
    assert len(asked) == 1


@pytest.mark.usefixtures("watched")
def test_another_provider_is_asked(run, script):
    script(LOST)
    run("%%llm\nhello")
    asked = script(*answering())
    press("switch")
    assert asked[-1][0].route == "second"


@pytest.mark.usefixtures("watched")
def test_a_key_is_made_the_active_one_first(run, script, manager):
    manager.credentials.add("first", "sk-one-0123456789abc", alias="default")
    manager.credentials.add("first", "sk-two-0123456789abc", alias="backup")
    active, other = (info.alias for info in manager.credentials.list("first"))
    one = type(ONE)(provider=ONE.provider, model=ONE.model, credential=active)
    script(AllProvidersFailed([failed("auth.invalid_key", candidate=one)]))
    run("%%llm first --no-fallback\nhello")
    script(*answering())
    press("backup_key")
    assert manager.credentials.list("first")[0].alias == other


@pytest.mark.usefixtures("watched")
def test_when_nobody_answers_again_there_is_the_next_try(run, script, bare):
    script(LOST)
    run("%%llm\nhello")
    first = live()._widget.status["turn"]
    script(AllProvidersFailed([failed("service.error", candidate=TWO)]))
    press("again")
    status = live()._widget.status
    assert (status["phase"], status["turn"]) == ("ready", first + 1)
    assert status["note"] == "Try again: nobody answered this time either"
    said = bare.display_pub.outputs[-1]["data"]
    assert said["text/plain"].startswith("[Service] ")
    assert said["text/plain"].endswith("Try again: nobody answered this time either")
    script(*answering("Third time."))
    press("again")
    assert bare.user_ns["_llm"].text == "Third time."


@pytest.mark.usefixtures("watched")
def test_stopped_on_the_way_it_can_be_tried_again(run, script, bare):
    script(LOST)
    run("%%llm\nhello")
    script(Started(candidate=ONE, number=1), Delta(text="ha"), KeyboardInterrupt())
    press("again")
    assert live()._widget.status["phase"] == "ready"
    said = bare.display_pub.outputs[-1]["data"]["text/plain"]
    assert said.endswith("Try again: stopped by you; what had arrived is in _llm")
    assert bare.user_ns["_llm"].text == "ha"
    script(KeyboardInterrupt())
    press("again")
    assert live()._widget.status["note"] == "Try again: stopped by you"


@pytest.mark.usefixtures("watched")
def test_an_answer_of_the_wrong_shape_is_said(run, script):
    script(LOST)
    run("%%llm --schema 'age int'\nhow old?")
    script(*answering("old enough"))
    press("again")
    status = live()._widget.status
    assert status["phase"] == "ready"
    assert status["note"].startswith("Try again: ")
    assert offered() == ["again", "switch"]


@pytest.mark.usefixtures("watched")
def test_a_checked_answer_is_data(run, script, bare):
    script(LOST)
    run("%%llm --schema 'age int'\nhow old?")
    script(*answering('{"age": 36}'))
    press("again")
    assert bare.user_ns["_llm"].data == {"age": 36}
    assert '"age": 36' in bare.display_pub.outputs[-1]["data"]["text/plain"]


@pytest.mark.usefixtures("watched")
def test_text_and_code_keep_their_form(run, script, bare):
    script(LOST)
    run("%%llm -f text\nhello")
    script(*answering("# no heading"))
    press("again")
    assert set(bare.display_pub.outputs[-1]["data"]) == {"text/plain"}


@pytest.mark.usefixtures("watched")
def test_the_oldest_views_lose_their_buttons(run, script):
    script(LOST)
    for _ in range(_trouble._MOST + 2):
        run("%%llm\nhello")
    assert len(_trouble._live) == _trouble._MOST


@pytest.mark.usefixtures("watched")
def test_what_is_synced_holds_nothing_of_the_question(run, script):
    script(LOST)
    run("%%llm\nmy-private-question")
    state = live()._widget.get_state()
    assert "my-private-question" not in str(state)
    assert set(state) >= {"view_id", "status"}


@pytest.mark.usefixtures("watched")
def test_unloading_takes_the_buttons_away(run, script, bare):
    script(LOST)
    run("%%llm\nhello")
    unregister(bare)
    assert _trouble._live == {}
