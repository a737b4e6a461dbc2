"""The types in the panel's modules hold, where a TypeScript compiler is at hand."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

TSC = shutil.which("tsc")
PROJECT = Path(__file__).parent / "types"


@pytest.mark.skipif(TSC is None, reason="there is no TypeScript compiler on this machine (tsc)")
def test_the_types_of_the_javascript_hold():
    done = subprocess.run([TSC, "-p", PROJECT], capture_output=True, text=True, check=False)  # noqa: S603  # the compiler
    assert done.returncode == 0, done.stdout


@pytest.mark.skipif(TSC is None, reason="there is no TypeScript compiler on this machine (tsc)")
def test_a_wrong_type_is_found(tmp_path):
    static = Path(__file__).parents[2] / "nbapimgr" / "widgets" / "static"
    shutil.copytree(static, tmp_path / "static")
    shutil.copy(PROJECT / "anywidget.d.ts", tmp_path)
    panel = tmp_path / "static" / "panel.js"
    panel.write_text(panel.read_text("utf-8").replace('get("calls")', 'get("callz")'))
    project = (PROJECT / "tsconfig.json").read_text("utf-8")
    project = project.replace("../../../nbapimgr/widgets/static/panel.js", "static/panel.js")
    (tmp_path / "tsconfig.json").write_text(project)
    done = subprocess.run([TSC, "-p", tmp_path], capture_output=True, text=True, check=False)  # noqa: S603  # as above
    assert "callz" in done.stdout
