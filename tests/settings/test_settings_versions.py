"""Older files of ours are carried over and kept; newer ones are read and never written."""

from __future__ import annotations

import tomllib

import pytest

from nbapimgr.errors import SettingsError
from nbapimgr.settings import Settings, load, read, save
from nbapimgr.settings import _versions as room
from nbapimgr.settings._versions import VERSION

OLD = """\
version = 1   # the first
default = "a"

[providers.a]
dialect = "openai-chat"
base_url = "http://127.0.0.1:9/v1"
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "settings.toml"


def test_an_older_file_means_what_it_meant(path):
    path.write_text(OLD)
    found = load(path)
    assert (found.default, found.providers[0].name) == ("a", "a")
    assert path.read_text() == OLD


def test_the_older_file_is_kept_when_the_new_one_is_written(path):
    path.write_text(OLD)
    save(path, Settings(default="b"))
    assert tomllib.loads(path.read_text()) == {"version": VERSION, "default": "b"}
    assert "# the first" in path.read_text()
    backup = path.with_name("settings.toml.v1")
    assert backup.read_text() == OLD
    path.write_text("version = 1\n")
    save(path, Settings(default="c"))
    assert backup.read_text() == OLD  # the first one is the one from before


def test_a_file_of_this_version_leaves_no_copy(path):
    save(path, Settings(default="a"))
    save(path, Settings(default="b"))
    assert {p.name for p in path.parent.iterdir()} <= {"settings.toml", "settings.toml.lock"}


def test_each_step_is_taken(monkeypatch):
    monkeypatch.setattr(room, "VERSION", 4)
    steps = {
        n: lambda table, n=n: {**table, "steps": [*table.get("steps", []), n]} for n in (1, 2, 3)
    }
    monkeypatch.setattr(room, "_STEPS", steps)
    assert room.upgraded({"x": 1}, 2) == {"x": 1, "steps": [2, 3]}
    assert room.upgraded({}, 4) == {}


NEWER = """\
version = 99
default = "a"
mode = {what = "is this"}
horizon = 3

[providers.a]
dialect = "openai-chat"
base_url = "http://127.0.0.1:9/v1"

[budgets]
b = "a word"
"""


def test_a_newer_file_is_read_as_far_as_it_is_understood(path):
    path.write_text(NEWER)
    table, newer = read(path)
    assert {key: table[key] for key in table if key != "providers"} == {"default": "a"}
    assert load(path).providers[0].name == "a"
    assert "version 99 is a newer nbapimgr's: it is read and not changed" in str(newer)
    assert newer.hint == "pip install -U nbapimgr"


def test_a_newer_file_is_never_written(path):
    path.write_text(NEWER)
    with pytest.raises(SettingsError, match="version 99 is a newer nbapimgr's"):
        save(path, Settings())
    assert path.read_text() == NEWER
