"""Two llmock servers, and a manager that asks them."""

from __future__ import annotations

import pytest
from llmock.testing import LLMockServer

import nbapimgr
from nbapimgr.engine import Limits
from tests.llmock.llmock_stack import PROVIDERS, Scene


@pytest.fixture(scope="session")
def servers():
    """The server of the provider that is in trouble, and that of the one behind it."""
    with LLMockServer() as main, LLMockServer() as spare:
        yield main, spare


@pytest.fixture(params=list(PROVIDERS))
def scene(request, home, servers):
    """One of llmock's providers, asked through the whole stack."""
    llm = nbapimgr.connect(home)
    yield Scene(llm, *servers, request.param)
    nbapimgr.disconnect()


@pytest.fixture
def hasty(scene):
    """An engine that soon loses patience with silence."""
    scene.llm._engine._limits = Limits(first_token=0.8, stall=0.8)
    return scene
