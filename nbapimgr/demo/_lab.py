"""`nbapimgr demo --lab`: JupyterLab on the quickstart notebook, with the rehearsal running."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from nbapimgr.demo._home import furnish, settings_for
from nbapimgr.demo._rehearsal import Rehearsal
from nbapimgr.demo._tour import fetched_model
from nbapimgr.errors import MissingExtra, NbApiMgrError

__all__ = ["open_lab", "quickstart"]

_NAME: Final = "01_quickstart.ipynb"


def open_lab(*, model: bool = True) -> int:
    """Start JupyterLab in a throw-away folder and wait for it to end; its exit code.

    Raises:
        MissingExtra: JupyterLab or llmock is not installed.
        NbApiMgrError: The notebook is not found.
    """
    import importlib.util

    if importlib.util.find_spec("jupyterlab") is None:
        raise MissingExtra("JupyterLab is not installed", hint='pip install "nbapimgr[demo]"')
    source = quickstart()
    local = fetched_model() if model else None
    folder = Path(tempfile.mkdtemp(prefix="nbapimgr-demo-"))
    try:
        with Rehearsal() as rehearsal:
            furnish(folder / ".home", settings_for(rehearsal.providers, *filter(None, [local])))
            shutil.copytree(source.parent, folder, dirs_exist_ok=True)
            return subprocess.call(  # noqa: S603  # JupyterLab with our own arguments
                [sys.executable, "-m", "jupyterlab", str(folder / _NAME)],
                env={**os.environ, "NBAPIMGR_HOME": str(folder / ".home")},
            )
    except KeyboardInterrupt:
        return 0
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def quickstart() -> Path:
    """The quickstart notebook as it was installed; in a checkout, the checkout's own.

    Raises:
        NbApiMgrError: There is neither.
    """
    here = Path(__file__).parent
    for folder in (here / "notebooks", here.parents[1] / "notebooks"):
        if (folder / _NAME).is_file():
            return folder / _NAME
    raise NbApiMgrError(f"{_NAME} is not found", hint="pip install --force-reinstall nbapimgr")
