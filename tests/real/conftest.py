"""A real language model on this machine, fetched once, and a manager that asks it."""

from __future__ import annotations

import pytest

import nbapimgr
from nbapimgr.engine import Limits
from nbapimgr.local import _server, stop_all
from nbapimgr.settings import places
from tests.real.real_model import model_file

PATIENT = Limits(first_token=240.0, stall=240.0)
"""A busy machine reads 30 tokens a second; how long the engine waits is tested with the engine."""


@pytest.fixture(scope="session")
def gguf():
    """The model's file; what it was served by is stopped at the end."""
    yield model_file(places().cache / "models")
    stop_all()


@pytest.fixture
def llm(home, gguf):
    """The kernel's manager, with the model as its one provider."""
    manager = nbapimgr.connect(home)
    manager._engine._limits = PATIENT
    add_model(manager, gguf, "local")
    yield manager
    nbapimgr.disconnect()


@pytest.fixture
def add(llm, gguf):
    """Adds the model as a further provider, served by a child of its own."""

    def one(name, *, model="smollm2", **options):
        add_model(llm, gguf, name, model=model, **options)

    return one


@pytest.fixture
def child(llm):
    """The process that serves a provider; it is started where there is none."""

    def process(name="local"):
        address = _server.start(llm.providers[name]).base_url.removesuffix("/v1")
        return next(one.process for one in _server._children.values() if one.address == address)

    return process


def add_model(manager, gguf, name, *, model="smollm2", **options):
    """Add the model as a provider."""
    manager.providers.add(
        name,
        models=[model],
        priority=len(manager.providers),
        options={"gguf": str(gguf), **options},
    )
