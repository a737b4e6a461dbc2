"""What the wheel holds, and that it works where nothing else of nbapimgr is."""

from __future__ import annotations

import hashlib
import json
import tarfile
import tomllib
import zipfile

import nbformat

import nbapimgr
from tests.wheel.conftest import CHECKOUT

NOTEBOOKS = "nbapimgr/demo/notebooks/"
CELL = """
import nbapimgr
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "nbapimgr")
result = shell.run_cell({source!r})
print(result.success, nbapimgr.__file__)
print(shell.user_ns["_llm"].provider, shell.user_ns["_llm"].text)
"""


def names(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def sources(folder, pattern):
    return {path.relative_to(CHECKOUT).as_posix() for path in (CHECKOUT / folder).rglob(pattern)}


def test_it_holds_the_package_its_notebooks_and_nothing_else(wheel):
    info = f"nbapimgr-{nbapimgr.__version__}.dist-info/"
    wanted = {name for name in sources("nbapimgr", "*.*") if "__pycache__" not in name}
    wanted |= {
        name.replace("notebooks/", NOTEBOOKS, 1)
        for name in sources("notebooks", "*.ipynb") | sources("notebooks/llm-recordings", "*.json")
        if ".ipynb_checkpoints" not in name
    }
    wanted |= {
        info + name
        for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE")
    }
    assert names(wheel) == wanted
    assert "nbapimgr/py.typed" in wanted


def test_what_the_wheel_says_of_itself(wheel):
    with zipfile.ZipFile(wheel) as archive:
        info = f"nbapimgr-{nbapimgr.__version__}.dist-info/"
        metadata = archive.read(info + "METADATA").decode()
        entry_points = archive.read(info + "entry_points.txt").decode()
    assert "\nLicense-Expression: BSD-3-Clause\n" in metadata
    assert "\nRequires-Python: >=3.11\n" in metadata
    assert "nbapimgr = nbapimgr.cli:main" in entry_points


def test_the_versions_agree():
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == nbapimgr.__version__


def test_the_sdist_builds_the_same_wheel(wheel, wheel_of_sdist):
    assert wheel_of_sdist.name == wheel.name
    contents = []
    for path in (wheel, wheel_of_sdist):
        with zipfile.ZipFile(path) as archive:
            contents.append(
                {name: hashlib.sha256(archive.read(name)).hexdigest() for name in names(path)}
            )
    assert contents[0] == contents[1]


def test_the_sdist_holds_what_is_needed_to_test_and_nothing_that_was_made(sdist):
    with tarfile.open(sdist) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    assert {"LICENSE", "README.md", "pyproject.toml", "tests/run", "binder/start"} <= inside
    made = (".venv", "__pycache__", ".coverage", ".hypothesis", ".git/", "dist/", "tests/out")
    assert [name for name in inside if any(part in name for part in made)] == []


def test_it_is_the_wheel_that_is_imported(installed):
    ran = installed.run("python", "-c", "import nbapimgr; print(nbapimgr.__file__)")
    assert ran.stdout.strip() == str(installed.site / "nbapimgr" / "__init__.py"), ran.stderr


def test_the_command_says_its_version(installed):
    ran = installed.run("nbapimgr", "--version")
    assert ran.stdout.strip().endswith(nbapimgr.__version__), ran.stderr
    assert ran.returncode == 0


def test_the_doctor_finds_the_package_and_misses_providers(installed):
    ran = installed.run("nbapimgr", "doctor", "--json")
    rows = {row["check"]: row for row in json.loads(ran.stdout)}
    assert rows["nbapimgr"] == {
        "check": "nbapimgr",
        "ok": True,
        "found": nbapimgr.__version__,
        "do": "",
    }
    assert not rows["providers"]["ok"]
    assert ran.returncode == 1


def test_a_cell_is_answered_from_the_recordings_in_the_wheel(installed):
    notebooks = installed.site / NOTEBOOKS
    notebook = nbformat.read(notebooks / "01_quickstart.ipynb", as_version=4)
    cell = next(cell for cell in notebook.cells if cell.source.startswith("%%llm"))
    ran = installed.run(
        "python",
        "-c",
        CELL.format(source=cell.source),
        NBAPIMGR_MODE="replay",
        NBAPIMGR_RECORDINGS=str(notebooks / "llm-recordings"),
        IPYTHONDIR=str(installed.home / "ipython"),
    )
    *_, success, reply = ran.stdout.strip().splitlines()
    assert success == f"True {installed.site / 'nbapimgr' / '__init__.py'}", ran.stderr
    assert reply == f"rehearsal-anthropic {cell.outputs[0].data['text/plain']}"


def test_the_demo_finds_the_notebook_that_is_in_the_wheel(installed):
    code = "from nbapimgr.demo import _lab; print(_lab.quickstart())"
    ran = installed.run("python", "-c", code)
    assert ran.stdout.strip() == str(installed.site / NOTEBOOKS / "01_quickstart.ipynb"), ran.stderr
