"""`[tool.nbapimgr]` of a project's pyproject.toml: a repository may never say where a key goes.

A repository is somebody else's words. Whoever opens a notebook in it has keys, so a project may
choose among the providers a person has, and add new ones, but never

* change where one of them is, how it is spoken to, or what is sent along (base_url, dialect, env,
  headers, options, vendor, keyless);
* name a variable of the environment: only a vendor of the catalogue has its usual ones, at its own
  address;
* take a known vendor's name for another address;
* bring in an address that is neither this machine nor a known vendor's, unless the person has
  listed the folder in their own `projects`: what is asked would be sent there;
* raise a budget.
"""

from __future__ import annotations

import ipaddress
import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec

from nbapimgr.errors import SettingsError
from nbapimgr.settings._file import text_of
from nbapimgr.settings._read import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Project", "project_file", "read_project", "restricted"]

_ROOT: Final = ("tool", "nbapimgr")
_OF_ANY: Final = frozenset({"models", "priority", "rate_limits", "enabled"})
"""What a project may set of a provider that a person has."""
_OF_NEW: Final = _OF_ANY | {"dialect", "base_url", "vendor", "keyless"}
"""And of one it brings along."""


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """What a project's file says, as far as it may; a line for each thing it may not."""

    path: Path
    table: dict[str, Any]
    notes: tuple[str, ...] = ()


def project_file(start: Path) -> Path | None:
    """The nearest pyproject.toml with a `[tool.nbapimgr]`, from a folder upwards."""
    for folder in (start, *start.parents):
        path = folder / "pyproject.toml"
        try:
            if path.is_file() and _has_ours(text_of(path)):
                return path
        except (OSError, SettingsError):  # not ours to complain about until it has our table
            continue
    return None


def _has_ours(text: str) -> bool:
    if "nbapimgr" not in text:
        return False
    try:
        tool = tomllib.loads(text).get("tool")
    except (tomllib.TOMLDecodeError, RecursionError):
        return "tool.nbapimgr" in text  # reading it says what is wrong
    return isinstance(tool, dict) and "nbapimgr" in tool


def read_project(path: Path) -> dict[str, Any]:
    """What a project's file says, before anything is taken out of it.

    Raises:
        SettingsError: It cannot be read or is not understood, or it is another user's.
    """
    if owner := _stranger(path):
        raise SettingsError(f"{path}: not read: {owner}", hint="chown it, or work elsewhere")
    try:
        return Text(text_of(path), _ROOT).table()[0]
    except SettingsError as e:
        raise SettingsError(f"{path}: {e}", hint=e.hint) from None


def restricted(
    path: Path,
    table: dict[str, Any],
    *,
    others: dict[str, Any],
    vendors: Mapping[str, str],
) -> Project:
    """What of a project's table may be in force.

    Args:
        path: Its file.
        table: What it says.
        others: What the layers of people say (managed, explicit, user), laid over each other.
        vendors: The catalogue: name -> base URL.
    """
    notes: list[str] = []
    kept = {key: value for key, value in table.items() if key != "projects"}
    if "projects" in table:
        notes.append("projects: only your own settings can say which folders are trusted")
    trusted = _inside(path, others.get("projects", ()))
    had = others.get("providers", {})
    providers: dict[str, Any] = {}
    for name, said in table.get("providers", {}).items():
        fields, wrong = (
            _known(said, had[name])
            if name in had
            else _new(name, said, vendors=vendors, trusted=trusted)
        )
        notes += [f"providers.{name}{line}" for line in wrong]
        if fields is not None:
            providers[name] = fields
    kept["providers"] = providers
    kept["budgets"], wrong = _budgets(table.get("budgets", {}), others.get("budgets", {}))
    notes += wrong
    return Project(path=path, table=kept, notes=tuple(f"{path}: {line}" for line in notes))


def _known(said: dict[str, Any], had: dict[str, Any]) -> tuple[dict[str, Any] | None, list[str]]:
    """What a project may say of a provider that a person has."""
    wrong = [
        f".{field}: a project cannot set this of a provider of yours; it stays as it is"
        for field in said
        if field not in _OF_ANY and said[field] != had.get(field)
    ]
    return {field: value for field, value in said.items() if field in _OF_ANY}, wrong


def _new(
    name: str, said: dict[str, Any], *, vendors: Mapping[str, str], trusted: bool
) -> tuple[dict[str, Any] | None, list[str]]:
    """What a project may say of a provider that it brings along; None where it may not bring it."""
    wrong = [
        f".{field}: a project cannot set this of a provider; it is left out"
        for field in said
        if field not in _OF_NEW
    ]
    fields = {field: value for field, value in said.items() if field in _OF_NEW}
    url = str(fields.get("base_url", "")).rstrip("/")
    vendor = name if name in vendors else fields.get("vendor")
    if vendor:
        known = vendors.get(vendor, "").rstrip("/")
        if known and url in {"", known} and fields.get("vendor", vendor) == vendor:
            return {**fields, "vendor": vendor}, wrong
        return None, [f": {vendor!r} is a known vendor's name, and this is not it; it is left out"]
    if trusted or _on_this_machine(url):
        return fields, wrong
    return None, [f": {url!r} would be sent what you ask; `projects` in your settings can allow it"]


def _budgets(said: dict[str, Any], had: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The budgets of a project, but those that would loosen one of a person's."""
    loose = [
        name
        for name, budget in said.items()
        if name in had
        and (
            budget["limit"] > had[name]["limit"]
            or {**budget, "limit": 0} != {**had[name], "limit": 0}
        )
    ]
    notes = [f"budgets.{name}: a project cannot loosen a budget of yours" for name in loose]
    return {name: one for name, one in said.items() if name not in loose}, notes


def _on_this_machine(url: str) -> bool:
    """Whether an address is a server on this machine, so that nothing leaves it."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _inside(path: Path, folders: Sequence[str]) -> bool:
    here = path.resolve().parent
    return any(here.is_relative_to(Path(folder).expanduser().resolve()) for folder in folders)


def _stranger(path: Path) -> str:
    """Whose file it is, when it is neither this user's nor the system's; else empty.

    As git does with repositories: a file that another user put into a shared folder above the one
    that is worked in is not to be obeyed.
    """
    if not hasattr(os, "getuid"):  # Windows
        return ""
    found = path.stat()
    if found.st_uid not in {os.getuid(), 0}:
        return "it belongs to another user"
    return "everybody may write it" if found.st_mode & 0o002 else ""
