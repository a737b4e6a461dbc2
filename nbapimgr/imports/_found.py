"""What a source of settings holds, in our words: accounts, keys, routes, budgets."""

from __future__ import annotations

from typing import Any

import msgspec

from nbapimgr.errors import SettingsError
from nbapimgr.secret import Secret

__all__ = ["Account", "Found", "Malformed"]


class Malformed(SettingsError):
    """A source that is not what its name says; the message is the reason, in one line."""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """One account at one API, as a source has it."""

    name: str
    """What the source calls it; its routes say this name."""
    fields: dict[str, Any] = {}
    """Fields of `Provider`, as far as they are said; with `vendor` the catalogue knows the rest."""
    key: Secret | None = None
    key_name: str = ""
    """The name of a key elsewhere in the same source."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What one file, or the environment, holds."""

    accounts: tuple[Account, ...] = ()
    keys: dict[str, Secret] = {}
    """Keys by a name that is no known vendor's."""
    routes: dict[str, tuple[str, ...]] = {}
    """Alias -> "account:model", or other aliases."""
    budgets: dict[str, dict[str, Any]] = {}
    default: str | None = None
    """A target or an alias."""
    notes: tuple[str, ...] = ()
    """What is there and cannot be brought over, one line each; without any value."""

    def __bool__(self) -> bool:
        said = (self.accounts, self.keys, self.routes, self.budgets, self.default, self.notes)
        return any(said)
