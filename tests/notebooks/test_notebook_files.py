"""What is in the notebook files themselves: short, complete, and nothing of whoever ran them."""

from __future__ import annotations

import json
import re

import nbformat
import pytest

from nbapimgr.recordings import FOLDER
from tests.notebooks.harness import FAILING, NOTEBOOKS, code_cells

FILES = [*sorted(NOTEBOOKS.glob("*.ipynb")), FAILING]
RECORDINGS = sorted((NOTEBOOKS / FOLDER).glob("*"))
BUDGET = 32_000
"""Bytes of a notebook: what is read in a minute; a picture or a widget's state is more."""

BLEMISHES = {
    "a key": r"\b(?:sk|gsk|xai|hf|pplx|AIza|AKIA)[-_]?[A-Za-z0-9_-]{16,}",
    "a path of a machine": r"(?<![\w:/.])/(?:home|Users|root|tmp|var|work|opt|usr|srv)/|[A-Z]:\\\\",
    "a moment": r"\b20\d\d-\d\d-\d\dT?\s?\d\d:\d\d",
    "an address in memory": r"\bat 0x[0-9a-f]{6,}",
    "a widget": r"application/vnd\.jupyter\.widget|\"widgets\"",
    "a script": r"<script",
}


def blemishes(text):
    """What a file holds that none should."""
    return [name for name, pattern in BLEMISHES.items() if re.search(pattern, text)]


@pytest.mark.parametrize("path", [*FILES, *RECORDINGS], ids=lambda path: path.name)
def test_nothing_of_whoever_ran_it(path):
    assert blemishes(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("sk-proj-aaaabbbbccccddddeeee", "a key"),
        ("AIzaSyA1234567890123456789", "a key"),
        ('File "/home/ada/notebook.py"', "a path of a machine"),
        (r'"C:\\Users\\ada"', "a path of a machine"),
        ("2026-11-23 05:09:35", "a moment"),
        ("<Manager at 0x7f09fa172f90>", "an address in memory"),
        ('"application/vnd.jupyter.widget-view+json"', "a widget"),
    ],
)
def test_each_blemish_is_seen(text, what):
    assert blemishes(text) == [what]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_notebook_is_small_valid_and_was_run_from_top_to_bottom(path):
    assert path.stat().st_size <= BUDGET
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert notebook.metadata.kernelspec.name == "python3"
    assert all(set(cell.metadata) <= {"tags"} for cell in cells)


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.name)
def test_every_output_of_a_notebook_is_compared(path):
    assert not any(cell.metadata for cell in code_cells(nbformat.read(path, as_version=4)))


def test_the_quickstart_takes_ten_cells():
    notebook = nbformat.read(NOTEBOOKS / "01_quickstart.ipynb", as_version=4)
    cells = [cell.source for cell in code_cells(notebook)]
    assert len(cells) == 10
    assert cells[0].startswith("%load_ext nbapimgr")


def test_each_question_has_its_recording_and_none_is_left_over():
    cells = [
        cell.source
        for path in NOTEBOOKS.glob("*.ipynb")
        for cell in code_cells(nbformat.read(path, as_version=4))
    ]
    kept = [json.loads(path.read_text("utf-8")) for path in RECORDINGS]
    assert all(one["version"] == 1 for one in kept)
    asked = [one["asked"]["messages"][-1]["content"][0]["text"].splitlines()[0] for one in kept]
    assert [text for text in asked if not any(text in cell for cell in cells)] == []
    for cell in cells:
        if cell.startswith("%%llm"):
            assert any(text in cell for text in asked)
