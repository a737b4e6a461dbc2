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


def pytest_generate_tests(metafunc):
    if "which" in metafunc.fixturenames:
        metafunc.parametrize("which", ["newest", "oldest"], scope="session")


@pytest.fixture(scope="session")
def python(which):
    """The interpreter that runs the kernel."""
    if which == "newest":
        return sys.executable
    if not OLDEST and "CI" in os.environ:
        pytest.fail("in CI the oldest kernel is tested too: NBAPIMGR_OLDEST_PYTHON names none")
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


@pytest.fixture(scope="session")
def launch(python, tmp_path_factory):
    """Starts kernels of the interpreter; each is stopped at the end."""
    folder = tmp_path_factory.mktemp("kernels")
    spec_folder = folder / "specs" / "under-test"
    spec_folder.mkdir(parents=True)
    spec = {
        "argv": [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "under test",
        "language": "python",
    }
    (spec_folder / "kernel.json").write_text(json.dumps(spec))
    inherited = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
    started = []

    def start_kernel(work, **environment):
        own = {"IPYTHONDIR": str(folder / "ipython"), **environment}
        kernel = Kernel(spec_folder.parent, work, {**inherited, **own})
        started.append(kernel)
        return kernel.__enter__()

    yield start_kernel
    for kernel in started:
        kernel.__exit__()


@pytest.fixture
def start(launch, tmp_path, home):
    """Starts a kernel of this test's own."""
    return lambda **environment: launch(tmp_path, NBAPIMGR_HOME=str(home), **environment)


@pytest.fixture(scope="session")
def shared(launch, tmp_path_factory):
    """One kernel for the tests that need no process of their own."""
    return launch(tmp_path_factory.mktemp("shared"))


@pytest.fixture
def kernel(shared, providers, home, tmp_path):
    """A kernel as good as new, with the extension loaded and the rehearsal configured."""
    shared.run(
        "get_ipython().run_line_magic('reset', '-f')\n"
        f"import os; os.environ['NBAPIMGR_HOME'] = {str(home)!r}; os.chdir({str(tmp_path)!r})"
    ).ok()
    shared.run("%load_ext nbapimgr").ok()
    yield shared
    shared.run("%unload_ext nbapimgr")
