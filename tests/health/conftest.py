"""A clock that stands still until it is told."""

from __future__ import annotations

import pytest

from tests.health.health_attempts import Clock


@pytest.fixture
def clock():
    """A clock of the test's own."""
    return Clock()
