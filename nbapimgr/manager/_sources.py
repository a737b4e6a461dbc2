"""Where a kernel's settings come from: administrator, program, project, user."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbapimgr.errors import SettingsError
from nbapimgr.settings import (
    Layer,
    Settings,
    Stack,
    managed_files,
    project_file,
    read,
    read_project,
    restricted,
    table_of,
    understood,
)
from nbapimgr.wire.catalogue import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Sources", "vendor_fields"]


class Sources:
    """The layers of a kernel's settings as they are found, and a line for each that is not.

    Args:
        user: The user's file.
        given: Settings a program gave; then neither the project's nor the user's file is asked.

    Attributes:
        stack: The layers that could be read.
        own: The layer that changes go to.
        missing: Why the user's file could not be read; empty when it could.
        notes: What is not obeyed, and why, one line each.
    """

    def __init__(self, user: Path, given: Settings | None = None) -> None:
        self.missing: SettingsError | None = None
        self.notes: list[str] = []
        layers = self._managed()
        if given is not None:
            self.own = Layer(kind="explicit", table=table_of(given))
        else:
            self.own = Layer(kind="user", path=user, table=self._user(user))
        layers.append(self.own)
        if given is None and (project := self._project(layers)):
            layers.insert(-1, project)
        self.stack = Stack(layers, vendor_fields)
        self.notes += self.stack.notes()

    def _managed(self) -> list[Layer]:
        layers = []
        for path in managed_files():
            try:
                table, _ = read(path)
            except SettingsError as e:
                self.notes.append(f"not in force as a whole: {_line(e)}")
                table = understood(path)
            if table:
                layers.append(Layer(kind="managed", path=path, table=table))
        return layers

    def _user(self, path: Path) -> dict[str, Any]:
        try:
            table, newer = read(path)
        except SettingsError as e:
            self.missing = e
            return understood(path)
        if newer is not None:
            self.notes.append(_line(newer))
        return table

    def _project(self, others: list[Layer]) -> Layer | None:
        try:
            path = project_file(Path.cwd())
            if path is None:
                return None
            table = read_project(path)
        except (OSError, SettingsError) as e:
            self.notes.append(f"not in force: {_line(e)}")
            return None
        found = restricted(path, table, others=Stack(others).table, vendors=_ADDRESSES)
        self.notes += found.notes
        return Layer(kind="project", path=path, table=found.table)


def vendor_fields(name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """What the catalogue knows of a provider: by its `vendor`, or by a name that is a vendor's."""
    vendor = CATALOGUE.get(fields.get("vendor") or ("" if fields.get("base_url") else name))
    if vendor is None:
        return {}
    return {
        "vendor": vendor.name,
        "dialect": vendor.dialect,
        "base_url": vendor.base_url,
        "models": vendor.models,
        "env": vendor.env,
        "keyless": vendor.keyless,
    }


_ADDRESSES = {name: vendor.base_url for name, vendor in CATALOGUE.items()}


def _line(error: Exception) -> str:
    hint = getattr(error, "hint", "")
    return f"{error}; {hint}" if hint else str(error)
