"""A TOML text -> what it says, checked: every fault is one line that names the line and the fix."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any, Final

import msgspec

from nbapimgr.errors import SettingsError, nearest
from nbapimgr.secret import scrub
from nbapimgr.settings._declared import naming_fault, provider_fields, provider_from
from nbapimgr.settings._lines import line_of, line_of_fault
from nbapimgr.settings._records import MODES, POLICIES, Budget
from nbapimgr.settings._versions import VERSION, upgraded, version_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["Table", "Text"]

Table = dict[str, Any]
"""What a file says: its keys, with the values they stand for. Nothing that it does not say."""
_KEY_NAMES: Final = frozenset({"key", "api_key", "apikey", "token", "secret", "password"})
_SHOWN: Final = 60
"""Characters of a wrong value that are shown."""
_LONGEST: Final = 100
"""Characters of a name: it is shown wherever something is said of what it names."""
_AT: Final = re.compile(r" - at `\$\.?(.*)`$")


class Text:
    """The text of a settings file.

    Args:
        text: All of it.
        root: The table in it that holds the settings, e.g. ("tool", "nbapimgr"); itself when empty.
    """

    def __init__(self, text: str, root: Sequence[str] = ()) -> None:
        self._text = text
        self._root = tuple(root)

    def fault(self, path: Sequence[str], message: str, *, hint: str = "") -> SettingsError:
        """The error that something is wrong at a path of keys, in a line that holds no API key."""
        return self._fault(path, ".".join(path), message, hint)

    def _unknown(self, path: Sequence[str], known: Iterable[str]) -> SettingsError:
        *table, key = path
        return self._fault(path, ".".join(table), f"unknown key {_shown(key)}", _near(key, known))

    def _fault(self, path: Sequence[str], place: str, message: str, hint: str) -> SettingsError:
        line = line_of(self._text, (*self._root, *path))
        said = ": ".join(part for part in (f"line {line}" if line else "", place, message) if part)
        return SettingsError(scrub(said), hint=scrub(hint))

    def table(self) -> tuple[Table, int]:
        """What the file says, and the version it has; a newer file is read as far as it goes.

        Raises:
            SettingsError: Something in it is not understood.
        """
        table = self._parsed()
        version = version_of(table, self.fault)
        table.pop("version", None)
        if version > VERSION:
            return self._understood(table), version
        return self._checked(upgraded(table, version)), version

    def understood(self) -> Table:
        """What of the file is understood: a fault in one place takes nothing from the others."""
        try:
            return self._understood(self._parsed())
        except SettingsError:
            return {}

    def _parsed(self) -> Table:
        try:
            table: Any = tomllib.loads(self._text)
        except tomllib.TOMLDecodeError as e:
            line = line_of_fault(str(e), self._text)
            said = str(e).partition(" (at ")[0]
            raise SettingsError(scrub(f"line {line}: not valid TOML: {said}")) from None
        except RecursionError:
            raise SettingsError("nested too deeply") from None
        for key in self._root:
            table = table.get(key, {}) if isinstance(table, dict) else {}
        return self._tables((), table)

    def _checked(self, table: Table) -> Table:
        readers = self._readers()
        for key in table:
            if key not in readers:
                raise self._unknown((key,), readers)
        return {key: readers[key](table[key]) for key in table}

    def _understood(self, table: Table) -> Table:
        readers = self._readers()
        found: Table = {}
        for key, value in table.items():
            parts = [{name: one} for name, one in value.items()] if type(value) is dict else [value]
            for part in parts if key in readers else ():
                try:
                    read = readers[key](part)
                except SettingsError:
                    continue
                found[key] = {**found.get(key, {}), **read} if isinstance(part, dict) else read
        return found

    def _readers(self) -> dict[str, Callable[[Any], Any]]:
        return {
            "default": self._default,
            "mode": lambda value: self._one_of(("mode",), value, MODES),
            "policy": lambda value: self._one_of(("policy",), value, POLICIES),
            "policies": lambda value: self._each(
                "policies", value, lambda path, one: self._one_of(path, one, POLICIES)
            ),
            "projects": lambda value: self._texts(("projects",), value, 'e.g. ["~/course"]'),
            "routes": lambda value: self._each("routes", value, self._route),
            "budgets": lambda value: self._each("budgets", value, self._budget),
            "providers": lambda value: self._each("providers", value, self._provider),
        }

    def _default(self, value: object) -> str:
        if not isinstance(value, str):
            raise self.fault(("default",), f"expected the name of a route, got {_shown(value)}")
        return value

    def _one_of(self, path: Sequence[str], value: object, known: Sequence[str]) -> str:
        if not isinstance(value, str) or value not in known:
            raise self.fault(path, f"there is no {_shown(value)}", hint=_near(str(value), known))
        return value

    def _texts(self, path: Sequence[str], value: object, example: str) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self.fault(path, f"expected a list of text, got {_shown(value)}", hint=example)
        return tuple(value)

    def _tables(self, path: Sequence[str], value: object) -> Table:
        if not isinstance(value, dict):
            raise self.fault(path, f"expected a table, got {_shown(value)}")
        return dict(value)

    def _each(self, key: str, value: object, read: Callable[[Sequence[str], Any], Any]) -> Table:
        table = self._tables((key,), value)
        for name in table:
            if not name.isprintable() or not 0 < len(name) <= _LONGEST:
                said = f"{_shown(name)} cannot be a name"
                hint = f"up to {_LONGEST} printable characters"
                raise self._fault((key, name), key, said, hint)
        return {name: read((key, name), one) for name, one in table.items()}

    def _route(self, path: Sequence[str], to: object) -> tuple[str, ...]:
        parts = to.split(",") if isinstance(to, str) else to
        if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
            raise self.fault(path, f'expected text such as "fast, local", got {_shown(to)}')
        return tuple(part.strip() for part in parts if part.strip())

    def _budget(self, path: Sequence[str], value: object) -> Table:
        fields = self._fields(path, value, Budget.__struct_fields__)
        try:
            budget = msgspec.convert(fields, Budget)
        except msgspec.ValidationError as e:
            raise self._wrong(path, e) from None
        if not budget.limit > 0:
            raise self.fault((*path, "limit"), f"must be more than 0, not {budget.limit}")
        return fields

    def _provider(self, path: Sequence[str], value: object) -> Table:
        """The fields of a provider. What it must have may be said by another file."""
        if fault := naming_fault(path[-1]):
            hint = "up to 64 letters, digits, '_', '.' and '-' can"
            raise self._fault(path, "providers", fault, hint)
        fields = self._fields(path, value, provider_fields)
        try:
            provider_from({"dialect": "", "base_url": "", **fields, "name": path[-1]})
        except msgspec.ValidationError as e:
            raise self._wrong(path, e) from None
        return fields

    def _fields(self, path: Sequence[str], value: object, known: Sequence[str]) -> Table:
        fields = self._tables(path, value)
        for key in fields:
            if key.lower().replace("-", "_") in _KEY_NAMES:
                hint = f"%llm keys set {path[-1]}, and rotate this one if others have seen the file"
                raise self.fault((*path, key), "keys are not kept in settings", hint=hint)
            if key not in known:
                raise self._unknown((*path, key), known)
        return fields

    def _wrong(self, path: Sequence[str], error: msgspec.ValidationError) -> SettingsError:
        """The error of a field, with the field in its place."""
        said = str(error)
        if found := _AT.search(said):
            field, said = found[1], said[: found.start()]
            path = (*path, field.partition("[")[0])
        elif said.startswith("models["):
            path = (*path, "models")
        message, _, hint = said.partition("; ")
        return self.fault(path, message, hint=hint)


def _shown(value: object) -> str:
    said = repr(value)
    return said if len(said) <= _SHOWN else f"{said[:_SHOWN]}…"


def _near(key: str, known: Iterable[str]) -> str:
    close = nearest(key, known)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(sorted(known))}"
