"""What the user chose: providers, routes, the default route. One TOML file, immutable snapshots."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from nbapimgr.errors import SettingsError, nearest
from nbapimgr.models import Provider

if TYPE_CHECKING:
    from collections.abc import Mapping

    import tomlkit

__all__ = ["Places", "Settings", "load", "places", "save"]

_VERSION: Final = 1


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
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError) as e:
        raise SettingsError(f"{path}: cannot be read: {e}") from None
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as e:
        raise SettingsError(f"{path}: not valid TOML: {e}") from None
    version = table.pop("version", _VERSION)
    if version != _VERSION:
        raise SettingsError(
            f"{path}: version {version!r}, this nbapimgr reads version {_VERSION}",
            hint="a newer nbapimgr wrote it: pip install -U nbapimgr",
        )
    return _read(table, path)


def _read(table: dict[str, Any], path: Path) -> Settings:
    known = {"providers", "routes", "default"}
    for key in table.keys() - known:
        raise SettingsError(f"{path}: unknown key {key!r}", hint=_did_you_mean(key, known))
    providers = tuple(
        _provider(name, fields, path) for name, fields in table.get("providers", {}).items()
    )
    routes = {
        name: tuple(part.strip() for part in to.split(",")) if isinstance(to, str) else tuple(to)
        for name, to in table.get("routes", {}).items()
    }
    return Settings(providers=providers, routes=routes, default=table.get("default"))


def _provider(name: str, fields: dict[str, Any], path: Path) -> Provider:
    known = set(Provider.__struct_fields__) - {"name"}
    for key in fields.keys() - known:
        raise SettingsError(
            f"{path}: providers.{name}: unknown key {key!r}", hint=_did_you_mean(key, known)
        )
    try:
        return msgspec.convert({**fields, "name": name}, Provider)
    except msgspec.ValidationError as e:
        raise SettingsError(f"{path}: providers.{name}: {e}") from None


def _did_you_mean(key: str, known: set[str]) -> str:
    close = nearest(key, known)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(sorted(known))}"


def save(path: Path, settings: Settings) -> None:
    """Write the settings, keeping the comments and the order of what is already in the file.

    Atomic: a crash leaves the old file or the new one.

    Raises:
        SettingsError: The file that is there is damaged (it is never overwritten), or it cannot be
            written.
    """
    import tempfile

    import tomlkit
    from filelock import FileLock

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock"):
            load(path)  # refuses to write over what it cannot read
            text = path.read_text("utf-8") if path.exists() else ""
            document = tomlkit.parse(text)
            _write_into(document, settings)
            with tempfile.NamedTemporaryFile(
                "w", dir=path.parent, encoding="utf-8", delete=False
            ) as f:
                f.write(tomlkit.dumps(document))
                f.flush()
                os.fsync(f.fileno())
            Path(f.name).replace(path)
    except OSError as e:
        raise SettingsError(f"{path}: cannot be written: {e}") from None


def _write_into(document: tomlkit.TOMLDocument, settings: Settings) -> None:
    document["version"] = _VERSION
    _set(document, "default", settings.default)
    _merge(document, "routes", {name: ", ".join(to) for name, to in settings.routes.items()})
    _merge(
        document,
        "providers",
        {p.name: _without_name(msgspec.to_builtins(p)) for p in settings.providers},
    )


def _without_name(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if key != "name"}


def _set(table: Any, key: str, value: object) -> None:
    if value is None:
        table.pop(key, None)
    elif table.get(key) != value:
        table[key] = value


def _merge(parent: Any, key: str, wanted: Mapping[str, Any]) -> None:
    """Make `parent[key]` say `wanted`, touching only what differs so that comments stay."""
    import tomlkit

    if not wanted:
        parent.pop(key, None)
        return
    if key not in parent:
        parent[key] = tomlkit.table()
    table = parent[key]
    for gone in set(table) - set(wanted):
        del table[gone]
    for name, value in wanted.items():
        if isinstance(value, dict):
            _merge(table, name, value) if value else _set(table, name, None)
        else:
            _set(table, name, list(value) if isinstance(value, tuple) else value)
