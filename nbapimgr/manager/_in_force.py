"""The settings in force: one snapshot, replaced under a lock and saved where they came from."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from nbapimgr.errors import SettingsError
from nbapimgr.settings import Settings, load, save

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["InForce"]

_log = logging.getLogger(__name__)


class InForce:
    """The settings of a file, or those given, which are never saved.

    A file that cannot be read or written never stops a call: what is in force then is what this
    kernel knows, and `trouble` says what is not being saved and why.
    """

    def __init__(self, path: Path, given: Settings | None) -> None:
        self.trouble: tuple[str, ...] = ()
        self._path = path
        self._lock = threading.RLock()
        self._saved = given is None
        self.settings = self._load() if given is None else given

    def change(self, change: Callable[[Settings], Settings]) -> None:
        """Replace the snapshot by what `change` makes of it, and save it."""
        with self._lock:
            self.settings = change(self.settings)
            if not self._saved:
                return
            try:
                save(self._path, self.settings)
            except SettingsError as e:
                self._note(f"settings are not saved: {e}")

    def _load(self) -> Settings:
        try:
            return load(self._path)
        except SettingsError as e:
            self._note(f"settings are not read and not saved: {e}")
            self._saved = False
            return Settings()

    def _note(self, line: str) -> None:
        if line not in self.trouble:
            self.trouble = (*self.trouble, line)
            _log.warning(line)
