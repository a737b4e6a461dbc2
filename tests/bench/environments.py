"""The peers' environments: made by pip when they are first needed, and kept."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
LITELLM = "requirements-litellm.txt"
OPENAI = "requirements-peers.txt"


def default_folder() -> Path:
    """Where they are kept unless the command says otherwise."""
    from platformdirs import user_cache_path

    return user_cache_path("nbapimgr", appauthor=False) / "bench"


def python_of(requirements: str, folder: Path, *, here: Path = HERE) -> str:
    """The interpreter of the environment that has what a file of this folder, or of `here`, pins.

    Raises:
        subprocess.CalledProcessError: pip cannot make it.
    """
    wanted = (here / requirements).read_bytes() + sys.version.encode()
    home = folder / f"{Path(requirements).stem}-{hashlib.sha256(wanted).hexdigest()[:12]}"
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    done = home / ".done"
    if not done.exists():
        print(f"making {home}", file=sys.stderr)
        shutil.rmtree(home, ignore_errors=True)
        for command in (
            (sys.executable, "-m", "venv", str(home)),
            (str(python), "-m", "pip", "install", "-qq", "-r", str(here / requirements)),
        ):
            subprocess.run(command, check=True)  # noqa: S603  # our own words
        done.touch()
    return str(python)
