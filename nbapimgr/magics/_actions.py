"""What each `%llm COMMAND` does. Listings are DataFrames, cards are lines of text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from IPython.core.getipython import get_ipython

from nbapimgr.errors import NotConfigured, OptionError
from nbapimgr.magics._act_errors import errors, reset, trace, why_rows
from nbapimgr.magics._card import Card
from nbapimgr.magics._fetching import Fetching
from nbapimgr.magics._help import help_card
from nbapimgr.magics._key_actions import keys
from nbapimgr.magics._shell import has_person
from nbapimgr.magics._table import whole
from nbapimgr.manager import (
    doctor_rows,
    found_in_environment,
    leak_rows,
    model_rows,
    provider_rows,
    version_rows,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from nbapimgr.magics._asks import Command
    from nbapimgr.manager import Manager

__all__ = ["act", "nothing_configured"]


_KEPT: Final = {
    "open": "it is kept on this machine, encrypted",
    "none": "it stays in this kernel's memory, or %llm keys setup first",
    "locked": "it stays in this kernel's memory, or %llm keys unlock first",
}
"""Where a key that is typed goes, by the state of the vault."""


def act(manager: Manager, command: Command) -> object:
    """Carry out a command; what is returned is shown as the cell's result.

    Raises:
        NbApiMgrError: It cannot be done; says why and what can.
    """
    return _ACTIONS[command.name](manager, command)


def nothing_configured(manager: Manager) -> NotConfigured:
    """The error of a cell that cannot be answered because there is nobody to ask."""
    return NotConfigured(_welcome(manager).lines)


def _welcome(manager: Manager) -> Card:
    """What a person sees who has configured nothing yet: three ways on."""
    lines = ["nbapimgr is loaded, and no provider is configured yet. Three ways on:"]
    found = found_in_environment()
    if found:
        vendor, variable = found[0]
        others = f" (also {', '.join(name for name, _ in found[1:4])})" if found[1:] else ""
        lines.append(f"  1. %llm use {vendor}     the environment has {variable}{others}")
    else:
        lines.append("  1. %llm use openai     once the environment has a key: OPENAI_API_KEY, …")
    kept = _KEPT.get(manager.credentials.status().state, "it stays in this kernel's memory")
    lines.append(f"  2. %llm keys set openai     type a key; {kept}")
    lines.append("  3. %llm demo     no key at all: rehearsal servers and a small real model")
    return Card(lines)


def _status(manager: Manager, _command: Command) -> object:
    if not manager.providers:
        return _welcome(manager)
    lines = [f"mode {manager.mode} · route {_route(manager)}"]
    for row in provider_rows(manager):
        mark = "✓" if row["enabled"] and row["key"] != "missing" else "✗"
        models = row["models"] or "no models"
        how = f" · {row['health']}" if mark == "✓" else ""
        lines.append(f"  {mark} {row['provider']} · {models} · key {row['key']}{how}")
    if manager.last:
        last = manager.last
        lines.append(f"last answer: {last.provider}:{last.model}, {last.elapsed:.1f} s")
    lines += [f"  ! {line}" for line in manager.trouble]
    lines.append("%llm help lists what can be done")
    return Card(lines)


def _route(manager: Manager) -> str:
    return manager.route or "all providers by priority"


def _help(_manager: Manager, command: Command) -> object:
    return help_card(command.words[0] if command.words else None)


def _use(manager: Manager, command: Command) -> object:
    if not command.words:
        return Card([f"route: {_route(manager)}"])
    route = command.words[0]
    manager.use(route, save=bool(command.options.get("save")))
    whose = "of this and later kernels" if command.options.get("save") else "of this kernel"
    return Card([f"calls {whose} go to {route} unless they name another route"])


_ABILITIES: Final = {"vision": "images", "tools": "tools", "schema": "schema"}
"""Options of `%llm models`, and the columns they want true."""


def _models(manager: Manager, command: Command) -> object:
    options = command.options
    abilities = [name for name in _ABILITIES if options.get(name)]
    if abilities and not command.words:
        raise OptionError(
            f"--{abilities[0]} needs a provider: what its models can do is in its own list",
            hint=f"%llm models {next(iter(manager.providers), 'openai')} --{abilities[0]}",
        )
    rows = model_rows(manager, command.words[0] if command.words else None)
    if query := options.get("query"):
        rows = [row for row in rows if query.casefold() in row["model"].casefold()]
    for name in abilities:
        rows = [row for row in rows if row[_ABILITIES[name]]]
    if options.get("usable"):
        rows = [row for row in rows if row["usable"]]
    rows.sort(key=lambda row: not row["usable"])
    return _table(rows, "No model matches." if manager.providers else _welcome(manager))


def _providers(manager: Manager, _command: Command) -> object:
    return _table(provider_rows(manager), _welcome(manager))


def _usage(manager: Manager, command: Command) -> object:
    since = command.options.get("since") or "30d"
    by = command.options.get("by")
    frame = manager.usage(since) if by is None else manager.usage_by(by, since)
    return frame if len(frame) else Card([f"No calls in the last {since}."])


def _last(manager: Manager, _command: Command) -> object:
    return manager.last or Card(["Nothing was asked in this kernel yet."])


def _why(manager: Manager, command: Command) -> object:
    route = command.words[0] if command.words else None
    plan = manager.last_plan if route is None else None
    rows = why_rows(manager, plan or manager.plan(manager.request("why", route=route)[0]))
    return whole(rows) if rows else _welcome(manager)


def _mode(manager: Manager, command: Command) -> object:
    if command.words:
        manager.mode = command.words[0]
    meaning = {
        "live": "providers are asked",
        "record": "providers are asked and their answers kept beside the notebook",
        "replay": "answers come from the recordings: no key, no network",
    }[manager.mode]
    return Card([f"mode {manager.mode}: {meaning}"])


def _doctor(manager: Manager, command: Command) -> object:
    found = leak_rows(manager.leaks()) if command.options.get("scan") else []
    return _table([*doctor_rows(manager), *found], "")


def _version(_manager: Manager, _command: Command) -> object:
    return Card([f"{package} {version or 'not installed'}" for package, version in version_rows()])


def _panel(manager: Manager, _command: Command) -> object:
    """The panel; for a program that runs the cell what it shows, so that no widget is saved."""
    if has_person(get_ipython()):
        return manager.panel()
    from nbapimgr.widgets import StillPanel

    return StillPanel(manager)


def _demo(manager: Manager, command: Command) -> object:
    from nbapimgr.demo import rehearse

    return Card(rehearse(manager, *command.words, progress=Fetching()))


def _local(manager: Manager, command: Command) -> object:
    if command.words:
        provider = manager.providers.add("local", gguf=command.words[0])
    else:
        from nbapimgr.demo import local_model

        provider = local_model(Fetching())
        manager.providers.put(provider)
    return Card(
        [
            f"{provider.name}:{provider.models[0]} answers on this machine, after all others",
            f"ask it alone: %%llm {provider.name} --no-fallback",
        ]
    )


_ACTIONS: dict[str, Callable[[Manager, Command], object]] = {
    "status": _status,
    "help": _help,
    "use": _use,
    "models": _models,
    "providers": _providers,
    "keys": keys,
    "usage": _usage,
    "last": _last,
    "trace": trace,
    "why": _why,
    "errors": errors,
    "reset": reset,
    "mode": _mode,
    "doctor": _doctor,
    "version": _version,
    "panel": _panel,
    "local": _local,
    "demo": _demo,
}


def _table(rows: list[dict[str, Any]], empty: str | Card) -> pd.DataFrame | Card:
    if not rows:
        return Card([empty]) if isinstance(empty, str) else empty
    import pandas as pd

    return pd.DataFrame(rows)
