"""A file's table <-> settings: what is said piece by piece, and the snapshot it amounts to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from nbapimgr.models import Provider
from nbapimgr.settings._declared import fields_of, provider_from
from nbapimgr.settings._records import Budget, Settings

__all__ = [
    "MISSING", "Defaults", "Place", "applied", "changes", "pieces", "settings_of", "table_of",
]  # fmt: skip

Place = tuple[str, ...]
"""Where something is said: ("default",), ("routes", "fast"), ("providers", "mine", "models")."""
Defaults = Callable[[str, dict[str, Any]], dict[str, Any]]
"""(name, fields) of a provider -> the fields that are known of it without being said."""
_RECORDS: Final = ("providers", "budgets")
"""Tables of tables: each field of theirs is a piece of its own."""
_MAPS: Final = ("routes", "policies", *_RECORDS)


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
"""What stands for a piece that is not there."""


def settings_of(
    table: dict[str, Any], defaults: Defaults | None = None
) -> tuple[Settings, dict[Place, str]]:
    """The settings a table amounts to, and what is missing of the providers that are not usable."""
    providers: list[Provider] = []
    lacking: dict[Place, str] = {}
    for name, said in table.get("providers", {}).items():
        fields = {**(defaults(name, said) if defaults else {}), **said}
        try:
            providers.append(provider_from({**fields, "name": name}))
        except msgspec.ValidationError as e:
            lacking["providers", name] = str(e)
    scalars = {key: table[key] for key in table.keys() - set(_MAPS)}
    settings = Settings(
        providers=tuple(providers),
        routes=dict(table.get("routes", {})),
        policies=dict(table.get("policies", {})),
        budgets={
            name: msgspec.convert(fields, Budget)
            for name, fields in table.get("budgets", {}).items()
        },
        **scalars,
    )
    return settings, lacking


def table_of(settings: Settings) -> dict[str, Any]:
    """The table that says these settings, without what is empty or a default.

    Raises:
        TypeError: A value among a provider's options is no plain data.
    """
    said: dict[str, Any] = {
        "default": settings.default,
        "mode": settings.mode,
        "policy": settings.policy if settings.policy != "priority" else None,
        "projects": settings.projects or None,
        "policies": dict(settings.policies),
        "routes": dict(settings.routes),
        "budgets": {name: msgspec.to_builtins(one) for name, one in settings.budgets.items()},
        "providers": {p.name: fields_of(p) for p in settings.providers},
    }
    return {key: one for key, one in said.items() if one is not None and one != {}}


def pieces(table: dict[str, Any]) -> Iterator[tuple[Place, Any]]:
    """Each piece of a table with its place; of an empty record the record itself."""
    for key, value in table.items():
        if key not in _MAPS:
            yield (key,), value
            continue
        for name, one in value.items():
            if key in _RECORDS and one:
                yield from (((key, name, field), said) for field, said in one.items())
            else:
                yield (key, name), one


def changes(before: dict[str, Any], after: dict[str, Any]) -> dict[Place, Any]:
    """What makes of one table the other: place -> new value, or `MISSING` where it goes.

    A record that goes is one change; the order of records is none.
    """
    old, new = dict(pieces(before)), dict(pieces(after))
    found: dict[Place, Any] = {
        place: MISSING
        for place in old.keys() - new.keys()
        if len(place) < len(("providers", "", "")) or place[1] in after.get(place[0], {})
    }
    for key in _RECORDS:
        gone = before.get(key, {}).keys() - after.get(key, {}).keys()
        found.update(dict.fromkeys(((key, name) for name in gone), MISSING))
    found.update({place: value for place, value in new.items() if old.get(place, MISSING) != value})
    return found


def applied(table: dict[str, Any], change: dict[Place, Any]) -> dict[str, Any]:
    """A table with changes made to it; what they do not name stays."""
    table = {
        key: {name: dict(one) if key in _RECORDS else one for name, one in value.items()}
        if key in _MAPS
        else value
        for key, value in table.items()
    }
    for place, value in change.items():
        holder = table
        for key in place[:-1]:
            holder = holder.setdefault(key, {})
        if value is MISSING:
            holder.pop(place[-1], None)
        elif place[0] in _RECORDS and not place[2:]:
            holder.setdefault(place[-1], {})  # an empty record takes nothing away
        else:
            holder[place[-1]] = value
    return {key: value for key, value in table.items() if key not in _MAPS or value}
