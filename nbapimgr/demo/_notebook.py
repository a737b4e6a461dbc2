"""`%llm demo`: the rehearsal inside the kernel that asks for it, in a home that is thrown away."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from nbapimgr.demo._breaking import MEND, WAYS, says
from nbapimgr.demo._home import LOCAL, furnish, local_model, provider_of, settings_for
from nbapimgr.demo._rehearsal import NAMES, Rehearsal, providers_at
from nbapimgr.errors import NbApiMgrError, OptionError
from nbapimgr.manager import connect, disconnect

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbapimgr.manager import Manager
    from nbapimgr.models import Provider
    from nbapimgr.settings import Settings

__all__ = ["rehearse"]

_NOWHERE = "http://127.0.0.1:9"
"""The address of providers that are not there: the port that discards."""
_HOW = "ask with %%llm; break one with %llm demo break rehearsal-anthropic stream"

_running: list[Rehearsal] = []
_homes: list[Path] = []


def rehearse(
    manager: Manager, *words: str, progress: Callable[[int, int], None] | None = None
) -> list[str]:
    """Start the rehearsal, or `break NAME HOW` one of its providers; what to tell the user.

    `progress` is told (bytes so far, bytes in all) while the model is fetched, once.
    In replay mode nothing is started: the providers have their names and places, and the answers
    are recorded ones.

    Raises:
        OptionError: The words are not understood.
        UnknownName: There is no such rehearsal provider.
        MissingExtra: llmock is not installed.
    """
    if words:
        return [_break(manager, *words)]
    if manager.mode == "replay":
        return _replay(manager)
    rehearsal = _start()
    told = [
        f"two rehearsal providers are ready: {', '.join(NAMES)}",
        "they speak real wire formats on this machine; no model is asked, nothing is paid",
    ]
    try:
        local = [_model(manager, progress)]
        told.append(
            "behind them answers a real model, SmolLM2-135M: a toy in quality, "
            "and it needs no network"
        )
    except NbApiMgrError as e:
        local = []
        told.append(f"the small real model is not there, the rehearsal goes on alone: {e}")
    _move_in(manager, settings_for(rehearsal.providers, *local))
    return [*told, _HOW]


def _start() -> Rehearsal:
    rehearsal = Rehearsal()
    while _running:
        _running.pop().stop()
    _running.append(rehearsal)
    return rehearsal


def _model(manager: Manager, progress: Callable[[int, int], None] | None) -> Provider:
    """The real model: the one this kernel knows already, else fetched."""
    known = manager.providers.get(LOCAL)
    return known if known is not None and known.options.get("gguf") else local_model(progress)


def _replay(manager: Manager) -> list[str]:
    _move_in(manager, settings_for(providers_at(lambda _dialect: _NOWHERE), provider_of(None)))
    return [
        f"two rehearsal providers: {', '.join(NAMES)}; behind them a real model, SmolLM2-135M",
        "replay mode: none of them is started, their answers were recorded beside the notebook",
        "%llm mode live, then %llm demo, starts them; no key is needed, nothing is paid",
    ]


def _move_in(manager: Manager, settings: Settings) -> None:
    """Make a home with these settings the kernel's; the mode stays what it was."""
    home = Path(tempfile.mkdtemp(prefix="nbapimgr-demo-"))
    _homes.append(home)
    furnish(home, settings)
    connect(home).mode = manager.mode


@atexit.register
def _throw_away() -> None:
    while _running:
        _running.pop().stop()
    if _homes:
        disconnect()
    while _homes:
        shutil.rmtree(_homes.pop(), ignore_errors=True)


def _break(manager: Manager, *words: str) -> str:
    if len(words) != 3 or words[0] != "break":  # noqa: PLR2004  # break, who, how
        raise OptionError(
            f"%llm demo {' '.join(words)} is not understood",
            hint=f"%llm demo break {NAMES[0]} stream (or {', '.join([*WAYS][1:])}, {MEND})",
        )
    _, name, how = words
    line = says(name, how)
    if manager.mode == "replay":
        return f"{line} (replay mode: so it was when the answers were recorded)"
    if not _running:
        raise OptionError("the rehearsal is not running", hint="%llm demo starts it")
    return _running[-1].break_(name, how)
