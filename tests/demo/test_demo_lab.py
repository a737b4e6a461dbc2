"""`nbapimgr demo --lab`: which notebook it opens, with whom to ask, and what it leaves behind."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from nbapimgr import MissingExtra, NbApiMgrError
from nbapimgr.demo import _lab, open_lab
from nbapimgr.settings import load, places

NAME = "01_quickstart.ipynb"


def test_in_a_checkout_it_is_the_checkouts_own():
    assert _lab.quickstart() == Path(__file__).parents[2] / "notebooks" / NAME


def test_one_of_that_name_in_the_users_folder_is_not_taken_for_it(tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / NAME).touch()
    monkeypatch.chdir(tmp_path)
    assert tmp_path not in _lab.quickstart().parents


def test_where_there_is_none_it_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(_lab, "__file__", str(tmp_path / "nbapimgr" / "demo" / "_lab.py"))
    with pytest.raises(NbApiMgrError, match=NAME) as e:
        _lab.quickstart()
    assert "reinstall" in e.value.hint


def test_lab_opens_on_a_copy_with_the_rehearsal_running(monkeypatch):
    seen = {}

    def lab(command, env):
        seen["notebook"] = Path(command[-1])
        seen["beside"] = {path.name for path in seen["notebook"].parent.iterdir()}
        seen["providers"] = [p.name for p in load(places(env["NBAPIMGR_HOME"]).settings).providers]
        return 3

    monkeypatch.setattr(_lab.subprocess, "call", lab)
    assert open_lab(model=False) == 3
    assert {NAME, "llm-recordings"} <= seen["beside"]
    assert seen["providers"] == ["rehearsal-anthropic", "rehearsal-gemini"]
    assert not seen["notebook"].exists()


def test_the_key_that_ends_lab_is_no_failure(monkeypatch):
    def stopped(*_args, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr(_lab.subprocess, "call", stopped)
    assert open_lab(model=False) == 0


def test_without_jupyterlab_the_command_that_installs_it_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(MissingExtra) as e:
        open_lab(model=False)
    assert "nbapimgr[demo]" in e.value.hint
