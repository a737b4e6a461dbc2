"""The settings in force: one snapshot, replaced under a lock and saved where they came from."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

import msgspec

from nbapimgr.errors import SettingsError
from nbapimgr.manager._advice import advice
from nbapimgr.manager._sources import Sources
from nbapimgr.settings import amend

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nbapimgr.settings import Layer, Origin, Settings, Stack

__all__ = ["InForce"]

_log = logging.getLogger(__name__)


class InForce:
    """The settings of a kernel's layers: managed > explicit > project > user > defaults.

    Changes are saved in the user's file; those given by a program are never saved. A file that
    cannot be read or written never stops a call: what is in force then is what this kernel knows,
    and `trouble` says what is not being saved and why. With the next change that can be saved so
    are those before it.
    """

    def __init__(self, path: Path, given: Settings | None) -> None:
        self.trouble: tuple[str, ...] = ()
        self._path = None if given is not None else path
        self._lock = threading.RLock()
        self._unsaved: list[Callable[[Settings], Settings]] = []
        self._missing = "saved"
        sources = Sources(path, given)
        self._stack, self._own = sources.stack, sources.own
        if sources.missing is not None:
            part = " in full" if self._own.table else ""
            self._missing = f"read{part} and not saved"
            self._note(sources.missing)
        self._said = tuple(sources.notes)
        for line in self.notes:
            _log.warning(line)

    @property
    def settings(self) -> Settings:
        """The snapshot."""
        return self._stack.settings

    @property
    def origins(self) -> list[Origin]:
        """Every setting that some layer says, with where it comes from."""
        return self._stack.origins()

    @property
    def notes(self) -> tuple[str, ...]:
        """What the layers say that is not so or not done, one line each."""
        return (*self._said, *advice(self._stack))

    def managed(self, place: tuple[str, ...]) -> Layer | None:
        """The administrator's file that decides what is at this place."""
        return self._stack.managed(place)

    def allow(self, change: Callable[[Settings], Settings]) -> None:
        """Change nothing, and raise what `change` would raise.

        Raises:
            OptionError: As `change`.
        """
        self._changed(self._own.table, [change])

    def change(self, change: Callable[[Settings], Settings]) -> None:
        """Replace the snapshot by what `change` makes of it, and save what is different.

        `change` is given what is in force, with what other kernels have saved; it may be called
        again with something else.

        Raises:
            OptionError: It is set by a layer that the user's does not override; names it.
        """
        with self._lock:
            if self._path is None:
                self._put(*self._changed(self._own.table, [change]))
                return
            changes = [*self._unsaved, change]
            done: list[tuple[Stack, Layer]] = []

            def with_changes(table: dict[str, Any]) -> dict[str, Any]:
                done.append(self._changed(table, changes))
                return done[-1][1].table

            try:
                amend(self._path, with_changes)
            except SettingsError as e:
                done = [self._changed(self._own.table, [change])]
                self._unsaved = changes
                self._note(e)
            else:
                self._unsaved.clear()
                self._missing, self.trouble = "saved", ()
            self._put(*done[-1])

    def _changed(
        self, table: dict[str, Any], changes: list[Callable[[Settings], Settings]]
    ) -> tuple[Stack, Layer]:
        """The stack with changes made to the user's layer, which says this table by now."""
        own = msgspec.structs.replace(self._own, table=table)
        stack = self._stack.replaced(self._own, own)
        for change in changes:
            new = stack.changed(own, change)
            stack, own = stack.replaced(own, new), new
        return stack, own

    def _put(self, stack: Stack, own: Layer) -> None:
        self._stack, self._own = stack, own

    def _note(self, error: SettingsError) -> None:
        line = f"settings are not {self._missing}: {error}"
        if self.trouble != (line,):
            self.trouble = (line,)
            _log.warning(line)
