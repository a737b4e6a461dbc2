"""What the vault's campaigns share: a vault on a disk, and a model of what must be in it."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from typing import TYPE_CHECKING, NamedTuple

from nbapimgr.secret import Secret
from nbapimgr.vault import Folders, Keeper, Key, Vault

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["Step", "after", "child", "held", "opened", "started", "take"]

PROVIDER = "openai"
ORIGIN = "https://api.openai.com:443"


class NoKeychain:
    """A machine without one."""

    def why_not(self) -> str:
        return "there is none"


class Step(NamedTuple):
    """One change, so that it can be told from outside what it must leave."""

    what: str
    """ "add", "replace", "remove" or "rewrap"."""
    alias: str = ""
    value: str = ""


def opened(home: Path, **options: object) -> Vault:
    """The vault, as a new process opens it."""
    vault = Vault(Folders.of(home), environ={}, keychain=NoKeychain(), **options)
    vault.unlock()
    return vault


def started(home: Path) -> Vault:
    """A new vault, which a key file opens."""
    vault = Vault(Folders.of(home), environ={}, keychain=NoKeychain())
    vault.create(lambda maker: [maker.key_file(), maker.recovery_code()])
    return vault


def take(vault: Vault, step: Step) -> None:
    """Carry a step out; when this returns it is acknowledged."""
    keeper = Keeper(vault)
    if step.what in ("add", "replace"):
        keeper.add(Key(PROVIDER, step.alias, Secret(step.value), ORIGIN))
    elif step.what == "remove":
        keeper.remove(PROVIDER, step.alias)
    else:
        old = {slot.id for slot in vault.slots}
        vault.change_slots(
            lambda maker: [maker.key_file(), maker.recovery_code()], lambda slot: slot.id in old
        )


def after(model: dict[str, str], step: Step) -> dict[str, str]:
    """What a step makes of the live keys."""
    if step.what in ("add", "replace"):
        return {**model, step.alias: step.value}
    if step.what == "remove":
        return {alias: value for alias, value in model.items() if alias != step.alias}
    return model


def held(vault: Vault) -> dict[str, str]:
    """The live keys, by alias."""
    document = vault.document()
    if document is None:
        raise AssertionError("the vault is not open")
    return {r.alias: document.reveal(r).reveal() for r in document.of(PROVIDER)}


def child(work: Callable[[], None]) -> int:
    """A process that does this and ends; 1 where it fails, with the reason on stderr."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        work()
        code = 0
    except BaseException:  # noqa: BLE001  # a child has nobody else to tell
        with contextlib.suppress(Exception):
            traceback.print_exc(file=sys.stderr)
    os._exit(code)
