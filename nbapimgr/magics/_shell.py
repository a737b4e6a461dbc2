"""What the shell knows of the cell that runs: where a call comes from."""

from __future__ import annotations

import os
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from nbapimgr.models import Origin

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["has_person", "is_watched", "origin"]


def origin(shell: InteractiveShell) -> Origin:
    """The notebook and the cell, as far as the front end says.

    JupyterLab sends the cell's id with each execution; jupyter_server sets `JPY_SESSION_NAME` to
    the notebook's path. Neither is there under nbclient, nbval or a terminal.
    """
    notebook = os.environ.get("JPY_SESSION_NAME")
    return Origin(
        notebook=PurePath(notebook).name if notebook else None,
        cell_id=_cell_id(shell),
        execution_count=_number(shell),
        project=_folder(),
    )


def is_watched(shell: InteractiveShell) -> bool:
    """Whether a front end with a person before it runs this cell, and not a program.

    Notebook front ends send the cell's id with each execution (as `origin` has it), nbclient, nbval
    and papermill do not.
    """
    return hasattr(shell, "kernel") and _cell_id(shell) is not None


def has_person(shell: InteractiveShell | None) -> bool:
    """Whether a notebook's cell runs with a person before it who could use a widget.

    Front ends that send no cell's id say at least that they can ask for a line; nbclient, nbval and
    papermill say that they cannot.
    """
    if shell is None or not hasattr(shell, "kernel"):
        return False
    return is_watched(shell) or bool(getattr(shell.kernel, "_allow_stdin", False))


def _folder() -> str | None:
    try:
        return Path.cwd().name
    except FileNotFoundError:  # it was deleted while the kernel ran in it
        return None


def _number(shell: Any) -> int:
    """The number of the cell that runs: In[number].

    `shell.execution_count` is already that of the next cell in the newest IPython 9; the display
    hook knows which it is (`DisplayHook.prompt_count`).
    """
    number: int = shell.displayhook.prompt_count
    return number


def _cell_id(shell: Any) -> str | None:
    parent = shell.get_parent() if hasattr(shell, "get_parent") else None
    metadata = parent.get("metadata", {}) if isinstance(parent, dict) else {}
    cell_id = metadata.get("cellId")
    return str(cell_id) if cell_id else None
