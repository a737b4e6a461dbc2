"""One encrypted vault: opened once, read as it changes, written in whole changes."""

from __future__ import annotations

import os
import secrets
import socket
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from nbapimgr.errors import OptionError, VaultDamaged, VaultError
from nbapimgr.vault._changes import purge
from nbapimgr.vault._format import Header, compose, data_key, open_body, parse
from nbapimgr.vault._frames import without_frames
from nbapimgr.vault._records import Document, encode
from nbapimgr.vault._replicas import TakenError
from nbapimgr.vault._session import Found, Session
from nbapimgr.vault._slots import Maker, Opener

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nbapimgr.secret import Secret
    from nbapimgr.vault._format import Slot
    from nbapimgr.vault._replicas import Look
    from nbapimgr.vault._slots import Made

__all__ = ["Vault"]

_TRIES: Final = 50
"""Other writers that may be first with a generation before it is given up."""
_NOTHING_TO_DO: Final = "both copies are good: there is nothing to repair"
_ENOUGH: Final = 2
"""Slots without which no key is taken: what opens a vault alone can be lost alone."""


class Vault(Session):
    """The vault in some folders. Safe to use from threads, and with other processes beside it."""

    @without_frames
    def create(
        self, make: Callable[[Maker], Sequence[Made]], *, accept_loss: bool = False
    ) -> tuple[Made, ...]:
        """Make the vault, and open it.

        Args:
            make: Makes the slots.
            accept_loss: One slot is enough: with it, all keys are lost.

        Raises:
            OptionError: There are too few slots.
            VaultError: There is a vault already, or it was not saved.
        """
        with self._lock, self._writing():
            if not (look := self._replicas.look()).nothing:
                raise VaultError(
                    f"there is a vault already: {self._folders.copies[0]}",
                    hint="%llm keys unlock opens it",
                )
            now = int(self._clock())
            vault = secrets.token_hex(16)
            maker = Maker(vault, self._folders, self._keychain, self._environ, now)
            made = _enough(maker, make, (), accept_loss=accept_loss)
            empty = Header(vault=vault, generation=0, created=now, written=0, writer="", slots=())
            self._slot = (made[0].slot.id, made[0].wrap)
            self._write(Document.new(), empty, look, made)
        return made

    @without_frames
    def change(self, change: Callable[[Document], Document]) -> Document:
        """Apply a change to what is on the disk now. When this returns it is there twice.

        Raises:
            VaultLocked: The vault is not open.
            VaultDamaged: It is read-only.
            VaultError: It was not saved; what was saved before is as it was.
        """
        with self._lock, self._writing():
            return self._change(change, ())

    @without_frames
    def change_slots(
        self,
        make: Callable[[Maker], Sequence[Made]],
        drop: Callable[[Slot], bool] = lambda _slot: False,
        *,
        accept_loss: bool = False,
    ) -> tuple[Made, ...]:
        """Add ways to open the vault and drop others; what is dropped opens nothing any more.

        Generations that a dropped slot could open are deleted.

        Raises:
            OptionError: Too few slots would be left.
            VaultError: As `change`.
        """
        with self._lock, self._writing():
            self._writable()
            maker = Maker(self.id, self._folders, self._keychain, self._environ, int(self._clock()))
            gone = [slot for slot in self.slots if drop(slot)]
            kept = [slot for slot in self.slots if slot not in gone]
            made = _enough(maker, make, kept, accept_loss=accept_loss)
            self._change(lambda document: document, made, gone)
            for slot in gone:
                maker.forget(slot)
            if gone:
                self._replicas.tidy(forget=True)
        return made

    @without_frames
    def repair(
        self, *, passphrase: Secret | None = None, code: Secret | None = None
    ) -> tuple[str, ...]:
        """Write the newest there is as the newest of all, twice.

        That is what this process has read, or the newest generation on the disk that can be opened.
        Files that cannot be used are set aside under other names, never deleted.

        Returns:
            What was done, and what may be lost, in lines.

        Raises:
            VaultLocked: Nothing that is left can be opened.
            VaultDamaged: Nothing is left.
        """
        opener = Opener(
            self._folders, self._keychain, self._environ, passphrase=passphrase, code=code
        )
        with self._lock, self._writing():
            if said := self._repaired_by_memory():
                return said
            before = vars(self).copy()
            try:
                self._forget()
                self._open(opener, lenient=True)
            except VaultError:
                vars(self).update(before)  # what was read before can still be exported
                raise
            look = self._replicas.look(self._opens, lenient=True)
            if look.healthy:
                return (_NOTHING_TO_DO,)
            _refuse_newer(look)
            _, document, header = self._taken(look)
            look = look.of_one_vault(header.vault)
            self._write(document, header, look, ())
            return _repaired(look, header.generation)

    def _repaired_by_memory(self) -> tuple[str, ...]:
        """Write what this process has read, where that is newer than what is on the disk.

        Returns:
            What was done; nothing where the disk has what is as new, or another vault.
        """
        document, header = self._document, self._header
        if document is None or header is None:
            return ()
        look = self._replicas.look(self._opens, lenient=True)
        whole = [c.parsed for c in look.copies if c.parsed] + self._replicas.kept()
        there = [p.header.generation for p in whole if p.header.vault == header.vault]
        newest = max(there, default=0)
        if newest > header.generation or (look.healthy and newest == header.generation):
            return ()
        _refuse_newer(look)
        look = look.of_one_vault(header.vault)
        self._write(document, header, look, ())
        return _repaired(look, header.generation)

    def _change(
        self,
        change: Callable[[Document], Document],
        made: Sequence[Made],
        gone: Sequence[Slot] = (),
    ) -> Document:
        for _ in range(_TRIES):
            look, before, header = self._writable()
            after = purge(change(before), int(self._clock()))
            if after == before and not made and not gone:
                self._mended(look)
                return before
            try:
                return self._write(after, header, look, made, gone)
            except TakenError:
                continue
        raise VaultError("NOT saved: other processes were first, again and again")

    def _writable(self) -> Found:
        """What is on the disk now.

        Raises:
            VaultDamaged: It may not be written over.
        """
        try:
            found = self._reopened()
        except VaultDamaged as e:
            raise VaultDamaged(f"NOT saved: {e}", hint=e.hint) from None
        if self._why_not:
            raise VaultDamaged(
                f"NOT saved, the vault is read-only: {self._why_not}", hint="nbapimgr keys repair"
            )
        return found

    def _write(
        self,
        document: Document,
        header: Header,
        look: Look,
        made: Sequence[Made],
        gone: Sequence[Slot] = (),
    ) -> Document:
        """Seal a document as the next generation and have it on the disk twice."""
        wraps = {**document.wraps, **{each.slot.id: each.wrap.hex() for each in made}}
        for slot in gone:
            del wraps[slot.id]
        document = replace(document, wraps=wraps)
        slots = [slot for slot in (*header.slots, *(m.slot for m in made)) if slot.id in wraps]
        keys = {name: bytes.fromhex(wrap) for name, wrap in wraps.items()}
        header = replace(
            header,
            generation=max(look.newest, header.generation) + 1,
            written=int(self._clock()),
            writer=f"{socket.gethostname()}:{os.getpid()}",
            slots=tuple(replace(slot, wrapped="") for slot in slots),
        )
        data = compose(header, keys, encode(document))
        parsed = parse(data)
        for slot in header.slots:  # each way in must lead in, before the old one is given up
            open_body(parsed, data_key(parsed, slot.id, keys[slot.id]))
        self._replicas.write(data, look)
        self._mark(look)
        self._document, self._header, self._why_not = document, parsed.header, ""
        if self._slot is None or self._slot[0] not in keys:
            self._slot = next(iter(keys.items()))
        self._replicas.tidy()
        self._signature = self._replicas.signature()
        return document


