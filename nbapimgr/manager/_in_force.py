"""The settings in force: one snapshot, replaced under a lock and saved where they came from."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from nbapimgr.errors import SettingsError
from nbapimgr.settings import Settings, load, update

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["InForce"]

_log = logging.getLogger(__name__)


class InForce:
    """The settings of a file, or those given, which are never saved.

    A file that cannot be read or written never stops a call: what is in force then is what this
    kernel knows, and `trouble` says what is not being saved and why. With the next change that can
    be saved so are those before it.
    """

    def __init__(self, path: Path, given: Settings | None) -> None:
        self.trouble: tuple[str, ...] = ()
        self._path = None if given is not None else path
        self._lock = threading.RLock()
        self._unsaved: list[Callable[[Settings], Settings]] = []
        self._missing = "saved"
        self.settings = self._load(path) if given is None else given

    def change(self, change: Callable[[Settings], Settings]) -> None:
        """Replace the snapshot by what `change` makes of it, and save it.

        `change` is given what the file says, with what other kernels have saved; it may be called
        again with something else.
        """
        with self._lock:
            if self._path is None:
                self.settings = change(self.settings)
                return
            self._unsaved.append(change)
            try:
                self.settings = update(self._path, self._with_unsaved)
            except SettingsError as e:
                self.settings = change(self.settings)
                self._note(e)
            else:
                self._unsaved.clear()
                self._missing, self.trouble = "saved", ()

    def _with_unsaved(self, settings: Settings) -> Settings:
        for change in self._unsaved:
            settings = change(settings)
        return settings

    def _load(self, path: Path) -> Settings:
        try:
            return load(path)
        except SettingsError as e:
            self._missing = "read and not saved"
            self._note(e)
            return Settings()

    def _note(self, error: SettingsError) -> None:
        line = f"settings are not {self._missing}: {error}"
        if self.trouble != (line,):
            self.trouble = (line,)
            _log.warning(line)
