"""Several sources over what is there already -> what would be added."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from nbapimgr.imports._found import Account, Found
from nbapimgr.imports._vendors import origin, vendor_of_variable
from nbapimgr.secret import Secret, scrub
from nbapimgr.wire.catalogue import CATALOGUE

__all__ = ["Addition", "Known", "Piece", "merged"]

Act = Literal["provider", "key", "route", "budget", "default", "kept", "note"]


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in one place."""

    source: str
    place: str
    found: Found
    near: bool = False
    """It is of the working folder: others may have written it."""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is configured already."""

    providers: Mapping[str, str] = {}
    """Name -> base URL."""
    keys: Mapping[str, tuple[Secret, ...]] = {}
    """Provider -> its keys."""
    routes: Mapping[str, tuple[str, ...]] = {}
    budgets: Mapping[str, Any] = {}
    default: str | None = None


class Addition(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that would be done, or is not and why."""

    act: Act
    name: str
    """The provider, route or budget."""
    value: Any = None
    """Fields, a `Secret`, targets; what `act` takes."""
    alias: str = ""
    """Of a key."""
    said: str = ""
    """For people, in one line; holds no key."""
    source: str = ""


def merged(pieces: Sequence[Piece], known: Known) -> list[Addition]:
    """What pieces add to what is known. Nothing that is there is changed by any of it."""
    return _Merge(known).run(pieces)


