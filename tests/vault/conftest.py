"""A vault of each test's own."""

from __future__ import annotations

import pytest

from tests.vault.vaults import folders_in, new_vault


@pytest.fixture
def folders(home):
    return folders_in(home)


@pytest.fixture
def vault(home):
    """An open vault without keys."""
    return new_vault(home)[0]
