"""A real kernel that runs cells, and what a person would see of them as lines in a terminal."""

from __future__ import annotations

import os
import re
import shutil
from queue import Empty
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["Kernel"]

_TIMEOUT: Final = 120
_ANSI: Final = re.compile(r"\x1b\[[0-9;]*m")


class Kernel:
    """A kernel process with a home of its own.

    Args:
        home: Its `NBAPIMGR_HOME`.
        write: Takes text as it is to be shown.
    """

    def __init__(self, home: Path, write: Callable[[str], None]) -> None:
        from jupyter_client.manager import KernelManager

        self._manager: Any = KernelManager()
        self._write = write
        environment = {**os.environ, "NBAPIMGR_HOME": str(home), "NBAPIMGR_MODE": "live"}
        self._manager.start_kernel(
            env=environment, cwd=str(home), extra_arguments=["--log-level=ERROR"]
        )
        self._client: Any = self._manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=_TIMEOUT)
        columns = shutil.get_terminal_size((120, 40)).columns
        self._client.execute(f"import pandas; pandas.options.display.width = {columns}")

    def stop(self) -> None:
        """End the kernel."""
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)

    def run(self, code: str) -> bool:
        """Run a cell and write what it shows as it comes; whether it succeeded."""
        parent = self._client.execute(code)
        shown = _Shown(self._write)
        while True:
            try:
                message = self._client.get_iopub_msg(timeout=_TIMEOUT)
            except Empty:
                self._write("(the kernel says nothing more)\n")
                return False
            if message["parent_header"].get("msg_id") != parent:
                continue
            content = message["content"]
            if message["msg_type"] == "status" and content["execution_state"] == "idle":
                shown.end()
                return not shown.failed
            shown.take(message["msg_type"], content)


class _Shown:
    """The outputs of one cell on a terminal, where what is written cannot be taken back."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self.failed = False
        self._write = write
        self._growing = ""

    def take(self, kind: str, content: dict[str, Any]) -> None:
        if kind == "stream":
            self._write(content["text"])
        elif kind == "error":
            self.failed = True
            self._write(_ANSI.sub("", "\n".join(content["traceback"])) + "\n")
        elif kind in {"display_data", "update_display_data", "execute_result"}:
            text = content["data"].get("text/plain", "")
            growing = kind != "execute_result" and "display_id" in content.get("transient", {})
            if growing:
                self._grow(text)
            else:
                self.end()
                self._write(f"{text}\n")

    def end(self) -> None:
        """Close the line of what was growing."""
        if self._growing:
            self._write("\n")
            self._growing = ""

    def _grow(self, text: str) -> None:
        """Write what is new; where the text is not a continuation, start again below.

        A complete answer no longer has the note above it that it grew under.
        """
        if not text.startswith(self._growing):
            note, mark, said = self._growing.partition("]\n\n")
            if note.startswith("[") and mark and text.startswith(said):
                self._growing = said
            else:
                self.end()
        self._write(text[len(self._growing) :])
        self._growing = text
