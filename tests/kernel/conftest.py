"""Real kernels: the one of this environment, and the oldest supported where one is named."""

from __future__ import annotations

import json
import os
import sys

import pytest

from tests.kernel.harness import Kernel

OLDEST = os.environ.get("NBAPIMGR_OLDEST_PYTHON")


def pytest_collection_modifyitems(items):
    for item in items:
        if "/tests/kernel/" in str(item.path):
            item.add_marker(pytest.mark.kernel)


@pytest.fixture(params=["newest", "oldest"])
def python(request):
    """The interpreter that runs the kernel."""
    if request.param == "newest":
        return sys.executable
    if not OLDEST:
        pytest.skip("NBAPIMGR_OLDEST_PYTHON names no interpreter (tests/run makes one)")
    return OLDEST


@pytest.fixture
def kernel(python, tmp_path, home):
    """A started kernel with the extension loaded and a home of its own."""
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
    environment = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
    environment |= {"NBAPIMGR_HOME": str(home), "IPYTHONDIR": str(tmp_path / "ipython")}
    with Kernel(specs.parent, work, environment) as started:
        started.run("%load_ext nbapimgr").ok()
        yield started
