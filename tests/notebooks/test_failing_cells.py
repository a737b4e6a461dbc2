"""Cells that fail are seen to fail, by people's runs (nbclient) and by comparing ones (nbval)."""

from __future__ import annotations

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError

import nbapimgr
from nbapimgr import errors
from tests.notebooks.harness import (
    FAILING,
    client_for,
    code_cells,
    environment,
    expected_to_fail,
    nbval,
    run,
    silent,
)

pytestmark = pytest.mark.notebook

NOT_RAISED = {"MissingKey"}
"""Errors that never reach a cell: a key that cannot be used is an attempt that failed."""
SILENT = "from IPython.core.error import UsageError\nraise UsageError('printed, not sent')"
"""What IPython prints on stderr without an `error` output."""


@pytest.fixture
def path(copied):
    return copied(FAILING)


@pytest.fixture
def notebook(path):
    return nbformat.read(path, as_version=4)


def failing(notebook):
    """The number of each cell that must fail."""
    return [n for n, cell in enumerate(code_cells(notebook)) if expected_to_fail(cell)]


def untag(notebook, path):
    """Take the tags off, as if nobody expected the failures."""
    for cell in code_cells(notebook):
        cell.metadata.pop("tags", None)
    nbformat.write(notebook, path)


def test_there_is_a_cell_for_each_kind_of_error(notebook):
    kinds = {
        name
        for name in errors.__all__
        if isinstance(kind := getattr(errors, name), type) and kind.__subclasses__() == []
    }
    shown = {o.ename for cell in code_cells(notebook) for o in cell.outputs}
    assert shown == kinds - NOT_RAISED
    assert all(hasattr(nbapimgr, name) for name in shown)


def test_nbclient_sees_an_error_of_each(path, tmp_path):
    stored = nbformat.read(path, as_version=4)
    ran = run(path, environment(tmp_path, "live"))
    assert silent(ran) == []
    assert [error_of(cell) for cell in code_cells(ran)] == [
        error_of(cell) for cell in code_cells(stored)
    ]


def error_of(cell):
    return next(((o.ename, o.evalue) for o in cell.outputs if o.output_type == "error"), None)


def test_nbclient_stops_at_each_that_is_not_tagged(notebook, path, tmp_path):
    numbers = failing(notebook)
    untag(notebook, path)
    stopped = []
    client = client_for(notebook, path.parent)
    with client.setup_kernel(env=environment(tmp_path, "live")):
        for number, (index, cell) in enumerate(
            (i, cell) for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"
        ):
            try:
                client.execute_cell(cell, index)
            except CellExecutionError:
                stopped.append(number)
    assert stopped == numbers


def test_nbval_sees_each_and_compares_it(path, notebook, tmp_path):
    verdict = nbval(path, environment(tmp_path, "live"))
    assert verdict.failed == {}
    assert verdict.passed == tuple(range(len(code_cells(notebook))))


def test_nbval_fails_each_that_is_not_tagged(notebook, path, tmp_path):
    numbers = failing(notebook)
    untag(notebook, path)
    verdict = nbval(path, environment(tmp_path, "live"))
    assert sorted(verdict.failed) == numbers
    assert all("caused an exception" in why for why in verdict.failed.values())


def test_an_error_that_is_only_printed_is_caught_by_both(notebook, path, tmp_path):
    cell = next(cell for cell in code_cells(notebook) if expected_to_fail(cell))
    number = code_cells(notebook).index(cell)
    notebook.cells = code_cells(notebook)[: number + 1]
    cell.source = SILENT
    nbformat.write(notebook, path)
    assert [cell_id for cell_id, _ in silent(run(path, environment(tmp_path, "live")))] == [cell.id]
    verdict = nbval(path, environment(tmp_path, "live"))
    assert list(verdict.failed) == [number]
