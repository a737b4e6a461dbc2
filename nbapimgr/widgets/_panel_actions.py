"""Does what a message of the panel asks, and says in words what came of it."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec

from nbapimgr.errors import OptionError, UnknownName
from nbapimgr.settings import fields_of
from nbapimgr.vault import read_key
from nbapimgr.widgets import _panel_messages as asked
from nbapimgr.widgets._panel_answer import Answer
from nbapimgr.widgets._panel_check import check, in_words
from nbapimgr.widgets._panel_imports import ImportActions
from nbapimgr.widgets._panel_state import in_order, title
from nbapimgr.widgets._panel_usage import calls_by_day
from nbapimgr.widgets._panel_vault import VaultActions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nbapimgr.manager import Manager, Receipt
    from nbapimgr.models import Provider
    from nbapimgr.secret import Secret
    from nbapimgr.vault import SealedEntries
    from nbapimgr.widgets._panel_answer import Work

__all__ = ["Actions"]

_SPARE: Final = "spare"
"""The alias under which the panel adds a key that is used when the active one fails."""
_MEMORY: Final = "in this kernel's memory"
"""How a receipt begins to say what the panel shows of the vault anyway."""


class Actions:
    """The panel's hands.

    Args:
        manager: What is changed.
        entries: Opens sealed keys.
        later: Runs something that may take long, beside the kernel's main thread.
        changed: Called when there is something new to show, from any thread.
        counted: Called with the calls of each provider, from any thread.
        say: Tells the page a sentence that answers no message; True for what is wrong.
    """

    def __init__(
        self,
        manager: Manager,
        entries: SealedEntries,
        *,
        later: Callable[[Callable[[], None]], None],
        changed: Callable[[], None],
        counted: Callable[[dict[str, list[int]]], None],
        say: Callable[[str, bool], None],
    ) -> None:
        self.checking: frozenset[str] = frozenset()
        self._manager = manager
        self._entries = entries
        self._later = later
        self._changed = changed
        self._counted = counted
        self._say = say
        self._removed: dict[str, Provider] = {}
        self._lock = threading.Lock()
        imports, vault = ImportActions(manager), VaultActions(manager, entries)
        self._takes_bytes: dict[type, Callable[[Any, bytes], Answer | Work]] = {
            asked.Save: self._save,
            asked.SetUp: vault.set_up,
            asked.Unlock: vault.unlock,
        }
        self._does: dict[type, Callable[[Any], Answer | Work]] = {
            asked.Hello: self._hello,
            asked.Begin: self._begin,
            asked.Add: self._add,
            asked.Update: self._update,
            asked.Move: self._move,
            asked.Check: self._check,
            asked.Remove: self._remove,
            asked.Restore: self._restore,
            asked.Activate: self._activate,
            asked.Forget: self._forget,
            asked.PutBack: self._put_back,
            asked.Find: imports.find,
            asked.Bring: imports.bring,
            asked.TakeBack: imports.undo,
            asked.Look: self._look,
            asked.Usage: self._usage,
        }

    def do(self, message: asked.Message, buffers: Sequence[bytes | memoryview]) -> Answer | Work:
        """Carry a message out, or give what carries it out beside the main thread.

        Raises:
            NbApiMgrError: It cannot be done; says why and what can.
        """
        sealed = self._takes_bytes.get(type(message))
        if len(buffers) != (sealed is not None):
            raise OptionError("the panel sent too few bytes, or too many", hint="try once more")
        if sealed is not None:
            return sealed(message, bytes(buffers[0]))
        return self._does[type(message)](message)

    def _hello(self, _: asked.Hello) -> Answer:
        return Answer()

    def _usage(self, _: asked.Usage) -> Answer:
        self._later(self._count)
        return Answer()

    def _count(self) -> None:
        self._counted(calls_by_day(self._manager))
        for name in self._manager.providers:
            self._manager.credentials.list(name, usage=True)  # reads the rows once for all
        self._changed()

    def _begin(self, _: asked.Begin) -> Answer:
        entry = self._entries.begin()
        about = {"entry": entry.id, "kernel": entry.kernel, "widget": entry.widget}
        return Answer(data=about, buffers=(entry.public_key,))

    def _save(self, message: asked.Save, sealed: bytes) -> Answer | Work:
        key = self._entries.open(
            message.entry, sealed, provider=message.provider, slot=message.slot
        )
        read_key(key, message.provider)  # or its provider would be added without it
        name = self._known_or_added(message)
        spare = message.slot == _SPARE
        if not spare and self._manager.credentials.list(name):
            return partial(self._introduce, name, key, message.slot)
        receipt = self._manager.credentials.add(name, key, alias=message.slot, spare=spare)
        said = _saved(title(name), receipt)
        self._check_later(name, said)
        return Answer(said=said, data={"provider": name})

    def _introduce(self, name: str, key: Secret, slot: str) -> Answer:
        """The old key stays what it is until the new one is known to work."""
        receipt = self._manager.credentials.introduce(name, key, alias=slot)
        self._check_later(name)
        return Answer(said=_saved(title(name), receipt), data={"provider": name})

    def _add(self, message: asked.Add) -> Answer:
        name = self._known_or_added(message)
        said = f"{title(name)} is added."
        self._check_later(name, said)
        return Answer(said=said, data={"provider": name})

    def _known_or_added(self, message: asked.Add | asked.Save) -> str:
        name = message.provider
        if name not in self._manager.providers:
            fields = {"vendor": message.vendor, "base_url": message.base_url}
            given = {field: value for field, value in fields.items() if value}
            self._manager.providers.add(name, **given)
        return name

    def _update(self, message: asked.Update) -> Answer:
        name = message.provider
        fields: dict[str, Any] = {}
        provider = self._manager.providers.known(name)
        if message.enabled is not None:
            fields["enabled"] = message.enabled
        if message.models is not None:
            told = {
                m["id"]: m for m in fields_of(provider).get("models", ()) if isinstance(m, dict)
            }
            fields["models"] = [told.get(model, model) for model in dict.fromkeys(message.models)]
        if message.rate_limits is not None:
            fields["rate_limits"] = message.rate_limits
        self._manager.providers.update(name, **fields)
        return Answer(said=_updated(title(name), message))

    def _move(self, message: asked.Move) -> Answer:
        order = in_order(self._manager)
        moved = self._manager.providers.known(message.provider)
        order.remove(moved)
        place = min(message.to, len(order) + 1)
        order.insert(place - 1, moved)
        least = None
        for provider, priority in zip(order, sorted(p.priority for p in order), strict=True):
            least = priority if least is None else max(priority, least + 1)
            if provider.priority != least:
                self._manager.providers.put(msgspec.structs.replace(provider, priority=least))
        return Answer(said=f"{title(moved.name)} is number {place} of {len(order)}.")

    def _check(self, message: asked.Check) -> Answer:
        name = self._manager.providers.known(message.provider).name
        self._check_later(name)
        return Answer(said=f"Checking {title(name)} …")

    def _remove(self, message: asked.Remove) -> Answer:
        provider = self._manager.providers.known(message.provider)
        self._manager.providers.remove(provider.name)
        self._removed[provider.name] = provider
        return Answer(said=f"{title(provider.name)} is removed.", data={"undo": provider.name})

    def _restore(self, message: asked.Restore) -> Answer:
        provider = self._removed.pop(message.provider, None)
        if provider is None:
            raise UnknownName("removed provider", message.provider, self._removed)
        self._manager.providers.put(provider)
        return Answer(said=f"{title(provider.name)} is back.")

    def _activate(self, message: asked.Activate) -> Answer:
        self._manager.credentials.activate(message.provider, message.slot)
        said = f"{title(message.provider)}: the key {message.slot!r} is tried first."
        self._check_later(message.provider, said)
        return Answer(said=said)

    def _forget(self, message: asked.Forget) -> Answer:
        back = self._manager.credentials.remove(message.provider, message.slot)
        said = f"{title(message.provider)}: the key {message.slot!r} is removed."
        return Answer(said=said, data={"undo_key": message.provider} if back else {})

    def _put_back(self, message: asked.PutBack) -> Answer:
        alias = self._manager.credentials.undo(message.provider)
        return Answer(said=f"{title(message.provider)}: the key {alias!r} is back.")

    def _look(self, _: asked.Look) -> Work:
        return self._look_at_all

    def _look_at_all(self) -> Answer:
        """Check who can be asked and was not found well within the last minute, for nothing."""
        names = [
            provider.name
            for provider in in_order(self._manager)
            if provider.enabled
            and (provider.keyless or self._manager.credentials.list(provider.name))
        ]
        self._manager.monitor.check(names)
        return Answer()

    def _check_later(self, name: str, before: str = "") -> None:
        """Check beside the main thread, and tell; after a sentence that should not be lost."""
        with self._lock:
            if name in self.checking:
                return
            self.checking |= {name}
        self._later(partial(self._checked, name, before))

    def _checked(self, name: str, before: str) -> None:
        try:
            found = check(self._manager, name)
        except UnknownName:  # removed meanwhile
            return
        finally:
            with self._lock:
                self.checking -= {name}
            self._changed()
        said = f"{before} {in_words(title(name), found)}".lstrip()
        self._say(said, found.verdict == "rejected")


def _saved(name: str, receipt: Receipt) -> str:
    where = "saved, encrypted, in two copies" if receipt.durable else "kept in this kernel's memory"
    said = f"{name}: the key {receipt.masked} is {where}."
    if not receipt.note or receipt.note.startswith(_MEMORY):
        return said
    return f"{said} Note: {receipt.note}{f' ({receipt.hint})' if receipt.hint else ''}."


def _updated(name: str, message: asked.Update) -> str:
    if message.enabled is not None:
        return f"{name} is switched {'on' if message.enabled else 'off'}."
    if message.models is not None:
        count = len(set(message.models))
        return f"{name} has {count} model{'s' * (count != 1)}."
    return f"The limits of {name} are changed."
