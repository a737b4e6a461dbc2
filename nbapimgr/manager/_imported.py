"""An import: what it would add, the adding of it, and the taking back."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec.structs import replace

from nbapimgr.errors import NbApiMgrError, SettingsError
from nbapimgr.manager._whole_file import put
from nbapimgr.settings import Budget, fields_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from nbapimgr.imports import Addition
    from nbapimgr.manager._credentials import ManagedCredentials
    from nbapimgr.manager._in_force import InForce
    from nbapimgr.manager._providers import Providers

__all__ = ["Import"]

_MOST: Final = 20
"""Imports that can be taken back."""
_DONE: Final = ("provider", "key", "route", "budget", "default")
"""What an import adds; all else it only says."""


class _Done(msgspec.Struct, frozen=True):
    """One thing that was added, as it is kept to take it back: never a key."""

    act: str
    name: str
    alias: str = ""
    value: Any = None


class Import:
    """What an import would do, and the doing of it.

    Attributes:
        additions: What is found, in the order in which it is done.
        done: After `apply` or `undo`: how many things were added or taken back.
        failed: After either: a line for each that could not be done.
    """

    def __init__(
        self,
        additions: Sequence[Addition],
        *,
        providers: Providers,
        credentials: ManagedCredentials,
        in_force: InForce,
        record: Path,
    ) -> None:
        self.additions = tuple(additions)
        self.done = 0
        self.failed: list[str] = []
        self._todo = tuple(one for one in self.additions if one.act in _DONE)
        self._providers = providers
        self._credentials = credentials
        self._in_force = in_force
        self._record = record

    def __repr__(self) -> str:
        lines = [f"{row['what']:<8} {row['name']}: {row['found']}" for row in self.rows()]
        return "\n".join([f"<Import: {self.changes} to add>", *lines])

    @property
    def changes(self) -> int:
        """How many things are still to be added."""
        return len(self._todo)

    def rows(self) -> list[dict[str, str]]:
        """What would be added, what is left as it is and what cannot be read. Holds no key."""
        return [
            {"what": one.act, "name": one.name, "found": one.said, "source": one.source}
            for one in self.additions
        ]

    def apply(self, *, keep: bool | None = None) -> Import:
        """Add what was found. What fails is said in `failed` and stops nothing. Itself, again.

        Neither the sources nor what is there already is changed.

        Args:
            keep: Of keys, as for `llm.credentials.add`: True keeps them on the disk or fails.
        """
        done: list[_Done] = []
        todo, self._todo = self._todo, ()
        for one in todo:
            try:
                done.append(self._add(one, keep))
            except NbApiMgrError as e:
                self._fail(f"{one.act} {one.name}", e)
        self.done = len(done)
        if done:
            self._remember([*self._remembered(), done][-_MOST:])
        return self

    def undo(self) -> Import:
        """Take back what the last import added, but what was changed since. Itself, again.

        Then the import before it is the last one. That there is none is said in `failed`.
        """
        *before, last = self._remembered() or [[]]
        if not last:
            self.failed.append("there is no import to take back")
            return self
        for one in reversed(last):
            try:
                self._take_back(one)
                self.done += 1
            except NbApiMgrError as e:
                self._fail(f"{one.act} {one.name}", e)
        self._remember(before)
        return self

    def _add(self, one: Addition, keep: bool | None) -> _Done:  # noqa: FBT001  # as in `apply`
        name, value = one.name, one.value
        if one.act == "provider":
            return _Done(one.act, name, value=fields_of(self._providers.add(name, **value)))
        if one.act == "key":
            spare = one.alias != "default"
            receipt = self._credentials.add(name, value, alias=one.alias, spare=spare, keep=keep)
            return _Done(one.act, name, receipt.alias)
        if one.act == "route":
            self._change(lambda s: replace(s, routes={**s.routes, name: value}))
        elif one.act == "budget":
            budget = msgspec.convert(value, Budget)
            self._change(lambda s: replace(s, budgets={**s.budgets, name: budget}))
            value = _plain(budget)
        else:
            self._change(lambda s: replace(s, default=value))
        return _Done(one.act, name, value=value)

    def _take_back(self, one: _Done) -> None:
        name = one.name
        if one.act == "key":
            self._credentials.remove(name, one.alias)
        elif one.act == "provider":
            if _plain(fields_of(self._providers.known(name))) != one.value:
                raise SettingsError("was changed since; it stays")
            self._providers.remove(name)
        elif one.act == "default":
            self._change(lambda s: replace(s, default=None) if s.default == one.value else s)
        elif one.act == "route":
            self._change(lambda s: replace(s, routes=_without(s.routes, one)))
        else:
            self._change(lambda s: replace(s, budgets=_without(s.budgets, one)))

    def _change(self, change: Any) -> None:
        self._in_force.change(change)

    def _fail(self, what: str, error: NbApiMgrError) -> None:
        hint = f"; {error.hint}" if error.hint else ""
        self.failed.append(f"{what}: {error}{hint}")

    def _remember(self, imports: list[list[_Done]]) -> None:
        """Keep what each import has added, the last one last."""
        try:
            if imports:
                put(self._record, msgspec.json.encode(imports))
            else:
                self._record.unlink(missing_ok=True)
        except OSError as e:
            self.failed.append(f"what was added cannot be taken back: {e.strerror}")

    def _remembered(self) -> list[list[_Done]]:
        try:
            data = self._record.read_bytes()
        except OSError:
            return []
        for form, imports in ((list[list[_Done]], list), (list[_Done], lambda one: [one])):
            with contextlib.suppress(msgspec.DecodeError):  # before, only the last was kept
                return imports(msgspec.json.decode(data, type=form))
        return []


def _without(table: dict[str, Any], one: _Done) -> dict[str, Any]:
    """A table without what was added, if it is still what it was."""
    return {k: v for k, v in table.items() if k != one.name or _plain(v) != one.value}


def _plain(value: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value))
