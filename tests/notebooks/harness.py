"""Runs notebooks: by nbclient as people do, and by nbval, which compares; nothing past loopback."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[1]
NOTEBOOKS = CHECKOUT / "notebooks"
FAILING = HERE / "failing_cells.ipynb"
RAISES = "raises-exception"
TIMEOUT = 120
_INHERITED = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "TEMP")


def environment(folder, mode, *, model=None, stream=True):
    """The environment of a kernel: a home of its own in `folder`, no keys, no network.

    Args:
        folder: Where everything that is written goes.
        mode: Where answers come from.
        model: The file of the small real model; None does without.
        stream: False where outputs are compared: an answer is then one output.
    """
    home = folder / "home"
    if model is not None:
        cached = home / "cache" / "models"
        cached.mkdir(parents=True, exist_ok=True)
        if not (cached / model.name).exists():
            (cached / model.name).symlink_to(model)
    own = {
        "HOME": str(folder),
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_CONFIG_DIR": str(folder / "jupyter"),
        "JUPYTER_DATA_DIR": str(folder / "jupyter"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "NBAPIMGR_HOME": str(home),
        "NBAPIMGR_MODE": mode,
        "NBAPIMGR_STREAM": "1" if stream else "0",
        "PYTHONPATH": str(HERE / "guard"),
    }
    return {name: os.environ[name] for name in _INHERITED if name in os.environ} | own


def client_for(notebook, cwd):
    """A client that runs a notebook in `cwd` with the kernel of this environment."""
    finder = KernelSpecManager(kernel_dirs=[], ensure_native_kernel=True)
    client = NotebookClient(
        notebook,
        km=AsyncKernelManager(kernel_name="python3", kernel_spec_manager=finder),
        timeout=TIMEOUT,
        record_timing=False,
        resources={"metadata": {"path": str(cwd)}},
    )
    client.owns_km = True  # so that it stops the kernel at the end
    return client


def run(path, env):
    """The notebook as it is after all of its cells ran, beside where it lies.

    Raises:
        CellExecutionError: A cell failed that is not tagged for it.
    """
    notebook = nbformat.read(path, as_version=4)
    client_for(notebook, path.parent).execute(env=env)
    return notebook


@dataclass(frozen=True)
class Verdict:
    """What nbval said: the cells by number, and why each failed one did."""

    passed: tuple[int, ...]
    failed: dict[int, str]


def nbval(path, env):
    """Run nbval over a notebook, every output compared, in a process of its own."""
    config = Path(env["HOME"]) / "pytest.ini"
    config.write_text("[pytest]\n")
    report = config.with_name("report.xml")
    command = [
        sys.executable, "-m", "pytest", "-c", str(config), "--rootdir", str(path.parent),
        "-p", "no:cacheprovider", "--color=no", f"--junitxml={report}",
        "--nbval", "--nbval-current-env", f"--nbval-cell-timeout={TIMEOUT}", str(path),
    ]  # fmt: skip
    done = subprocess.run(  # noqa: S603  # pytest with our own arguments
        command, env=env, cwd=path.parent, capture_output=True, text=True, check=False
    )
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    passed, failed = [], {}
    for case in ET.parse(report).iter("testcase"):  # noqa: S314  # pytest just wrote it
        number = int(case.attrib["name"].removeprefix("Cell "))
        wrong = case.find("failure")
        if wrong is None:
            passed.append(number)
        else:
            failed[number] = wrong.text or ""
    return Verdict(tuple(passed), failed)


def code_cells(notebook):
    """The cells that run, in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def expected_to_fail(cell):
    """Whether a cell is tagged as one that raises."""
    return RAISES in cell.metadata.get("tags", [])


def silent(notebook):
    """The cells that should have failed and show no error, as (id, what they show)."""
    return [
        (cell.id, cell.outputs)
        for cell in code_cells(notebook)
        if expected_to_fail(cell) and all(o.output_type != "error" for o in cell.outputs)
    ]


def write(notebook, path):
    """Write a notebook as it is kept: nothing in it of the machine it ran on."""
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {
                "display_name": "Python 3 (ipykernel)",
                "language": "python",
                "name": "python3",
            },
            "language_info": {"name": "python"},
        }
    )
    nbformat.write(notebook, path)
