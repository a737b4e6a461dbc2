"""The user's settings file: read, and changed so that a crash or another kernel loses nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from nbapimgr.errors import SettingsError
from nbapimgr.settings._edit import edited
from nbapimgr.settings._read import Text
from nbapimgr.settings._table import applied, changes, settings_of, table_of
from nbapimgr.settings._versions import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbapimgr.settings._records import Settings

__all__ = ["amend", "load", "read", "save", "text_of", "understood", "update"]

_PATIENCE: Final = 10.0
"""Seconds that another process may take to write the settings."""
_LARGEST: Final = 4_000_000
"""Bytes of a settings file; more is some other file."""


def load(path: Path) -> Settings:
    """The settings in the file; empty ones where there is no file.

    Raises:
        SettingsError: The file cannot be read or says something that is not understood; the message
            names the file, the line and the place in it.
    """
    try:
        text = Text(text_of(path))
        settings, lacking = settings_of(text.table()[0])
        for place, message in lacking.items():
            raise text.fault(place, message)
    except SettingsError as e:
        raise SettingsError(f"{path}: {e}", hint=e.hint) from None
    return settings


def read(path: Path) -> tuple[dict[str, Any], SettingsError | None]:
    """What the file says, piece by piece, and why it is not to be changed, if that is so.

    Nothing where there is no file. A newer nbapimgr's file is read as far as it is understood.

    Raises:
        SettingsError: As `load`, but that a provider may lack what another file says.
    """
    table, version = _read(path)
    return table, _newer(path, version) if version > VERSION else None


def understood(path: Path) -> dict[str, Any]:
    """What is understood of a file that `read` refuses: a fault takes nothing from the rest."""
    try:
        return Text(text_of(path)).understood()
    except SettingsError:
        return {}


def save(path: Path, settings: Settings) -> None:
    """Write the settings in place of those in the file, in the way of `update`.

    Raises:
        SettingsError: As `update`.
    """
    update(path, lambda _: settings)


def update(path: Path, change: Callable[[Settings], Settings]) -> Settings:
    """Make of the settings in the file what `change` makes of them; the new ones.

    What another kernel has written in the meantime is what `change` is given. Comments and order
    stay, unless the file is written in a way that cannot be edited piece by piece. Atomic: a crash
    leaves the old file or the new one.

    Raises:
        SettingsError: The file that is there is damaged or a newer nbapimgr's (it is never
            overwritten), or it cannot be written.
    """
    made: list[Settings] = []

    def changed(table: dict[str, Any]) -> dict[str, Any]:
        old = load(path)
        new = change(old)
        made.append(new)
        try:
            table = applied(table, changes(table_of(old), table_of(new)))
        except TypeError as e:
            message = f"{path}: these settings cannot be written as TOML: {e}"
            raise SettingsError(message) from None
        if new.providers:
            table["providers"] = {p.name: table["providers"][p.name] for p in new.providers}
        return table

    amend(path, changed)
    return made[0]


def amend(path: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    """Make of what the file says what `change` makes of it, in the way of `update`; the new table.

    A file of an older version is kept beside the new one, as `settings.toml.v1`.

    Raises:
        SettingsError: As `update`.
    """
    from filelock import FileLock

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock", timeout=_PATIENCE):
            table, version = _read(path)
            if version > VERSION:
                raise _newer(path, version)
            table = change(table)
            _write(path, table, version)
    except (OSError, NotImplementedError) as e:  # the latter where a file system has no locks
        raise SettingsError(f"{path}: cannot be written: {_reason(e)}") from None
    return table


def _read(path: Path) -> tuple[dict[str, Any], int]:
    try:
        return Text(text_of(path)).table()
    except SettingsError as e:
        raise SettingsError(f"{path}: {e}", hint=e.hint) from None


def text_of(path: Path) -> str:
    """The text of a file; empty where there is none.

    Raises:
        SettingsError: It cannot be read.
    """
    try:
        with path.open("rb") as f:
            data = f.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise SettingsError(f"larger than {_LARGEST:,} bytes: this is no settings file")
        return data.decode("utf-8").replace("\r\n", "\n")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as e:
        raise SettingsError(f"cannot be read: {_reason(e)}") from None


def _newer(path: Path, version: int) -> SettingsError:
    return SettingsError(
        f"{path}: version {version} is a newer nbapimgr's: it is read and not changed",
        hint="pip install -U nbapimgr",
    )


def _write(path: Path, table: dict[str, Any], version: int) -> None:
    text = text_of(path)
    try:
        new = edited(text, table)
    except SettingsError as e:
        raise SettingsError(f"{path}: {e}") from None
    backup = path.with_name(f"{path.name}.v{version}")
    if version < VERSION and not backup.exists():
        _put(backup, text)
    _put(path, new)


def _reason(error: Exception) -> object:
    return getattr(error, "strerror", None) or error


def _put(path: Path, text: str) -> None:
    """Replace a file, or what a link leads to, by one that is on the disk."""
    import tempfile

    target = path.resolve()
    handle, name = tempfile.mkstemp(dir=target.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as f:
            f.write(text)
            f.flush()
            os.fsync(f.fileno())
        Path(name).replace(target)
    except OSError:
        Path(name).unlink()
        raise
