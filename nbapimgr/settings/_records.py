"""What a user can choose, as immutable snapshots."""

from __future__ import annotations

from typing import Final, Literal, get_args

import msgspec

from nbapimgr.models import Provider

__all__ = ["MODES", "PERIODS", "POLICIES", "Budget", "Settings"]

Period = Literal["call", "day", "week", "month"]
PERIODS: Final[tuple[str, ...]] = get_args(Period)
MODES: Final = ("live", "record", "replay")
"""Where answers come from: the providers; they, kept beside the notebook; what was kept."""
POLICIES: Final = ("priority", "cheapest", "fastest", "balanced", "spread")
"""How a route's candidates are ordered; `manager._policies` says what each means."""


class Budget(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A limit of what calls may cost."""

    limit: float
    """US dollars, more than 0."""
    per: Period = "month"
    """What it is the limit of: one call, or all of a calendar day, week or month (UTC)."""
    provider: str = ""
    """Whose calls it limits; empty limits everybody's."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot. Changes are made with `msgspec.structs.replace`."""

    providers: tuple[Provider, ...] = ()
    routes: dict[str, tuple[str, ...]] = {}
    """Alias -> the targets it stands for, in order ("provider:model", a provider, an alias)."""
    default: str | None = None
    """The route of a cell that names none; None tries all enabled providers by priority."""
    mode: str | None = None
    """Where answers come from: "live", "record" or "replay"; None is "live"."""
    policy: str = "priority"
    """How candidates are ordered, where `policies` says nothing of their route; a list that is
    written in a call stays as it is."""
    policies: dict[str, str] = {}
    """Route, or provider where it is named as one -> how its candidates are ordered."""
    budgets: dict[str, Budget] = {}
    """Name -> limit."""
    projects: tuple[str, ...] = ()
    """Folders whose pyproject.toml may add providers at any address; never set by a project."""

    def provider(self, name: str) -> Provider | None:
        """The provider of that name."""
        return next((p for p in self.providers if p.name == name), None)
