"""Closing the manager at a bad moment leaves nothing behind."""

from __future__ import annotations

import gc
import warnings

import nbapimgr
from nbapimgr.engine import _trial
from tests.engine.faultserver import FaultServer, streamed


def test_closed_while_the_rest_of_an_answer_is_read(home, monkeypatch):
    """The answer is whole, and the server has not ended the response yet."""
    monkeypatch.setattr(_trial, "_DRAIN", 60.0)
    with FaultServer() as server:
        server.script(streamed("all of it", without=["end"]))
        llm = nbapimgr.connect(home)
        llm.providers.add("one", base_url=server.url, models=["m"])
        assert llm.ask("Say it.").text == "all of it"
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            nbapimgr.disconnect()
            del llm
            gc.collect()
        server.reached("gone")
    assert [str(one.message) for one in caught] == []