def _enough(
    maker: Maker,
    make: Callable[[Maker], Sequence[Made]],
    kept: Sequence[Slot],
    *,
    accept_loss: bool,
) -> tuple[Made, ...]:
    """New slots, which with those that are kept are enough.

    What a slot has put into a keychain or a file stays when the write fails later: it may have got
    as far as one copy, which nothing else would open.

    Raises:
        OptionError: They are too few.
    """
    made = tuple(make(maker))
    if (count := len(made) + len(kept)) < _ENOUGH and not (count and accept_loss):
        for each in made:
            maker.forget(each.slot)
        raise OptionError(
            "a vault needs two ways to open it: one alone can be lost, and all keys with it",
            hint="add a passphrase or a recovery code, or say accept_loss=True",
        )
    return made


def _refuse_newer(look: Look) -> None:
    if newer := next((copy for copy in look.copies if copy.newer), None):
        raise VaultError(f"{newer.path}: {newer.fault}", hint="pip install -U nbapimgr")


def _repaired(look: Look, used: int) -> tuple[str, ...]:
    lines = [
        f"{copy.path}: {copy.fault}" + ("" if copy.fault == "missing" else "; set aside")
        for copy in look.copies
        if copy.fault
    ]
    lines.append(f"generation {used} is in force again")
    by_memory = look.best is None or look.best.generation < used
    if not by_memory and (look.newest > used or not look.good):
        lines.append(f"what was saved after generation {used} may be lost: look through your keys")
    return tuple(lines)
