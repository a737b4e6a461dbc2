"""Where settings and data are kept: the user's folders, the administrator's, the project's."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

import msgspec

__all__ = ["Places", "managed_files", "places"]

_MANAGED: Final = "nbapimgr/managed.toml"


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


def managed_files(platform: str = sys.platform) -> tuple[Path, ...]:
    """Where an administrator's settings may be, those that win first.

    The platform's folder of a site's configuration, then Jupyter's system-wide ones
    (`jupyter --paths`). Their variables (`XDG_CONFIG_DIRS`, `JUPYTER_CONFIG_PATH`) are not asked:
    whoever sets them could set them to a folder without the file.
    """
    if platform == "win32":
        data = os.environ.get("PROGRAMDATA", "C:\\ProgramData")
        folders = [data, f"{data}\\jupyter"]
    elif platform == "darwin":
        folders = ["/Library/Application Support", "/usr/local/etc/jupyter", "/etc/jupyter"]
    else:
        folders = ["/etc/xdg", "/usr/local/etc/jupyter", "/etc/jupyter"]
    return tuple(Path(folder) / _MANAGED for folder in folders)