class _Merge:
    def __init__(self, known: Known) -> None:
        self._known = known
        self._origins = {name: _origin(url) for name, url in known.providers.items()}
        self._keys = {name: list(keys) for name, keys in known.keys.items()}
        self._new: dict[str, dict[str, Any]] = {}
        self._from: dict[str, str] = {}
        self._rest: list[Addition] = []

    def run(self, pieces: Sequence[Piece]) -> list[Addition]:
        """Accounts first: routes name them."""
        names: list[dict[str, str]] = []
        for piece in pieces:
            loose = _loose(pieces, piece.source)
            said = {one.name: self._account(piece, one, loose) for one in piece.found.accounts}
            names.append({name: ours for name, ours in said.items() if ours})
        for piece in pieces:
            own = {
                k: v
                for n, p in zip(names, pieces, strict=True)
                if p.source == piece.source
                for k, v in n.items()
            }
            self._targets(piece, own)
            for line in piece.found.notes:
                self._say(piece, "note", piece.source, line)
        added = [
            Addition(
                act="provider",
                name=name,
                value=fields,
                said=_described(fields),
                source=self._from[name],
            )
            for name, fields in self._new.items()
        ]
        # A key may stand where a name belongs.
        every = (*added, *self._rest)
        return [replace(one, said=scrub(" ".join(one.said.split()))) for one in every]

    def _account(self, piece: Piece, one: Account, loose: Mapping[str, Secret]) -> str:
        """Our name for an account, added where it is new; empty where it is left out."""
        fields = dict(one.fields)
        vendor = CATALOGUE.get(fields.get("vendor", ""))
        url = fields.get("base_url") or (vendor.base_url if vendor else "")
        where = _origin(url)
        if not where or (vendor and vendor.needs and not fields.get("base_url")):
            self._say(piece, "note", one.name, "its address is not known; add it with base_url=…")
            return ""
        if "@" in url:
            self._say(piece, "note", one.name, "its address holds a password; it is left out")
            return ""
        if piece.near:
            fields = self._guarded(piece, one.name, fields)
        name = self._name_at(where) or self._unique(one.name)
        key = one.key or loose.get(one.key_name)
        if name not in self._origins:
            self._origins[name], self._new[name], self._from[name] = where, fields, piece.place
        elif name in self._new:
            models = (*self._new[name].get("models", ()), *fields.get("models", ()))
            self._new[name] = {**fields, **self._new[name]}
            if models:
                self._new[name]["models"] = tuple(dict.fromkeys(models))
        else:
            self._say(piece, "kept", name, f"is there already, at {url}")
        if key:
            self._key(piece, name, key)
        return name

    def _guarded(self, piece: Piece, name: str, fields: dict[str, Any]) -> dict[str, Any]:
        """Without variables whose key is another vendor's: a file near may be anybody's."""
        wrong = [v for v in fields.get("env", ()) if vendor_of_variable(v) != fields.get("vendor")]
        for variable in wrong:
            line = f"would be sent {variable} of the environment; give it its key yourself"
            self._say(piece, "note", name, line)
        return {k: v for k, v in fields.items() if k != "env"} if wrong else fields

    def _key(self, piece: Piece, name: str, key: Secret) -> None:
        had = self._keys.setdefault(name, [])
        if key in had:
            self._say(piece, "kept", name, f"the key {key.tail()} is there already")
            return
        had.append(key)
        first = len(had) == 1
        said = f"the key {key.tail()}" if first else f"another key, {key.tail()}, as a spare"
        alias = "default" if first else piece.source.strip(".")
        self._rest.append(
            Addition(act="key", name=name, value=key, alias=alias, said=said, source=piece.place)
        )

    def _targets(self, piece: Piece, own: Mapping[str, str]) -> None:
        """Routes, budgets and the default of a piece, in our names for its accounts."""
        found = piece.found
        for alias, targets in found.routes.items():
            known = {*own, *found.routes, *self._known.routes}
            ours = tuple(_ours(one, own) for one in targets if ":" in one or one in known)
            for gone in [one for one in targets if ":" not in one and one not in known]:
                self._say(piece, "note", alias, f"{gone[:60]!r} is not there; it is left out")
            if ours:
                self._once(piece, "route", alias, ours, self._known.routes)
        for name, budget in found.budgets.items():
            who = budget.get("provider")
            ours_ = {**budget, "provider": own.get(who, who)} if who else budget
            self._once(piece, "budget", name, ours_, self._known.budgets)
        if found.default:
            default = _ours(found.default, own)
            chosen = self._known.default or next(
                (one.value for one in self._rest if one.act == "default"), None
            )
            if chosen is None:
                self._rest.append(
                    Addition(
                        act="default",
                        name="default",
                        value=default,
                        said=default,
                        source=piece.place,
                    )
                )
            elif chosen != default:
                self._say(piece, "kept", "default", f"stays {chosen}; there it is {default}")

    def _once(
        self,
        piece: Piece,
        act: Literal["route", "budget"],
        name: str,
        value: Any,
        known: Mapping[str, Any],
    ) -> None:
        """Add a route or a budget unless its name is taken."""
        taken = {one.name: one.value for one in self._rest if one.act == act}
        said = (
            ", ".join(value) if act == "route" else ", ".join(f"{k} {v}" for k, v in value.items())
        )
        if name not in taken and name not in known:
            self._rest.append(
                Addition(act=act, name=name, value=value, said=said, source=piece.place)
            )
        elif taken.get(name, known.get(name)) != value:
            self._say(piece, "kept", name, f"this {act} is there already; there it is {said}")

    def _say(self, piece: Piece, act: Act, name: str, line: str) -> None:
        self._rest.append(Addition(act=act, name=name, said=line, source=piece.place))

    def _name_at(self, where: str) -> str:
        return next((name for name, at in self._origins.items() if at == where), "")

    def _unique(self, wished: str) -> str:
        base = "".join(c if c.isascii() and (c.isalnum() or c in "_.-") else "-" for c in wished)
        base = base.strip("_.-")[:60] or "imported"
        name, number = base, 2
        while name in self._origins:
            name, number = f"{base}-{number}", number + 1
        return name


def _origin(url: str) -> str:
    try:
        return origin(url)
    except ValueError:
        return ""


def _loose(pieces: Iterable[Piece], source: str) -> dict[str, Secret]:
    """The keys of a source by name: those of its accounts too."""
    found: dict[str, Secret] = {}
    for piece in pieces:
        if piece.source == source:
            found |= {one.name: one.key for one in piece.found.accounts if one.key}
            found |= piece.found.keys
    return found


def _ours(target: str, names: Mapping[str, str]) -> str:
    head, mark, model = target.partition(":")
    return f"{names[head]}:{model}" if mark and head in names else target


def _described(fields: Mapping[str, Any]) -> str:
    """Where a provider is, and what it has, in one line."""
    vendor = CATALOGUE.get(fields.get("vendor", ""))
    parts = [fields.get("base_url") or (vendor.base_url if vendor else "")]
    if models := fields.get("models"):
        parts.append(f"{len(models)} model{'s' * (len(models) > 1)}")
    if env := fields.get("env"):
        parts.append(f"key from {', '.join(env)}")
    return ", ".join(parts)
