"""A manager with providers on a fault server, and its settings panel without a page."""

from __future__ import annotations

import queue

import pytest

from nbapimgr.manager import Manager
from nbapimgr.widgets import _panel
from tests.engine.faultserver import FaultServer

KEY = "sk-canary-7d1f0a3c9e5b2468"


@pytest.fixture(scope="module")
def server():
    with FaultServer() as running:
        yield running


@pytest.fixture
def manager(home):
    made = Manager(home)
    yield made
    made.close()


@pytest.fixture
def later(monkeypatch):
    """What the panel does beside the main thread waits in this list until a test does it."""
    waiting = []
    monkeypatch.setattr(_panel, "_later", waiting.append)
    return waiting


@pytest.fixture
def panel(manager, later):
    return manager.panel()


class Page:
    """The other end of a panel: asks it, and keeps what it says."""

    def __init__(self, panel, monkeypatch):
        self.panel = panel
        self.told = queue.SimpleQueue()
        monkeypatch.setattr(panel.widget, "send", self._sent)

    def _sent(self, content, buffers=()):
        self.told.put((content, [bytes(b) for b in buffers]))

    def ask(self, kind, *, buffers=(), **payload):
        """The answer to a message."""
        content = {"id": f"q-{kind}", "kind": kind, **payload}
        self.panel.widget._handle_custom_msg(content, list(buffers))
        answer, self.buffers = self.told.get_nowait()
        assert answer["id"] in {content["id"], ""}
        return answer

    def hears(self):
        """The next sentence that answers no message."""
        answer, _ = self.told.get_nowait()
        assert answer["id"] == ""
        return answer


@pytest.fixture
def page(panel, monkeypatch):
    return Page(panel, monkeypatch)
