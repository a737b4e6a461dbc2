"""Where keys end up without anybody's wish: the files that are looked through."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Literal

import msgspec

__all__ = ["Place", "places"]

Kind = Literal["notebook", "ipython history", "shell history", "tracked .env"]
_SKIPPED: Final = frozenset(
    {"node_modules", "site-packages", "__pycache__", "venv", "env", "envs", "build", "dist"}
)
"""Folders of other people's files; and every hidden one, but for the checkpoints of notebooks."""
_CHECKPOINTS: Final = ".ipynb_checkpoints"
_HISTORIES: Final = (
    ".bash_history",
    ".zsh_history",
    ".history",
    ".python_history",
    ".local/share/fish/fish_history",
    ".config/fish/fish_history",
    "AppData/Roaming/Microsoft/Windows/PowerShell/PSReadLine/ConsoleHost_history.txt",
)
_GIT_SECONDS: Final = 5.0


class Place(msgspec.Struct, frozen=True):
    """A file, and what kind of it."""

    kind: Kind
    path: Path


def places(
    *, work: Path, home: Path | None = None, environ: Mapping[str, str] | None = None
) -> Iterator[Place]:
    """The files, few and small ones first: histories, tracked `.env` files, notebooks.

    Args:
        work: The folder under which notebooks are looked for.
        home: The user's; None is this user's.
        environ: None is this process's.
    """
    home = Path.home() if home is None else home
    environ = os.environ if environ is None else environ
    named = environ.get("HISTFILE")
    histories = [home / name for name in _HISTORIES] + ([Path(named)] if named else [])
    for path in dict.fromkeys(histories):
        if path.is_file():
            yield Place("shell history", path)
    folder = Path(environ.get("IPYTHONDIR") or home / ".ipython")
    for path in sorted(folder.glob("profile_*/history.sqlite")):
        yield Place("ipython history", path)
    yield from (Place("tracked .env", path) for path in _tracked(work))
    yield from (Place("notebook", path) for path in _notebooks(work))


def _tracked(work: Path) -> list[Path]:
    """The `.env` files that git keeps: whoever gets the repository gets them."""
    git = shutil.which("git")
    if git is None:
        return []
    # A repository's own configuration can name programs; none of them is to run.
    quiet = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"]
    command = [
        git,
        *quiet,
        "ls-files",
        "-z",
        "--",
        ".env",
        ".env.*",
        "*.env",
        "**/.env",
        "**/.env.*",
    ]
    try:
        done = subprocess.run(  # noqa: S603  # git itself, found on the path
            command, cwd=work, capture_output=True, timeout=_GIT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    names = done.stdout.decode("utf-8", "surrogateescape").split("\0")
    found = (work / name for name in names if name)
    return [path for path in found if path.is_file() and not _example(path.name)]


def _example(name: str) -> bool:
    return any(word in name for word in ("example", "sample", "template", "dist"))


def _notebooks(work: Path) -> Iterator[Path]:
    for folder, inner, names in os.walk(work):
        inner[:] = sorted(
            name
            for name in inner
            if name == _CHECKPOINTS or (name not in _SKIPPED and not name.startswith("."))
        )
        for name in sorted(names):
            if name.endswith(".ipynb"):
                yield Path(folder) / name
