"""A vault as this process sees it: what it has read, through which slot, and what is wrong."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Literal, NamedTuple

from nbapimgr.errors import VaultDamaged, VaultError, VaultLocked
from nbapimgr.vault._format import data_key, open_body
from nbapimgr.vault._frames import without_frames
from nbapimgr.vault._keychain import Keychain
from nbapimgr.vault._lock import Writing
from nbapimgr.vault._records import Document, read_document
from nbapimgr.vault._replicas import Replicas
from nbapimgr.vault._slots import Opener

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from nbapimgr.secret import Secret
    from nbapimgr.vault._folders import Folders
    from nbapimgr.vault._format import Header, Parsed, Slot
    from nbapimgr.vault._replicas import Look

__all__ = ["Found", "Session"]

State = Literal["none", "locked", "open", "read-only"]


class Found(NamedTuple):
    """What was read from the disk a moment ago."""

    look: Look
    document: Document
    header: Header


class Session:
    """Reads the vault in some folders, and mends a bad copy. Safe to use from threads.

    Attributes:
        notices: Lines about what was mended and what is not in order, the newest last.
    """

    def __init__(
        self,
        folders: Folders,
        *,
        environ: Mapping[str, str] | None = None,
        keychain: Keychain | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.notices: list[str] = []
        self._folders = folders
        self._environ = os.environ if environ is None else environ
        self._keychain = keychain or Keychain()
        self._clock = clock
        self._replicas = Replicas(folders)
        self._lock = threading.RLock()
        self._forget()

    def _forget(self) -> None:
        self._document: Document | None = None
        self._header: Header | None = None
        self._slot: tuple[str, bytes] | None = None
        """The slot that opened it, and its wrap key."""
        self._signature: object = None
        self._looked = float("-inf")
        """When the files were looked at last, on the monotonic clock."""
        self._refused: object = None
        """The signature of files that nothing at hand opens."""
        self._why_not = ""

    @property
    def state(self) -> State:
        """Whether there is one, and what can be done with it: nothing yet with a locked one."""
        if self._document is not None:
            return "read-only" if self._why_not else "open"
        return "none" if self._replicas.look().nothing else "locked"

    @property
    def id(self) -> str:
        """What tells this vault from others; "" before it is open."""
        return self._header.vault if self._header else ""

    @property
    def generation(self) -> int:
        """The number of the write that was read last; 0 before it is open."""
        return self._header.generation if self._header else 0

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The ways to open it; none before it is open."""
        return self._header.slots if self._header else ()

    @property
    def files(self) -> tuple[Path, ...]:
        """The two copies."""
        return self._folders.copies

    @property
    def why_not(self) -> str:
        """Why it cannot be written; "" when it can, or is not open."""
        return self._why_not

    @without_frames
    def unlock(self, *, passphrase: Secret | None = None, code: Secret | None = None) -> None:
        """Open the vault with what is given and what is at hand.

        Raises:
            VaultLocked: Nothing opens it; says for each slot why.
            VaultDamaged: No copy can be read.
            VaultError: There is none, or a newer version wrote it.
        """
        opener = Opener(
            self._folders, self._keychain, self._environ, passphrase=passphrase, code=code
        )
        with self._lock:
            self._open(opener)
            self._heal()

    def ready(self, *, within: float = 0.0) -> Document | None:
        """`document`, after opening the vault with what is at hand if nobody has yet.

        What cannot be opened is tried again when its files have changed, or by `unlock`.

        Args:
            within: Seconds for which an earlier look at the files is good enough.
        """
        with self._lock:
            now = time.monotonic()
            if now - self._looked < within:
                return self._document
            self._looked = now
            if self._document is None:
                signature = self._replicas.signature()
                if signature == self._refused or not any(signature):
                    return None
                try:
                    self.unlock()
                except VaultError as e:
                    self._refused = signature
                    self._note(str(e))
        return self.document()

    def document(self) -> Document | None:
        """What is in it, as any process has written it last; None before it is open."""
        with self._lock:
            signature = self._replicas.signature()
            if self._document is None or signature in (self._signature, self._refused):
                return self._document
            try:
                self._reopened()
            except VaultError as e:  # what was read before still answers cells
                self._note(f"{e}; keys as they were read before are used")
                self._why_not, self._refused = str(e), signature
            return self._document

    def _open(self, opener: Opener, *, lenient: bool = False) -> None:
        look = self._replicas.look()
        if look.nothing:
            raise VaultError("there is no vault yet", hint="%llm keys setup makes one")
        reasons: list[str] = []
        files = [c.parsed for c in (look.best, *look.copies) if c is not None and c.parsed]
        if lenient:
            files += self._replicas.kept()
        if all(copy.newer for copy in look.copies):
            raise VaultError(look.why_not, hint="pip install -U nbapimgr")
        if not files:
            raise VaultDamaged(look.why_not or "no copy is left", hint="nbapimgr keys repair")
        # The copies are alike, as a rule; the keychain is asked, and a passphrase tried, once.
        for parsed in {(one.head, one.body): one for one in files}.values():
            for slot, key in opener.wrap_keys(parsed.header):
                if isinstance(key, str):
                    reasons.append(f"{slot.kind}: {key}")
                    continue
                self._slot = (slot.id, key)
                try:
                    self._opens(parsed)
                    self._look(lenient=lenient)
                except VaultError as e:
                    reasons.append(f"{slot.kind}: {e}")
                    self._slot = None
                    continue
                return
        raise VaultLocked(
            "nothing at hand opens the vault (" + "; ".join(dict.fromkeys(reasons)) + ")",
            hint="%llm keys unlock asks for a passphrase or the recovery code",
        )

    def _opens(self, parsed: Parsed) -> tuple[Document, bool]:
        """What is in a file, through the slot that opened the vault."""
        if self._slot is None:
            raise VaultLocked("the vault is locked", hint="%llm keys unlock")
        return read_document(open_body(parsed, data_key(parsed, *self._slot)))

    def _look(self, *, lenient: bool = False) -> Found:
        """Read what is on the disk, and take it over.

        Raises:
            VaultLocked: Another process has changed the slots, and none at hand opens it.
            VaultError: It is older than what was read before, or gone.
        """
        signature = self._replicas.signature()
        look = self._replicas.look(self._opens, lenient=lenient)
        found = self._taken(look)
        self._signature = signature
        return found

    def _reopened(self) -> Found:
        """`_look`; where another process has changed the slots, with another slot."""
        try:
            return self._look()
        except VaultLocked:
            self._open(Opener(self._folders, self._keychain, self._environ))
            return self._look()

    def _taken(self, look: Look) -> Found:
        if look.nothing and self._header is None:
            raise VaultError("there is no vault yet", hint="%llm keys setup makes one")
        if look.best is None or look.best.parsed is None:
            raise VaultDamaged(look.why_not or "no copy is left", hint="nbapimgr keys repair")
        header = look.best.parsed.header
        if self._header and header.vault != self._header.vault:
            raise VaultDamaged("another vault is in its place", hint="nbapimgr keys repair")
        if header.generation < self.generation:
            raise VaultDamaged(
                look.why_not
                or f"the vault on the disk is older than what was read before "
                f"({self.generation} → {header.generation}): somebody put an old copy back",
                hint="nbapimgr keys repair",
            )
        self._document, strange = self._opens(look.best.parsed)
        self._header = header
        self._why_not = look.why_not
        if strange or look.best.parsed.strange:
            self._why_not = "a newer nbapimgr wrote things into it that this one does not know"
        return Found(look, self._document, header)

    def _heal(self) -> None:
        """Mend one bad copy now; that it cannot be done now is no reason not to use the keys."""
        try:
            if not self._look().look.healthy:
                with self._writing():
                    self._mended(self._look().look)
        except VaultError as e:
            self._note(f"a copy of the vault could not be mended: {e}")

    def _mended(self, look: Look) -> None:
        if look.best and not look.healthy and not look.why_not:
            self._replicas.heal(look, look.best)
            self._mark(look)
            self._signature = self._replicas.signature()

    def _mark(self, look: Look) -> None:
        for copy in look.copies:
            if copy.fault and not look.nothing:
                self._note(f"{copy.path}: {copy.fault}; made anew from the other copy")

    def _note(self, line: str) -> None:
        if line not in self.notices:
            self.notices.append(line)

    def _writing(self) -> Writing:
        return Writing(self._folders)
