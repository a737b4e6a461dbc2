"""`%llm demo` in a kernel: whose providers are there, in which mode, and what is left behind."""

from __future__ import annotations

import pytest

import nbapimgr
from nbapimgr import NbApiMgrError, OptionError, UnknownName
from nbapimgr.demo import _notebook, rehearse
from nbapimgr.demo._home import provider_of
from nbapimgr.manager import attempt_rows, plan_rows

BOTH = ["rehearsal-anthropic", "rehearsal-gemini"]


@pytest.fixture
def manager(home):
    """The kernel's manager as it is before the demo; what the demo made is thrown away."""
    yield nbapimgr.connect(home)
    _notebook._throw_away()
    nbapimgr.disconnect()


@pytest.fixture
def no_model(monkeypatch):
    def gone(_progress):
        raise NbApiMgrError("no package index")

    monkeypatch.setattr(_notebook, "local_model", gone)


def test_it_becomes_the_kernels_manager_in_the_same_mode(manager, no_model):
    manager.mode = "record"
    told = rehearse(manager)
    llm = nbapimgr.connect()
    assert list(llm.providers) == BOTH
    assert llm.mode == "record"
    assert any("goes on alone: no package index" in line for line in told)


def test_a_model_this_kernel_knows_already_is_not_fetched_again(manager, no_model, tmp_path):
    gguf = tmp_path / "a.gguf"
    manager.providers.put(provider_of(gguf))
    told = rehearse(manager)
    assert list(nbapimgr.connect().providers) == [*BOTH, "smollm2"]
    assert nbapimgr.connect().providers["smollm2"].options == {"gguf": str(gguf)}
    assert any("SmolLM2-135M" in line for line in told)


def test_started_again_all_is_mended(manager, no_model):
    rehearse(manager)
    rehearse(nbapimgr.connect(), "break", "rehearsal-anthropic", "down")
    assert nbapimgr.connect().ask("hi").provider == "rehearsal-gemini"
    rehearse(nbapimgr.connect())
    assert nbapimgr.connect().ask("hi").provider == "rehearsal-anthropic"


def test_in_replay_mode_the_order_can_be_seen_and_nothing_is_started(manager):
    manager.mode = "replay"
    told = rehearse(manager)
    llm = nbapimgr.connect()
    request, _ = llm.request("hi")
    order = [row["candidate"].split(":")[0] for row in plan_rows(llm.plan(request))]
    assert order == [*BOTH, "smollm2"]
    assert llm.mode == "replay"
    assert "none of them is started" in told[1]
    assert _notebook._running == []


def test_in_replay_mode_too_a_typing_error_is_one(manager):
    manager.mode = "replay"
    (line,) = rehearse(manager, "break", "rehearsal-gemini", "down")
    assert line.startswith("rehearsal-gemini: it now answers 503 (replay mode")
    with pytest.raises(UnknownName, match="rehearsal-gemni"):
        rehearse(manager, "break", "rehearsal-gemni", "down")
    with pytest.raises(OptionError, match="'dwn'"):
        rehearse(manager, "break", "rehearsal-gemini", "dwn")


def test_nothing_is_left_behind(manager, no_model):
    rehearse(manager)
    nbapimgr.connect().ask("hi")
    (folder,) = _notebook._homes
    assert folder.is_dir()
    _notebook._throw_away()
    assert not folder.exists()
    assert _notebook._running == []


def test_fetching_the_model_is_told_of(manager, monkeypatch, tmp_path):
    def fetched(progress):
        progress(10, 20)
        return provider_of(tmp_path / "a.gguf")

    told = []
    monkeypatch.setattr(_notebook, "local_model", fetched)
    rehearse(manager, progress=lambda done, total: told.append((done, total)))
    assert told == [(10, 20)]
    assert list(nbapimgr.connect().providers) == [*BOTH, "smollm2"]


def test_a_replayed_answer_brings_the_trail_it_was_recorded_with(
    manager, no_model, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    manager.mode = "record"
    rehearse(manager)
    rehearse(nbapimgr.connect(), "break", "rehearsal-anthropic", "down")
    recorded = nbapimgr.connect().ask("hi").attempts
    llm = nbapimgr.connect()
    llm.mode = "replay"
    llm.ask("hi")
    rows = attempt_rows(llm.attempts)
    assert [row["outcome"] for row in rows] == ["service.overloaded"] * (len(rows) - 1) + ["ok"]
    assert [a.candidate.provider.name for a in llm.attempts] == [
        a.candidate.provider.name for a in recorded
    ]
    llm.mode = "live"
    llm.ask("hi")
    assert all(a.started_at for a in llm.attempts)
