"""What is in force in a kernel: settings, route, mode; with where each comes from."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from nbapimgr.manager._answers import Mode, Source, mode_named
from nbapimgr.manager._in_force import InForce
from nbapimgr.manager._routes import known_names
from nbapimgr.settings import Origin, locked, places

if TYPE_CHECKING:
    from nbapimgr.settings import Settings

__all__ = ["Preferences"]

_MODE: Final = "NBAPIMGR_MODE"
_PLACE: Final = ("mode",)


class Preferences:
    """The part of a manager that is chosen and not done.

    A mode and a route that are set here are this kernel's; they come before what files say.
    """

    def __init__(self, home: str | os.PathLike[str] | None, settings: Settings | None) -> None:
        self.places = places(home)
        self._in_force = InForce(self.places.settings, settings)
        self._route: str | None = None
        saved = self.settings.mode or "live"
        self._locked = self._in_force.managed(("mode",))
        self._mode: Mode = mode_named(saved if self._locked else os.environ.get(_MODE) or saved)

    @property
    def settings(self) -> Settings:
        """The settings in force, an immutable snapshot."""
        return self._in_force.settings

    @property
    def notes(self) -> tuple[str, ...]:
        """What settings say that is not so, not allowed or not in force yet; one line each."""
        asked = os.environ.get(_MODE)
        if not self._locked or asked in {None, "", self._mode}:
            return self._in_force.notes
        return (*self._in_force.notes, f"{_MODE}={asked} is not obeyed: {self._locked} decides")

    @property
    def origins(self) -> list[Origin]:
        """The mode, and every setting that a source says, with where it comes from."""
        said = {one.place: one for one in self._in_force.origins}
        mode = said.pop(_PLACE, None)
        if mode is None or mode.value != self._mode:
            source = f"environment variable {_MODE}" if os.environ.get(_MODE) else "default"
            mode = Origin(place=_PLACE, value=self._mode, source=source)
        return [mode, *said.values()]

    @property
    def route(self) -> str | None:
        """The route of calls that name none; None tries all enabled providers by priority."""
        return self._route or self._in_force.settings.default

    @property
    def routes(self) -> list[str]:
        """Every route that can be named."""
        return known_names(self._in_force.settings)

    @property
    def mode(self) -> Mode:
        """Where answers come from: "live", "record" or "replay"."""
        return self._mode

    @mode.setter
    def mode(self, name: str) -> None:
        mode = mode_named(name)
        if self._locked and mode != self._mode:
            raise locked(("mode",), self._locked)
        self._mode = mode

    def source(self, *, cache: bool = False, refresh: bool = False) -> Source:
        """The source in force."""
        return Source(mode=self._mode, cache=cache, refresh=refresh)
