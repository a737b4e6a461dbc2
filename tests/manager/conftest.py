"""A manager of this test's own, and a server that answers as scripted."""

from __future__ import annotations

import pytest

from nbapimgr.manager import Manager
from tests.engine.faultserver import FaultServer


@pytest.fixture
def llm(home, tmp_path, monkeypatch):
    """A manager with a new home; the notebook is in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    manager = Manager(home)
    yield manager
    manager.close()


@pytest.fixture
def server():
    """Answers "ok" unless it is scripted otherwise."""
    with FaultServer() as running:
        yield running


@pytest.fixture
def asked(llm, server):
    """The manager, with the server as its one provider."""
    llm.providers.add("one", base_url=server.url, models=["m"])
    return llm
