"""The notebook about keys asks no account, needs no machine of a certain kind, leaves nothing."""

from __future__ import annotations

import re

import nbformat
import pytest

from nbapimgr.vault._folders import _BINDER, _CI
from tests.notebooks.harness import NOTEBOOKS, client_for, code_cells, environment

pytestmark = pytest.mark.notebook

KEYS = NOTEBOOKS / "03_keys_and_settings.ipynb"


@pytest.fixture
def notebook():
    return nbformat.read(KEYS, as_version=4)


@pytest.fixture
def ran(notebook, tmp_path):
    """Runs the cells as on a build server's Binder; gives what is left in the two folders."""

    def one(cells):
        temporary = tmp_path / "temporary"
        temporary.mkdir()
        work = tmp_path / "work"
        work.mkdir()
        env = environment(tmp_path, "replay") | dict.fromkeys((*_BINDER, *_CI, "CI"), "true")
        notebook.cells = cells
        client_for(notebook, work).execute(env={**env, "TMPDIR": str(temporary)})
        home = tmp_path / "home"
        return [
            path.name for folder in (temporary, work, home) if folder.exists()
            for path in folder.iterdir()
        ]  # fmt: skip

    return one


def test_where_no_key_may_rest_it_shows_the_same_and_leaves_nothing(ran, notebook):
    stored = nbformat.read(KEYS, as_version=4)
    assert ran(list(notebook.cells)) == []
    assert notebook.cells == stored.cells


def test_left_in_the_middle_it_leaves_nothing_either(ran, notebook):
    *most, last = code_cells(notebook)
    assert last.id == "end"
    assert ran(most) == []


def test_without_its_throw_away_home_something_would_be_found(ran, notebook):
    cells = code_cells(notebook)[:3]
    cells[0].source = cells[0].source.replace("connect(home)", "connect()")
    assert cells[0].source != code_cells(nbformat.read(KEYS, as_version=4))[0].source
    assert "settings.toml" in ran(cells)


def test_its_keys_are_made_up(notebook):
    text = "\n".join(cell.source for cell in code_cells(notebook))
    assert set(re.findall(r"[\w-]*key-[\w-]*", text)) == {
        f"made-up-key-000{n}" for n in range(1, 7)
    }
