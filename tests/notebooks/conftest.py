"""Copies of the notebooks to run, and the real model of the live ones."""

from __future__ import annotations

import shutil

import pytest

from nbapimgr.settings import places
from tests.notebooks.harness import FAILING, NOTEBOOKS
from tests.real.real_model import model_file


@pytest.fixture(scope="session")
def model():
    """The file of the small real model."""
    return model_file(places().cache / "models")


@pytest.fixture
def copied(tmp_path):
    """Copies a notebook with its recordings to where it can be run and changed."""

    def one(path):
        work = tmp_path / "work"
        if path == FAILING:
            work.mkdir()
            shutil.copy(path, work)
        else:
            shutil.copytree(NOTEBOOKS, work)
        return work / path.name

    return one
