"""A shell of each test's own, without a kernel, and what its cells show."""

from __future__ import annotations

import contextlib
import io
import os
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

import pytest
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from nbapimgr.demo import Rehearsal
from nbapimgr.magics import register, unregister
from nbapimgr.manager import connect, disconnect
from nbapimgr.models import Provider
from nbapimgr.settings import Settings
from tests.magics.replies import FIRST, SECOND


@dataclass
class Ran:
    """What one cell did."""

    value: Any
    error: BaseException | None
    shown: list
    """Its displays with the updates applied: dicts of data and metadata."""
    sent: list
    """The same as it was sent: displays and updates."""
    stdout: str
    stderr: str

    def ok(self):
        assert self.error is None, self.stdout
        return self

    @property
    def texts(self):
        return [output["data"]["text/plain"] for output in self.shown]


def _applied(sent):
    kept, by_id = [], {}
    for output in sent:
        shown_as = output["transient"].get("display_id") if output["transient"] else None
        if output["update"]:
            by_id[shown_as].update(data=output["data"], metadata=output["metadata"])
            continue
        kept.append(dict(output))
        if shown_as:
            by_id[shown_as] = kept[-1]
    return kept


@pytest.fixture
def bare(home, tmp_path, monkeypatch):
    """A shell as in a terminal, with nothing loaded."""
    monkeypatch.chdir(tmp_path)
    InteractiveShell.clear_instance()
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    shell = InteractiveShell.instance(config=config)
    shell.display_pub = CapturingDisplayPublisher(parent=shell)
    yield shell
    unregister(shell)
    disconnect()
    shell.restore_sys_module_state()
    InteractiveShell.clear_instance()


@pytest.fixture
def shell(bare):
    """A shell as in a terminal, with the extension loaded."""
    register(bare)
    return bare


@pytest.fixture
def in_notebook(shell):
    """Makes the shell one of a notebook: what it shows can be updated."""
    shell.kernel = object()


@pytest.fixture
def run(bare):
    """Runs a cell as a user does, as if no test was running."""

    def run_cell(code, **options):
        bare.display_pub.outputs.clear()
        out, err = io.StringIO(), io.StringIO()
        with (
            mock.patch.dict(os.environ),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            os.environ.pop("PYTEST_CURRENT_TEST", None)
            done = bare.run_cell(code, **options)
        sent = [dict(output) for output in bare.display_pub.outputs]
        error = done.error_before_exec or done.error_in_exec
        return Ran(done.result, error, _applied(sent), sent, out.getvalue(), err.getvalue())

    return run_cell


@pytest.fixture
def manager(shell, home):
    """The kernel's manager with two providers that are not there."""
    return connect(home, settings=Settings(providers=(FIRST, SECOND)))


@pytest.fixture
def empty(shell, home):
    """A manager without providers."""
    return connect(home, settings=Settings())


@pytest.fixture
def hosted(shell, home):
    """A manager with one provider that needs a key."""
    provider = Provider(
        name="mine", dialect="openai-chat", base_url="http://127.0.0.1:9", models=("m",),
        env=("MINE_KEY",),
    )  # fmt: skip
    return connect(home, settings=Settings(providers=(provider,)))


@pytest.fixture
def script(manager, monkeypatch):
    """Makes the manager's calls give these events; an exception is raised, a function called.

    Gives the list of what is asked: (request, source).
    """
    asked = []

    def script_with(*items):
        def stream(request, *, source=None, idle=None):
            asked.append((request, source))
            for item in items:
                if isinstance(item, BaseException):
                    raise item
                if callable(item):
                    item(idle)
                else:
                    yield item

        monkeypatch.setattr(manager, "stream", stream)
        return asked

    return script_with


@pytest.fixture(scope="session")
def rehearsal():
    """The rehearsal servers, which answer at once here."""
    with Rehearsal() as running:
        state = running._server.state
        state.stream_chaos = replace(state.stream_chaos, chunk_delay_ms=0)
        yield running


@pytest.fixture
def rehearsed(shell, rehearsal, home):
    """The kernel's manager with the rehearsal providers; whoever is broken is mended after."""
    yield connect(home, settings=Settings(providers=rehearsal.providers))
    for provider in rehearsal.providers:
        rehearsal.break_(provider.name, "mend")
