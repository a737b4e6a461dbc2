"""Changes a TOML text so that it says a table; comments and order stay."""

from __future__ import annotations

from typing import Any, cast

from nbapimgr.errors import SettingsError
from nbapimgr.settings._read import Text
from nbapimgr.settings._versions import VERSION

__all__ = ["edited"]


def edited(text: str, table: dict[str, Any]) -> str:
    """The text of a settings file, changed so that it says this table.

    TOML can be written in ways in which tomlkit cannot change a part without breaking the whole
    (`providers.mine.dialect = …` beside a table): what does not read back as it should is written
    anew, without its comments.

    Raises:
        SettingsError: It cannot be said in TOML.
    """
    import tomlkit

    wanted = _as_written(table)
    for old in (text, ""):
        try:
            document = tomlkit.parse(old)
            _merge(document, wanted)
            new = tomlkit.dumps(document)
            read = _as_written(Text(new).table()[0])
        except (ValueError, TypeError, LookupError, tomlkit.exceptions.TOMLKitError):
            continue
        if read == wanted and [*read.get("providers", ())] == [*wanted.get("providers", ())]:
            return new
    raise SettingsError("these settings cannot be written as TOML")


def _as_written(table: dict[str, Any]) -> dict[str, Any]:
    """A table as it stands in the file, without what is empty: TOML has no null."""
    written = {"version": VERSION, **table}
    if "routes" in written:
        written["routes"] = {name: ", ".join(to) for name, to in written["routes"].items()}
    return cast("dict[str, Any]", _without_null(written))


def _without_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_null(one) for key, one in value.items() if one is not None}
    return [_without_null(one) for one in value] if isinstance(value, list | tuple) else value


def _merge(table: Any, wanted: dict[str, Any]) -> None:
    """Make a table say what is wanted, touching only what differs so that comments stay."""
    import tomlkit
    from tomlkit.items import InlineTable

    for gone in set(table) - set(wanted):
        del table[gone]
    for name, value in wanted.items():
        if not isinstance(value, dict):
            if table.get(name) != value:
                table[name] = value
            continue
        if not isinstance(table.get(name), dict):
            inline = isinstance(table, InlineTable)
            table[name] = tomlkit.inline_table() if inline else tomlkit.table()
        _merge(table[name], value)
