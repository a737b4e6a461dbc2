"""A settings file that is damaged, read-only or shared never stops a cell, and loses nothing."""

from __future__ import annotations

import errno
import logging
import os

import msgspec
import pytest

from nbapimgr import Manager
from nbapimgr.settings import load

URL = "http://127.0.0.1:9/v1"


@pytest.fixture
def path(home):
    return home / "settings.toml"


def no_space(*_, **__):
    raise OSError(errno.EROFS, os.strerror(errno.EROFS))


@pytest.mark.parametrize(
    "text", ["default = ", "providers = 3", "[providers.x]\ndialect = 3", "version = -1", "\0"]
)
def test_a_damaged_file_is_said_and_the_cell_answered(home, path, server, caplog, text):
    home.mkdir()
    path.write_text(text)
    llm = Manager(home)
    [line] = llm.trouble
    assert line.startswith(f"settings are not read and not saved: {path}: ")
    assert "\n" not in line
    assert llm.settings.providers == ()
    llm.providers.add("one", base_url=server.url, models=["m"])
    assert llm.ask("Hi").text == "ok"
    assert path.read_text() == text
    assert llm.trouble == (line,)
    assert caplog.text.count("settings are not read") == 1
    llm.close()


def test_once_it_is_mended_everything_is_saved(home, path, server):
    home.mkdir()
    path.write_text("default = ")
    llm = Manager(home)
    llm.providers.add("one", base_url=server.url)
    llm.providers.add("two", base_url=server.url)
    llm.providers.remove("one")
    path.write_text('[providers.old]\ndialect = "openai-chat"\nbase_url = "http://127.0.0.1:9"\n')
    llm.providers.add("three", base_url=server.url)
    assert llm.trouble == ()
    assert [p.name for p in load(path).providers] == ["old", "two", "three"]
    assert llm.settings == load(path)
    llm.close()


def test_a_read_only_disk_is_said_and_the_cell_answered(llm, path, server, monkeypatch, caplog):
    llm.providers.add("old", base_url=URL)
    before = path.read_bytes()
    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING):
        patch.setattr("tempfile.mkstemp", no_space)
        llm.providers.add("one", base_url=server.url, models=["m"], priority=1)
        llm.use("one", save=True)
        assert llm.trouble == (
            f"settings are not saved: {path}: cannot be written: {os.strerror(errno.EROFS)}",
        )
        assert llm.ask("Hi").text == "ok"
    assert path.read_bytes() == before
    assert caplog.text.count("settings are not saved") == 1
    llm.providers.update("old", priority=7)
    assert llm.trouble == ()
    saved = load(path)
    assert [p.name for p in saved.providers] == ["old", "one"]
    assert (saved.default, saved.provider("old").priority) == ("one", 7)


def test_a_home_that_is_a_file(tmp_path, server):
    (tmp_path / "file").write_text("in the way")
    llm = Manager(tmp_path / "file")
    llm.providers.add("one", base_url=server.url, models=["m"])
    assert llm.ask("Hi").text == "ok"
    assert any("settings are not" in line for line in llm.trouble)
    assert any("usage" in line for line in llm.trouble)
    llm.close()


def test_rows_that_cannot_be_kept_are_said(home, server):
    home.mkdir()
    (home / "usage").write_text("in the way")
    llm = Manager(home)
    llm.providers.add("one", base_url=server.url, models=["m"])
    assert llm.ask("Hi").text == "ok"
    [line] = llm.trouble
    assert "usage" in line
    llm.close()


def test_two_kernels_lose_nothing_of_each_others(home):
    one, two = Manager(home), Manager(home)
    one.providers.add("a", base_url=URL)
    two.providers.add("b", base_url=URL)
    one.providers.add("c", base_url=URL)
    two.use("b", save=True)
    one.providers.update("a", priority=3)
    assert [p.name for p in load(home / "settings.toml").providers] == ["a", "b", "c"]
    assert load(home / "settings.toml").default == "b"
    assert list(one.providers) == ["a", "b", "c"]  # what is changed is the newest
    two.providers.remove("a")
    one.providers.add("d", base_url=URL)
    assert list(one.providers) == ["b", "c", "d"]
    one.close()
    two.close()


def test_a_snapshot_stays_what_it_is(llm):
    before = llm.settings
    llm.providers.add("a", base_url=URL)
    assert before.providers == ()
    with pytest.raises(AttributeError):
        before.default = "x"
    assert llm.settings == msgspec.structs.replace(before, providers=(llm.providers["a"],))
