"""The buttons' model: only what is offered is done, once, and nothing of the question is synced."""

from __future__ import annotations

import threading

import pytest

from nbapimgr.widgets import Controls

ACTIONS = [("again", "Try again"), ("switch", "Ask second")]


@pytest.fixture
def pressed():
    return []


@pytest.fixture
def controls(pressed):
    made = Controls("abc", lambda kind: pressed.append(kind) or "")
    yield made
    made.close()


def press(controls, kind="again", turn=1):
    controls._widget._handle_custom_msg({"kind": kind, "turn": turn}, [])


def test_what_is_offered_is_done(controls, pressed):
    controls.ready(ACTIONS, "failed")
    assert controls._widget.status == {
        "turn": 1, "phase": "ready", "note": "failed",
        "actions": [{"kind": k, "label": label} for k, label in ACTIONS],
    }  # fmt: skip
    press(controls, "switch")
    assert pressed == ["switch"]
    assert controls._widget.status["phase"] == "asking"


def test_a_second_press_is_none(controls, pressed):
    controls.ready(ACTIONS)
    for kind in ("again", "again", "switch"):
        press(controls, kind)
    assert pressed == ["again"]


@pytest.mark.parametrize(
    "content",
    [
        "again",
        None,
        {},
        {"kind": "again"},
        {"kind": "x", "turn": 1},
        {"kind": "again", "turn": 0},
        {"kind": ["again"], "turn": 1},
        {"kind": "again", "turn": "1"},
    ],
)
def test_what_is_not_offered_is_not_done(controls, pressed, content):
    controls.ready(ACTIONS)
    controls._widget._handle_custom_msg(content, [])
    assert pressed == []
    assert controls._widget.status["phase"] == "ready"


def test_the_turn_before_counts_no_more(controls, pressed):
    controls.ready(ACTIONS)
    controls.ready(ACTIONS, "again")
    press(controls, turn=1)
    press(controls, turn=2)
    assert pressed == ["again"]


def test_after_the_end_nothing_is_offered(controls, pressed):
    controls.ready(ACTIONS)
    controls.done("answered")
    press(controls, turn=2)
    assert pressed == []
    assert controls._widget.status == {
        "turn": 2, "phase": "done", "note": "answered", "actions": [],
    }  # fmt: skip


def test_the_end_may_come_of_what_was_pressed():
    made = Controls("abc", lambda kind: f"{kind} has answered")
    made.ready(ACTIONS)
    press(made)
    assert (made._widget.status["phase"], made._widget.status["note"]) == (
        "done",
        "again has answered",
    )
    made.close()


def test_of_two_threads_one_presses(pressed):
    both = threading.Barrier(2)
    made = Controls("abc", lambda kind: pressed.append(kind) or "")
    made.ready(ACTIONS)

    def hurry():
        both.wait()
        press(made)

    threads = [threading.Thread(target=hurry) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made.close()
    assert pressed == ["again"]


def test_it_is_the_same_in_every_run(controls):
    assert repr(controls._widget) == "<nbapimgr error view>"
    assert controls._widget.view_id == "abc"
