"""What the user chose: providers, routes, the default route. One TOML file, immutable snapshots."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from nbapimgr.errors import SettingsError, nearest
from nbapimgr.models import Provider, fields_of, provider_fields, provider_from

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Places", "Settings", "load", "places", "save", "update"]

_VERSION: Final = 1
_PATIENCE: Final = 10.0
"""Seconds that another process may take to write the settings."""


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """Where things are kept."""

    settings: Path
    """The settings file."""
    prices: Path
    """The user's own price list, beside it; it need not exist."""
    data: Path
    """Folder of the usage rows."""
    cache: Path
    """Folder of what can be fetched or asked again."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot. Changes are made with `msgspec.structs.replace`."""

    providers: tuple[Provider, ...] = ()
    routes: dict[str, tuple[str, ...]] = {}
    """Alias -> the targets it stands for, in order ("provider:model", a provider, an alias)."""
    default: str | None = None
    """The route of a cell that names none; None tries all enabled providers by priority."""

    def provider(self, name: str) -> Provider | None:
        """The provider of that name."""
        return next((p for p in self.providers if p.name == name), None)


def places(home: str | os.PathLike[str] | None = None) -> Places:
    """The folders in force: `home`, else `NBAPIMGR_HOME`, else the platform's user folders."""
    chosen = home or os.environ.get("NBAPIMGR_HOME")
    if chosen:
        root = Path(chosen).expanduser()
        return Places(
            settings=root / "settings.toml",
            prices=root / "prices.toml",
            data=root / "usage",
            cache=root / "cache",
        )
    from platformdirs import PlatformDirs

    dirs = PlatformDirs("nbapimgr", appauthor=False)
    return Places(
        settings=dirs.user_config_path / "settings.toml",
        prices=dirs.user_config_path / "prices.toml",
        data=dirs.user_data_path / "usage",
        cache=dirs.user_cache_path,
    )


def load(path: Path) -> Settings:
    """The settings in the file; empty ones where there is no file.

    Raises:
        SettingsError: The file cannot be read or says something that is not understood; the message
            names the file and the place in it.
    """
    try:
        return _read(_text(path))
    except SettingsError as e:
        raise SettingsError(f"{path}: {e}", hint=e.hint) from None


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
        SettingsError: The file that is there is damaged (it is never overwritten), or it cannot be
            written.
    """
    from filelock import FileLock

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock", timeout=_PATIENCE):
            settings = change(load(path))
            _put(path, _edited(_text(path), settings))
    except (OSError, NotImplementedError) as e:  # the latter where a file system has no locks
        raise SettingsError(f"{path}: cannot be written: {_reason(e)}") from None
    return settings


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as e:
        raise SettingsError(f"cannot be read: {_reason(e)}") from None


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


def _read(text: str) -> Settings:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as e:
        raise SettingsError(f"not valid TOML: {e}") from None
    version = table.pop("version", _VERSION)
    if version != _VERSION:
        raise SettingsError(
            f"version {version!r}, this nbapimgr reads version {_VERSION}",
            hint="a newer nbapimgr wrote it: pip install -U nbapimgr",
        )
    known = {"providers", "routes", "default"}
    for key in table.keys() - known:
        raise SettingsError(f"unknown key {key!r}", hint=_did_you_mean(key, known))
    default = table.get("default")
    if default is not None and not isinstance(default, str):
        raise SettingsError(f"default: expected the name of a route, got {default!r}")
    return Settings(
        providers=tuple(
            _provider(name, _table(fields, f"providers.{name}"))
            for name, fields in _table(table.get("providers", {}), "providers").items()
        ),
        routes={
            name: _route(name, to) for name, to in _table(table.get("routes", {}), "routes").items()
        },
        default=default,
    )


def _table(value: object, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SettingsError(f"{place}: expected a table, got {value!r}")
    return value


def _route(name: str, to: object) -> tuple[str, ...]:
    parts = to.split(",") if isinstance(to, str) else to
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise SettingsError(f'routes.{name}: expected text such as "fast, local", got {to!r}')
    return tuple(part.strip() for part in parts if part.strip())


def _provider(name: str, fields: dict[str, Any]) -> Provider:
    known = set(provider_fields)
    for key in fields.keys() - known:
        raise SettingsError(
            f"providers.{name}: unknown key {key!r}", hint=_did_you_mean(key, known)
        )
    try:
        return provider_from({**fields, "name": name})
    except msgspec.ValidationError as e:
        raise SettingsError(f"providers.{name}: {e}") from None


def _did_you_mean(key: str, known: set[str]) -> str:
    close = nearest(key, known)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(sorted(known))}"


def _edited(text: str, settings: Settings) -> str:
    """The text of the file, changed so that it says these settings.

    TOML can be written in ways in which tomlkit cannot change a part without breaking the whole
    (`providers.mine.dialect = …` beside a table): what does not read back as it should is written
    anew, without its comments.

    Raises:
        SettingsError: They cannot be said in TOML.
    """
    import tomlkit

    try:
        wanted = _plain(settings)
    except TypeError as e:
        raise SettingsError(f"these settings cannot be written as TOML: {e}") from None
    for old in (text, ""):
        try:
            document = tomlkit.parse(old)
            _merge(document, wanted)
            new = tomlkit.dumps(document)
            read = _plain(_read(new))
        except (ValueError, TypeError, LookupError, tomlkit.exceptions.TOMLKitError):
            continue
        if read == wanted and [*read.get("providers", ())] == [*wanted.get("providers", ())]:
            return new
    raise SettingsError("these settings cannot be written as TOML")


def _plain(settings: Settings) -> dict[str, Any]:
    """What the file says, without what is empty: TOML has no null."""
    providers = {p.name: fields_of(p) for p in settings.providers}
    routes = {name: ", ".join(to) for name, to in settings.routes.items()}
    plain = {
        "version": _VERSION,
        "default": settings.default,
        "routes": routes or None,
        "providers": providers or None,
    }
    return cast("dict[str, Any]", _without_null(plain))


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
