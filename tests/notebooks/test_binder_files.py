"""The files of binder/ fit each other and the project; the environment itself: binder_env.sh."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.notebooks.harness import CHECKOUT, NOTEBOOKS

BINDER = CHECKOUT / "binder"
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
NEEDED = [
    *PROJECT["dependencies"],
    *EXTRAS["local"],
    *(line for line in EXTRAS["demo"] if line.startswith("llmock")),
]
"""What the notebooks need: the package, the real model, the rehearsal."""


def pins(text):
    """Name -> version of each line; a line that pins nothing has the version None."""
    found = {}
    for line in filter(None, (line.partition("#")[0].strip() for line in text.splitlines())):
        one = Requirement(line)
        (only,) = list(one.specifier) or [None]
        exact = only is not None and only.operator == "==" and not only.version.endswith("*")
        found[one.name.lower()] = only.version if exact else None
    return found


def unmet(needed, pinned):
    """The requirements that the pins do not meet."""
    return [
        line
        for line in needed
        if not (version := pinned.get((one := Requirement(line)).name.lower()))
        or version not in one.specifier
    ]


def test_only_the_files_that_repo2docker_reads_together():
    present = sorted(path.name for path in BINDER.iterdir())
    assert present == ["overrides.json", "postBuild", "requirements.txt", "runtime.txt", "start"]
    assert not (CHECKOUT / ".binder").exists()


def test_the_python_is_one_that_the_project_supports():
    version = (BINDER / "runtime.txt").read_text("utf-8").strip().removeprefix("python-")
    assert re.fullmatch(r"3\.\d+", version)
    assert f"Programming Language :: Python :: {version}" in PROJECT["classifiers"]


def test_every_requirement_is_pinned_and_meets_the_project():
    pinned = pins((BINDER / "requirements.txt").read_text("utf-8"))
    assert [name for name, version in pinned.items() if version is None] == []
    assert unmet(NEEDED, pinned) == []
    assert "nbapimgr" not in pinned


def test_a_loose_a_missing_and_a_wrong_pin_are_seen():
    pinned = pins("a\nb>=1\nc==1.*\nd==1.0  # why\n")
    assert pinned == {"a": None, "b": None, "c": None, "d": "1.0"}
    assert unmet(["d>=1", "d>=2", "e"], pinned) == ["d>=2", "e"]


@pytest.mark.parametrize("name", ["postBuild", "start"])
def test_a_script_stops_at_the_first_failure(name):
    path = BINDER / name
    lines = path.read_text("utf-8").splitlines()
    commands = [line for line in lines if line and not line.startswith("#")]
    assert lines[0] == "#!/bin/bash"
    assert commands[0] == "set -euo pipefail"
    assert path.stat().st_mode & stat.S_IXUSR


def test_start_sets_replay_mode_and_gives_way_to_the_command(tmp_path):
    said = subprocess.run(  # noqa: S603  # our own script
        [BINDER / "start", "printenv", "NBAPIMGR_MODE"],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "replay\n"
    assert (BINDER / "start").read_text("utf-8").rstrip().endswith('exec "$@"')


def test_post_build_installs_the_project_and_trusts_what_is_there():
    text = (BINDER / "postBuild").read_text("utf-8")
    assert re.search(r"pip install .*\.$", text, re.MULTILINE)
    assert "jupyter trust notebooks/*.ipynb" in text
    assert list(NOTEBOOKS.glob("*.ipynb"))


def test_jupyterlab_asks_nothing_at_the_first_start():
    overrides = json.loads((BINDER / "overrides.json").read_text("utf-8"))
    assert overrides["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"


@pytest.mark.parametrize("path", sorted(BINDER.iterdir()), ids=lambda path: Path(path).name)
def test_no_key_is_set_or_asked_for(path):
    assert not re.search(r"_API_KEY|_TOKEN|SECRET|PASSWORD", path.read_text("utf-8"))
