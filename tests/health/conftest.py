"""A clock that stands still until it is told."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # health_attempts

from health_attempts import Clock


@pytest.fixture
def clock():
    """A clock of the test's own."""
    return Clock()
