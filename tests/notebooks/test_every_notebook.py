"""Every notebook runs, replayed and live, and gives what it is stored with."""

from __future__ import annotations

import shutil
import subprocess
import sys

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError

from tests.notebooks.harness import (
    CHECKOUT,
    NOTEBOOKS,
    client_for,
    code_cells,
    environment,
    nbval,
    run,
)

pytestmark = pytest.mark.notebook

ALL = sorted(path.name for path in NOTEBOOKS.glob("*.ipynb"))
QUICKSTART = "01_quickstart.ipynb"
GAME_DAY = "02_when_providers_fail.ipynb"


def test_there_is_something_to_run():
    assert {QUICKSTART, GAME_DAY} <= set(ALL)


@pytest.mark.parametrize("name", ALL)
def test_nbval_compares_every_cell(copied, name, tmp_path):
    path = copied(NOTEBOOKS / name)
    cells = code_cells(nbformat.read(path, as_version=4))
    verdict = nbval(path, environment(tmp_path, "replay"))
    assert verdict.failed == {}
    assert verdict.passed == tuple(range(len(cells)))
    assert all(cell.execution_count for cell in cells), "nbval compares only cells that were run"


@pytest.mark.parametrize("name", ALL)
def test_nbval_sees_one_wrong_letter_in_any_output(copied, name, tmp_path):
    path = copied(NOTEBOOKS / name)
    notebook = nbformat.read(path, as_version=4)
    shown = [number for number, cell in enumerate(code_cells(notebook)) if cell.outputs]
    for cell in code_cells(notebook):
        for output in cell.outputs:
            output.data["text/plain"] = output.data["text/plain"][:-1] + "~"
    nbformat.write(notebook, path)
    verdict = nbval(path, environment(tmp_path, "replay"))
    assert sorted(verdict.failed) == shown
    assert all("Cell outputs differ" in why for why in verdict.failed.values())


@pytest.mark.parametrize("name", ALL)
def test_replayed_as_people_run_it_it_is_what_is_stored(copied, name, tmp_path):
    stored = nbformat.read(NOTEBOOKS / name, as_version=4)
    ran = run(copied(NOTEBOOKS / name), environment(tmp_path, "replay"))
    assert ran.cells == stored.cells, "record anew: python -m tests.notebooks.record"


def test_without_its_recordings_it_fails(copied, tmp_path):
    path = copied(NOTEBOOKS / QUICKSTART)
    shutil.rmtree(path.parent / "llm-recordings")
    with pytest.raises(CellExecutionError, match="RecordingMissing"):
        run(path, environment(tmp_path, "replay"))


@pytest.fixture(scope="module")
def lived(request, model, tmp_path_factory):
    """A notebook run live: the rehearsal servers, the real model, no recordings."""
    folder = tmp_path_factory.mktemp("live")
    shutil.copy(NOTEBOOKS / request.param, folder)
    return run(folder / request.param, environment(folder, "live", model=model))


@pytest.mark.parametrize("lived", ALL, indirect=True)
def test_live_no_cell_fails(lived):
    assert [o for cell in code_cells(lived) for o in cell.outputs if o.output_type == "error"] == []
    assert "widgets" not in lived.metadata


@pytest.mark.parametrize("lived", [QUICKSTART], indirect=True)
def test_live_the_fallback_is_seen_happening(lived):
    by_id = {cell.id: [o.data["text/plain"] for o in cell.outputs] for cell in code_cells(lived)}
    answer, footer = by_id["ask"]
    assert answer.startswith("This answer is rehearsed")
    assert footer.startswith("✓ rehearsal-anthropic:")
    assert by_id["frame"][0].split()[:2] == ["planet", "moons"]
    rescued, footer = by_id["rescued"]
    assert rescued.startswith("This answer is rehearsed")
    assert footer.startswith("✓ rehearsal-gemini:")
    assert "via rehearsal-anthropic:rehearsed-anthropic ✗ service.stream_broken" in footer
    outcomes = [line.split()[3] for line in by_id["rows"][0].splitlines()[1:]]
    assert outcomes == ["ok", "ok", "error", "ok"]


@pytest.mark.parametrize("lived", [QUICKSTART], indirect=True)
def test_live_the_trail_and_the_order_are_those_that_were_recorded(lived):
    stored = nbformat.read(NOTEBOOKS / QUICKSTART, as_version=4)
    for was, now in zip(code_cells(stored), code_cells(lived), strict=True):
        if was.id in {"planets", "attempts"}:
            assert now.outputs == was.outputs
        if was.id == "why":
            assert places_in(now) == places_in(was)
            assert [place for place, *_ in places_in(was)] == ["1", "2", "3"]


def places_in(cell):
    """Of `%llm why` what is the same each time: place, candidate and reason, not how they did."""
    rows = cell.outputs[0].data["text/plain"].splitlines()[1:4]
    return [row.split()[1:7] for row in rows]


@pytest.mark.parametrize("lived", [GAME_DAY], indirect=True)
def test_live_who_is_broken_is_left_alone_until_it_is_mended(lived):
    stored = nbformat.read(NOTEBOOKS / GAME_DAY, as_version=4)
    shown = {
        cell.id: [o.data["text/plain"] for o in cell.outputs if "text/plain" in o.get("data", {})]
        for cell in code_cells(lived)
    }
    for was in code_cells(stored):
        if was.id in {"played", "rescued_played", "three", "last_played", "again_played"}:
            assert shown[was.id] == [was.outputs[0].data["text/plain"]]
    order = shown["why"][0].splitlines()
    assert "rehearsal-gemini" in order[1]
    assert "open: service.overloaded twice" in shown["why"][0]
    assert "service.stream_broken" in shown["errors"][0]
    states = [line.split()[-1] for line in shown["health_table"][0].splitlines()[1:]]
    assert states[1] == "open"
    assert states[2] in {"ok", "slow"}  # by how busy the machine is
    assert "rehearsal-gemini: asked again from now on" in shown["mended"][0]


def test_without_being_asked_pytest_collects_no_notebook():
    said = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "notebooks", "tests/notebooks"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "test_nbval_compares_every_cell" in said
    assert "::Cell" not in said


@pytest.mark.parametrize(
    "code",
    [
        "import socket; socket.create_connection(('192.0.2.1', 443))",
        "import socket; socket.getaddrinfo('api.example.com', 443)",
        "import httpx; httpx.get('https://192.0.2.1')",
    ],
)
def test_no_cell_gets_past_loopback(tmp_path, code):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    with pytest.raises(CellExecutionError, match="no network past loopback in a test"):
        client_for(notebook, tmp_path).execute(env=environment(tmp_path, "live"))
