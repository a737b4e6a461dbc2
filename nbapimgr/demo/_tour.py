"""`nbapimgr demo`: a real kernel, a provider that breaks in the middle of a sentence, an answer."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from nbapimgr.demo._home import furnish, local_model, settings_for
from nbapimgr.demo._kernel import Kernel
from nbapimgr.demo._neighbours import neighbours
from nbapimgr.demo._rehearsal import Rehearsal
from nbapimgr.errors import NbApiMgrError

if TYPE_CHECKING:
    from nbapimgr.models import Provider

__all__ = ["fetched_model", "tour"]

_NOTEBOOK: Final = "notebooks/01_quickstart.ipynb"
_QUESTION: Final = "What is the capital of France? Answer in one sentence."


def tour(*, model: bool = True) -> int:
    """Run the tour in the terminal; the exit code, 0 when every cell did what it should."""
    _say("nbapimgr demo: no key is needed, nothing is paid, and all of it is thrown away after.\n")
    local = fetched_model() if model else None
    home = Path(tempfile.mkdtemp(prefix="nbapimgr-demo-"))
    try:
        with Rehearsal() as rehearsal:
            furnish(home, settings_for(rehearsal.providers, *filter(None, [local])))
            kernel = Kernel(home, _write)
            try:
                good = _cells(kernel, rehearsal, local)
            finally:
                kernel.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)
    _say(_farewell(local))
    return 0 if good else 1


def fetched_model() -> Provider | None:
    """The real model, fetched with a progress bar; None, and a line, when it is not to be had."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("SmolLM2-135M, a real language model (93 MB, once)", total=None)
        try:
            return local_model(lambda done, total: bar.update(task, completed=done, total=total))
        except NbApiMgrError as e:
            _say(f"The real model is not there, so the rehearsal goes on alone: {e}\n")
            return None


def _cells(kernel: Kernel, rehearsal: Rehearsal, local: Provider | None) -> bool:
    first, second = (provider.name for provider in rehearsal.providers)
    _say("1. Two rehearsal providers speak the wire formats of Anthropic and Gemini; all is well:")
    good = [_cell(kernel, "%load_ext nbapimgr"), _cell(kernel, f"%%llm\n{_QUESTION}")]
    rehearsal.break_(first, "stream")
    if local:
        rehearsal.break_(second, "down")
        _say("2. Now the first breaks in mid-stream and the second is down. A real model answers:")
    else:
        _say("2. Now the first breaks in mid-stream. The second takes over:")
    good.append(_cell(kernel, f"%%llm --max-tokens 60\n{_QUESTION}"))
    _say("3. What happened, attempt by attempt:")
    good.append(_cell(kernel, "%llm trace"))
    _say("4. The same as usage rows, kept as Parquet:")
    good.append(_cell(kernel, "%llm usage"))
    return all(good)


def _cell(kernel: Kernel, code: str) -> bool:
    first, *rest = code.splitlines()
    _write(f"\n   In: {first}\n" + "".join(f"       {line}\n" for line in rest) + "\n")
    return kernel.run(code)


def _farewell(local: Provider | None) -> str:
    lines = ["The answers of rehearsal-… were rehearsed, not thought of."]
    if local:
        lines.append(
            "SmolLM2 is real, and a toy: 135 million parameters, good for tests and tours."
        )
    found = neighbours()
    if found:
        lines.append(
            f"{found[0]} listens on this machine: %llm use {found[0]} makes it a real provider."
        )
    lines += [
        "",
        f"Open next: {_NOTEBOOK}",
        "    nbapimgr demo --lab    opens it, rehearsal running",
    ]
    return "\n".join(lines)


def _say(text: str) -> None:
    _write(f"\n{text}\n")


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
