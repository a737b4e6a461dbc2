"""The wheel as people get it: built once, installed where there is no checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[1]


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.wheel)


def build(source, out, *what):
    """Build a wheel or an sdist; the file.

    Without isolation: what builds it is the test environment's, and no package index is asked.
    """
    done = subprocess.run(  # noqa: S603  # build with our own arguments
        [sys.executable, "-m", "build", "--no-isolation", *what, "--outdir", str(out), str(source)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = out.iterdir()
    return made


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """The wheel, built from the checkout."""
    return build(CHECKOUT, tmp_path_factory.mktemp("wheel"), "--wheel")


@pytest.fixture(scope="session")
def sdist(tmp_path_factory):
    """The source distribution."""
    return build(CHECKOUT, tmp_path_factory.mktemp("sdist"), "--sdist")


@pytest.fixture(scope="session")
def wheel_of_sdist(sdist, tmp_path_factory):
    """The wheel, built from the unpacked source distribution."""
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (source,) = folder.iterdir()
    return build(source, tmp_path_factory.mktemp("again"), "--wheel")


@dataclass(frozen=True)
class Installed:
    """An environment in which the wheel is installed."""

    folder: Path
    home: Path

    @property
    def scripts(self):
        return self.folder / ("Scripts" if os.name == "nt" else "bin")

    @property
    def site(self):
        """Where the wheel is."""
        paths = {"base": str(self.folder), "platbase": str(self.folder)}
        return Path(sysconfig.get_path("purelib", "venv", paths))

    def run(self, *command, **environment):
        """Run one of its commands, far from the checkout."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return subprocess.run(  # noqa: S603  # the environment's own commands
            [self.scripts / command[0], *command[1:]],
            cwd=self.home,
            env={**kept, "HOME": str(self.home), "NBAPIMGR_HOME": str(self.home), **environment},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="session")
def installed(wheel, tmp_path_factory):
    """A fresh environment with the wheel; what it depends on is borrowed from this one.

    A line of a .pth file adds this environment's packages behind the wheel; the .pth files among
    them, and so an editable nbapimgr, are not read.
    """
    folder = tmp_path_factory.mktemp("environment") / "venv"
    subprocess.run(  # noqa: S603  # our own arguments
        [sys.executable, "-m", "venv", "--without-pip", folder], check=True
    )
    environment = Installed(folder, tmp_path_factory.mktemp("home"))
    subprocess.run(  # noqa: S603  # our own arguments
        [
            sys.executable, "-m", "pip", "--python", str(environment.scripts / "python"),
            "install", "-q", "--no-index", "--no-deps", "--disable-pip-version-check", str(wheel),
        ],
        check=True,
    )  # fmt: skip
    (environment.site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return environment
