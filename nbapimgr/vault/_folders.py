"""Where the vault is on the disk: two copies and a key file, each in a folder of its own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Folders", "memory_only"]

_CI: Final = ("GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE", "JENKINS_URL", "TF_BUILD")
_BINDER: Final = ("BINDER_SERVICE_HOST", "BINDER_LAUNCH_HOST", "BINDER_REPO_URL")
_NO: Final = frozenset({"", "0", "false", "no"})


class Folders(msgspec.Struct, frozen=True, kw_only=True):
    """The folders, which differ so that the loss of one, or a clash in one, leaves the others."""

    first: Path
    """The first copy, the kept generations below it, and the lock."""
    second: Path
    """The second copy."""
    key: Path
    """The key file, apart from what it opens."""

    @classmethod
    def of(
        cls, home: str | os.PathLike[str] | None = None, environ: Mapping[str, str] | None = None
    ) -> Folders:
        """Those below `home`, else below `NBAPIMGR_HOME`, else the platform's user folders."""
        chosen = home or (os.environ if environ is None else environ).get("NBAPIMGR_HOME")
        if chosen:
            root = Path(chosen).expanduser()
            return cls(first=root / "vault", second=root / "vault-copy", key=root / "vault-key")
        from platformdirs import PlatformDirs

        dirs = PlatformDirs("nbapimgr", appauthor=False)
        return cls(
            first=dirs.user_data_path / "vault",
            second=dirs.user_state_path / "vault-copy",
            key=dirs.user_config_path / "vault-key",
        )

    @property
    def copies(self) -> tuple[Path, Path]:
        """The two files that hold the same."""
        return self.first / "keys.vault", self.second / "keys.vault"

    @property
    def history(self) -> Path:
        """Folder of the kept generations."""
        return self.first / "history"

    @property
    def lock(self) -> Path:
        """The lock of all who write."""
        return self.first / "keys.lock"


def memory_only(environ: Mapping[str, str]) -> str:
    """Why keys may not rest on this machine's disk; "" where they may.

    A build server's disk is read by others and a Binder session is gone with its tab.
    """
    if any(environ.get(name) for name in _BINDER):
        return "Binder: this session only"
    if environ.get("CI", "").lower() not in _NO or any(environ.get(name) for name in _CI):
        return "CI: keys come from the environment and nothing is stored"
    return ""
