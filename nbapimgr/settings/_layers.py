"""Several sources of settings laid over each other: who says what, and who may not change it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from nbapimgr.errors import OptionError
from nbapimgr.settings._records import Settings
from nbapimgr.settings._table import (
    MISSING,
    Place,
    applied,
    changes,
    pieces,
    settings_of,
    table_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nbapimgr.settings._table import Defaults

__all__ = ["Layer", "Origin", "Stack", "locked"]

Kind = Literal["managed", "explicit", "project", "user"]


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """One source of settings, and what it says."""

    kind: Kind
    path: Path | None = None
    """Its file; None for what a program gave."""
    table: dict[str, Any] = {}

    def __str__(self) -> str:
        return f"{self.path} ({self.kind})" if self.path else "given to Manager(settings=…)"


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """One setting in force, for people."""

    place: Place
    """E.g. ("providers", "mine", "models")."""
    value: Any
    source: str


class Stack:
    """Layers, those that win first: managed, explicit, project, user.

    Args:
        layers: Those there are, in that order.
        defaults: What is known of a provider without being said; the lowest layer.
    """

    def __init__(self, layers: Sequence[Layer], defaults: Defaults | None = None) -> None:
        self.layers = tuple(layers)
        self._defaults = defaults or (lambda *_: {})
        table: dict[str, Any] = {}
        for layer in reversed(self.layers):
            table = applied(table, dict(pieces(layer.table)))
        self.table = table
        self.settings, self._lacking = settings_of(table, self._defaults)

    def notes(self) -> list[str]:
        """A line for each provider that cannot be used because something of it is said nowhere."""
        return [
            f"{self.source(place)}: {'.'.join(place)}: {message}"
            for place, message in self._lacking.items()
        ]

    def origins(self) -> list[Origin]:
        """Every setting that some layer says, with the layer that decides it."""
        return [
            Origin(place=place, value=value, source=self.source(place))
            for place, value in pieces(self.table)
        ]

    def changed(self, layer: Layer, change: Callable[[Settings], Settings]) -> Layer:
        """The layer that says what makes of the settings in force what `change` makes of them.

        Only what is changed is said by it: what others say stays theirs.

        Raises:
            OptionError: A layer above it says otherwise; names it.
        """
        after = change(self.settings)
        wanted = changes(self._said(self.settings), self._said(after))
        above = self.layers[: self.layers.index(layer)]
        for place in wanted:
            for higher in above:
                if _says(higher.table, place):
                    raise locked(place, higher)
        table = applied(layer.table, wanted)
        self._say_defaults(table, after, above)
        return msgspec.structs.replace(layer, table=table)

    def _say_defaults(self, table: dict[str, Any], after: Settings, above: Sequence[Layer]) -> None:
        """Have a table say what is a default where something else is known of the provider.

        What is known of a vendor would fill the gap: `env = []` is not the same as no word of it.
        """
        said = table.get("providers", {})
        for provider in after.providers:
            fields = said.get(provider.name)
            known = self._defaults(provider.name, fields) if fields else {}
            for field, value in known.items():
                place = ("providers", provider.name, field)
                chosen = getattr(provider, field)
                free = field not in fields and not any(_says(one.table, place) for one in above)
                if free and chosen != value:
                    fields[field] = msgspec.to_builtins(chosen)

    def managed(self, place: Place) -> Layer | None:
        """The administrator's layer that says something at this place."""
        layers = (one for one in self.layers if one.kind == "managed" and _says(one.table, place))
        return next(layers, None)

    def replaced(self, old: Layer, new: Layer) -> Stack:
        """The stack with one layer in place of another."""
        layers = [new if layer is old else layer for layer in self.layers]
        return Stack(layers, self._defaults)

    def _said(self, settings: Settings) -> dict[str, Any]:
        try:
            return table_of(settings)
        except TypeError as e:
            raise OptionError(f"these settings cannot be written as TOML: {e}") from None

    def source(self, place: Place) -> str:
        """What decides what is said at this place."""
        return next((str(one) for one in self.layers if _says(one.table, place)), "default")


def _says(table: dict[str, Any], place: Place) -> bool:
    """Whether a table says something at this place, or within it."""
    value: Any = table
    for key in place:
        value = value.get(key, MISSING) if isinstance(value, dict) else MISSING
    return value is not MISSING


def locked(place: Place, layer: Layer) -> OptionError:
    """The error that something cannot be changed, because a layer says otherwise."""
    hints = {
        "managed": "ask who looks after this installation",
        "explicit": "change what is given there",
        "project": "change it there, under [tool.nbapimgr]",
    }
    return OptionError(
        f"{'.'.join(place)} is set by {layer} and cannot be changed here", hint=hints[layer.kind]
    )
