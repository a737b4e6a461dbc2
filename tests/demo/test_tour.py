"""The whole tour as a newcomer runs it: one command, a real kernel, an exit code."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from nbapimgr.demo._kernel import _Shown


@pytest.mark.kernel
def test_the_tour_without_a_model(tmp_path):
    ran = subprocess.run(
        [sys.executable, "-m", "nbapimgr.cli", "demo", "--no-model"],
        capture_output=True,
        text=True,
        timeout=200,
        cwd=tmp_path,
        env={k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"},
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("[restarted on rehearsal-gemini:rehearsed-gemini after ") == 1
    assert "✓ rehearsal-gemini:rehearsed-gemini" in ran.stdout
    assert "service.stream_broken" in ran.stdout
    assert "notebooks/01_quickstart.ipynb" in ran.stdout
    assert "Traceback" not in ran.stdout + ran.stderr


def shown(*messages):
    written = []
    cell = _Shown(written.append)
    for kind, content in messages:
        cell.take(kind, content)
    cell.end()
    return "".join(written)


def growing(text, kind="update_display_data"):
    return kind, {"data": {"text/plain": text}, "transient": {"display_id": "1"}}


def test_text_that_grows_is_written_once():
    assert shown(growing("a", "display_data"), growing("ab"), growing("abc")) == "abc\n"


def test_text_that_starts_again_is_written_below():
    text = shown(growing("ab", "display_data"), growing("[again]\n\nx"), growing("x"))
    assert text == "ab\n[again]\n\nx\n"


def test_a_note_under_which_nothing_stood_yet_is_written_once():
    note = "[one ✗ · asking two in 1 s]\n\n"
    text = shown(growing(note, "display_data"), growing(f"{note}x"), growing(f"{note}x y"))
    assert text == f"{note}x y\n"
    other = "[restarted on two]\n\n"
    text = shown(growing(note, "display_data"), growing(other), growing(f"{other}x"), growing("x."))
    assert text == f"{note}{other}x.\n"


def test_an_answer_without_its_note_goes_on_where_it_stood():
    text = shown(growing("[again]\n\nx y", "display_data"), growing("x y z."))
    assert text == "[again]\n\nx y z.\n"


def test_an_error_is_plain_text():
    cell = _Shown(lambda _: None)
    cell.take("error", {"traceback": ["\x1b[31mOops\x1b[0m"]})
    assert cell.failed
    assert shown(("error", {"traceback": ["\x1b[31mOops\x1b[0m"]})) == "Oops\n"


def test_a_result_has_a_line_of_its_own():
    result = ("execute_result", {"data": {"text/plain": "7"}})
    assert shown(growing("a", "display_data"), result) == "a\n7\n"
