"""`%llm demo`: the rehearsal inside the kernel that asks for it, in a home that is thrown away."""

from __future__ import annotations

import atexit
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from nbapimgr.demo._home import furnish, local_model, settings_for
from nbapimgr.demo._rehearsal import NAMES, Rehearsal
from nbapimgr.errors import NbApiMgrError, OptionError
from nbapimgr.manager import connect

if TYPE_CHECKING:
    from nbapimgr.manager import Manager

__all__ = ["rehearse"]

_running: list[Rehearsal] = []


def rehearse(manager: Manager, *words: str) -> list[str]:
    """Start the rehearsal, or `break NAME HOW` one of its providers; what to tell the user.

    In replay mode nothing is started: the answers are recorded ones.

    Raises:
        OptionError: The words are not understood.
        MissingExtra: llmock is not installed.
    """
    if words:
        return [_break(manager, *words)]
    if manager.mode != "replay":
        _start()
    return [
        f"two rehearsal providers are ready: {', '.join(NAMES)}",
        "they speak real wire formats on this machine; no model is asked, nothing is paid",
        *_behind(manager),
        "ask with %%llm; break one with %llm demo break rehearsal-anthropic stream",
    ]


def _start() -> None:
    if _running:
        _running.pop().stop()
    rehearsal = Rehearsal()
    _running.append(rehearsal)
    atexit.register(rehearsal.stop)
    home = Path(tempfile.mkdtemp(prefix="nbapimgr-demo-"))
    furnish(home, settings_for(rehearsal))
    connect(home)


def _behind(manager: Manager) -> list[str]:
    if manager.mode == "replay":
        return []
    try:
        provider = local_model()
    except NbApiMgrError as e:
        return [f"the small real model is not there, the rehearsal goes on alone: {e}"]
    connect().providers.put(provider)
    return [
        "behind them answers a real model, SmolLM2-135M: a toy in quality, and it needs no network"
    ]


def _break(manager: Manager, *words: str) -> str:
    if len(words) != 3 or words[0] != "break":  # noqa: PLR2004  # break, who, how
        raise OptionError(
            f"%llm demo {' '.join(words)} is not understood",
            hint="%llm demo break rehearsal-anthropic stream (or silent, down, limit, mend)",
        )
    if manager.mode == "replay":
        return f"{words[1]}: replay mode, nothing is broken"
    if not _running:
        raise OptionError("the rehearsal is not running", hint="%llm demo starts it")
    return _running[-1].break_(words[1], words[2])
