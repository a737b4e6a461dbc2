"""What each `%llm keys …` does. A key is asked for where nobody sees it, and never shown."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Any

from nbapimgr.errors import OptionError
from nbapimgr.magics._card import Card
from nbapimgr.magics._shown_once import shown_once
from nbapimgr.manager import credential_rows, key_rows
from nbapimgr.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbapimgr.magics._asks import Command
    from nbapimgr.manager import Manager

__all__ = ["KEY_ACTIONS", "keys"]

_NO_KEY = "No key is known. %llm keys set PROVIDER takes one."
_MARKS = {"valid": "✓", "limited": "!", "rejected": "✗", "unknown": "?"}


def keys(manager: Manager, command: Command) -> object:
    """Carry out `%llm keys …`; without words it lists the keys.

    Raises:
        OptionError: A word is missing or too many.
    """
    if not command.words:
        return _table(key_rows(manager))
    action, *names = command.words
    if action in _OF_A_PROVIDER:
        if not names:
            raise OptionError(
                f"%llm keys {action} needs a provider", hint=f"%llm keys {action} openai"
            )
        return _OF_A_PROVIDER[action](manager, names[0], names[1] if names[1:] else "")
    if action in _OF_A_FILE:
        if len(names) != 1:
            raise OptionError(
                f"%llm keys {action} needs one file", hint=f"%llm keys {action} my.keys"
            )
        return _OF_A_FILE[action](manager, names[0])
    if names:
        raise OptionError(f"%llm keys {action} takes nothing, and {names[0]!r} follows")
    return _OF_THE_VAULT[action](manager)


def _table(rows: list[dict[str, Any]]) -> object:
    if not rows:
        return Card([_NO_KEY])
    import pandas as pd

    return pd.DataFrame(rows)


# --- of one provider -----------------------------------------------------------------------------


def _set(manager: Manager, name: str, alias: str) -> Card:
    receipt = manager.credentials.add(name, _typed_key(manager, name), alias=alias or "default")
    return Card(_received(receipt))


def _spare(manager: Manager, name: str, alias: str) -> Card:
    receipt = manager.credentials.spare(name, _typed_key(manager, name), alias=alias or "spare")
    return Card(_received(receipt))


def _rotate(manager: Manager, name: str, alias: str) -> Card:
    receipt = manager.credentials.rotate(name, _typed_key(manager, name), alias=alias or "default")
    return Card(_received(receipt))


def _received(receipt: Any) -> list[str]:
    whose = receipt.provider
    if receipt.alias != "default":
        whose += f" ({receipt.alias})"
    where = "encrypted on this disk, twice" if receipt.durable else "kept in this kernel's memory"
    lines = [f"{whose}: {receipt.masked} is {where}"]
    if receipt.note and receipt.durable:
        lines.append(f"  ! {receipt.note}")
    if receipt.hint:
        lines.append(f"  → {receipt.hint}")
    return lines


def _typed_key(manager: Manager, name: str) -> Secret:
    """A key that is asked for where it is not shown and not kept in the notebook.

    Raises:
        OptionError: This front end cannot ask.
    """
    manager.adopt(name)
    variable = next(iter(manager.providers.known(name).env), "")
    instead = f"set {variable} instead" if variable else "llm.credentials.add(NAME, KEY) does"
    return _hidden(f"{name} API key: ", instead)


def _hidden(prompt: str, instead: str) -> Secret:
    try:
        return Secret(getpass.getpass(prompt))  # tracebacks may show variables
    except (EOFError, RuntimeError, NotImplementedError):
        pass
    raise OptionError("this front end cannot ask for what is not to be seen", hint=instead)


def _test(manager: Manager, name: str, alias: str) -> Card:
    found = manager.credentials.test(name, alias or None)
    words: list[str] = [found.verdict]
    if found.reason:
        words.append(found.reason)
    if found.models is not None:
        words.append(f"lists {found.models} model{'s' * (found.models != 1)}")
    return Card([f"{_MARKS[found.verdict]} {name}: {', '.join(words)}"])


def _activate(manager: Manager, name: str, alias: str) -> Card:
    """Make a key the first that is tried; without an alias the one after it."""
    aliases = [info.alias for info in manager.credentials.list(name)]
    if not alias and len(aliases) < 2:  # noqa: PLR2004  # one is no choice
        raise OptionError(
            f"{name} has no other key", hint=f"%llm keys lists them, %llm keys set {name} takes one"
        )
    manager.credentials.activate(name, alias or aliases[1])
    return Card([f"{name}: the key {alias or aliases[1]!r} is tried first from now on"])


def _remove(manager: Manager, name: str, alias: str) -> Card:
    back = manager.credentials.remove(name, alias or "default")
    return Card([f"{name}: the key is forgotten" if not back else f"{name}: removed; {back}"])


def _undo(manager: Manager, name: str, alias: str) -> Card:
    return Card([f"{name}: {manager.credentials.undo(name, alias or None)!r} is back"])


def _confirm(manager: Manager, name: str, alias: str) -> Card:
    origin = manager.credentials.confirm(name, alias or None)
    return Card([f"{name}: its keys may be sent to {origin or 'where it is'}"])


# --- of the vault --------------------------------------------------------------------------------


def _list(manager: Manager) -> object:
    return _table(credential_rows(manager))


def _status(manager: Manager) -> Card:
    status = manager.credentials.status()
    lines = [f"keys: {status.protection}"]
    if status.slots:
        lines.append(f"  opened by: {', '.join(status.slots)}")
    lines += [f"  {path}" for path in status.files]
    lines += [f"  ! {line}" for line in dict.fromkeys((*status.notices, status.why)) if line]
    if status.do:
        lines.append(f"  → {status.do}")
    return Card(lines)


def _setup(manager: Manager) -> Card:
    return _with_code(manager, manager.credentials.setup)


def _rewrap(manager: Manager) -> Card:
    return _with_code(manager, manager.credentials.rewrap)


def _with_code(manager: Manager, make: Callable[[], Any]) -> Card:
    made = shown_once(
        make,
        lambda done: done.recovery.reveal(),
        before="A recovery code will be shown once. Have pen and paper; Enter goes on: ",
        text="Recovery code: {}\nWithout it, keys are lost when this machine's own key is.",
        after="Written down? Enter takes it out of the notebook: ",
        instead="nbapimgr keys setup, in a terminal",
    )
    lines = [f"keys: {manager.credentials.status().protection}; opened by {', '.join(made.slots)}"]
    if made.moved:
        lines.append(f"{made.moved} key{'s' * (made.moved != 1)} of this kernel moved in")
    return Card(lines)


def _unlock(manager: Manager) -> Card:
    """Open the vault by what is at hand, else by what is typed."""
    if manager.credentials.status().state == "locked":
        typed = _hidden("Passphrase or recovery code: ", "llm.credentials.unlock(passphrase=…)")
        manager.credentials.unlock(passphrase=typed, recovery=typed)
    return _status(manager)


def _repair(manager: Manager) -> Card:
    return Card(manager.credentials.repair())


def _export(manager: Manager, path: str) -> Card:
    instead = f"llm.credentials.export({path!r}, passphrase)"
    typed = _hidden("Passphrase for the file: ", instead)
    if _hidden("Once more: ", instead) != typed:
        raise OptionError("the two passphrases differ")
    count = manager.credentials.export(path, typed)
    return Card([f"{count} key{'s' * (count != 1)} in {path}; its passphrase opens it"])


def _import(manager: Manager, path: str) -> Card:
    typed = _hidden("Passphrase of the file: ", f"llm.credentials.import_({path!r}, passphrase)")
    added = manager.credentials.import_(path, typed)
    names = ", ".join(f"{key.provider} ({key.alias})" for key in added)
    return Card([f"new: {names}" if added else "all of its keys were here already"])


_OF_A_PROVIDER: dict[str, Callable[[Manager, str, str], Card]] = {
    "set": _set,
    "add": _set,
    "spare": _spare,
    "rotate": _rotate,
    "test": _test,
    "use": _activate,
    "activate": _activate,
    "rm": _remove,
    "undo": _undo,
    "confirm": _confirm,
}
_OF_A_FILE: dict[str, Callable[[Manager, str], Card]] = {"export": _export, "import": _import}
_OF_THE_VAULT: dict[str, Callable[[Manager], object]] = {
    "list": _list,
    "status": _status,
    "setup": _setup,
    "unlock": _unlock,
    "repair": _repair,
    "rewrap": _rewrap,
}
KEY_ACTIONS = (*_OF_A_PROVIDER, *_OF_A_FILE, *_OF_THE_VAULT)
