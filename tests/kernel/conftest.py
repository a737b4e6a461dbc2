"""Real kernels: the one of this environment, and the oldest supported where one is named."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from nbapimgr.demo import Rehearsal
from nbapimgr.settings import Settings, places, save
from tests.kernel.harness import Kernel

OLDEST = os.environ.get("NBAPIMGR_OLDEST_PYTHON")
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.kernel)


@pytest.fixture(params=["newest", "oldest"])
def python(request):
    """The interpreter that runs the kernel."""
    if request.param == "newest":
        return sys.executable
    if not OLDEST:
        pytest.skip("NBAPIMGR_OLDEST_PYTHON names no interpreter (tests/run makes one)")
    return OLDEST


@pytest.fixture(scope="session")
def rehearsal():
    """The rehearsal servers, all well at the start of each test that breaks none."""
    with Rehearsal() as running:
        yield running


@pytest.fixture
def providers(rehearsal, home):
    """A home with the two rehearsal providers; whoever is broken by a test is mended after."""
    save(places(home).settings, Settings(providers=rehearsal.providers))
    names = [provider.name for provider in rehearsal.providers]
    yield names
    for name in names:
        rehearsal.break_(name, "mend")


@pytest.fixture
def start(python, tmp_path, home):
    """Starts kernels; each is stopped at the end of the test."""
    specs = tmp_path / "specs" / "under-test"
    specs.mkdir(parents=True)
    spec = {
        "argv": [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "under test",
        "language": "python",
    }
    (specs / "kernel.json").write_text(json.dumps(spec))
    work = tmp_path / "work"
    work.mkdir()
    inherited = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
    own = {"NBAPIMGR_HOME": str(home), "IPYTHONDIR": str(tmp_path / "ipython")}
    started = []

    def start_kernel(**environment):
        kernel = Kernel(specs.parent, work, {**inherited, **own, **environment})
        started.append(kernel)
        return kernel.__enter__()

    yield start_kernel
    for kernel in started:
        kernel.__exit__()


@pytest.fixture
def kernel(start, providers):
    """A kernel with the extension loaded and the rehearsal configured."""
    running = start()
    running.run("%load_ext nbapimgr").ok()
    return running
