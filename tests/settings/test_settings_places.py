"""Where an administrator's settings are looked for: nowhere that a user's variables can say."""

from __future__ import annotations

from pathlib import Path, PureWindowsPath

import pytest

from nbapimgr.settings import managed_files


@pytest.mark.parametrize(
    ("platform", "first"),
    [
        ("linux", "/etc/xdg/nbapimgr/managed.toml"),
        ("darwin", "/Library/Application Support/nbapimgr/managed.toml"),
    ],
)
def test_the_platforms_folder_is_first_and_jupyters_follow(platform, first, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_DIRS", "/home/me")
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "/home/me")
    assert managed_files(platform) == (
        Path(first),
        Path("/usr/local/etc/jupyter/nbapimgr/managed.toml"),
        Path("/etc/jupyter/nbapimgr/managed.toml"),
    )


def test_on_windows(monkeypatch):
    monkeypatch.setenv("PROGRAMDATA", "D:\\Data")
    found = [PureWindowsPath(str(path).replace("/", "\\")) for path in managed_files("win32")]
    assert found == [
        PureWindowsPath("D:\\Data\\nbapimgr\\managed.toml"),
        PureWindowsPath("D:\\Data\\jupyter\\nbapimgr\\managed.toml"),
    ]
