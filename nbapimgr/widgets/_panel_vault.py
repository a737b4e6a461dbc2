"""The panel's part in keeping keys on this machine: the vault is made there, and opened."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from nbapimgr.widgets._panel_answer import Answer

if TYPE_CHECKING:
    from nbapimgr.manager import Manager
    from nbapimgr.secret import Secret
    from nbapimgr.vault import SealedEntries
    from nbapimgr.widgets import _panel_messages as asked
    from nbapimgr.widgets._panel_answer import Work

__all__ = ["VaultActions"]


class VaultActions:
    """What the panel does with the vault."""

    def __init__(self, manager: Manager, entries: SealedEntries) -> None:
        self._manager = manager
        self._entries = entries

    def set_up(self, _: asked.SetUp, point: bytes) -> Work:
        """Make the vault. Its recovery code goes to the page sealed: it may be seen there once."""
        return partial(self._set_up, point)

    def unlock(self, message: asked.Unlock, sealed: bytes) -> Work:
        """Open the vault with a passphrase."""
        passphrase = self._entries.open(message.entry, sealed, provider="vault", slot="passphrase")
        return partial(self._unlock, passphrase)

    def _set_up(self, point: bytes) -> Answer:
        self._entries.check(point)  # a code that cannot be shown is lost
        made = self._manager.credentials.setup()
        keys = f"{made.moved} key{'s' * (made.moved != 1)}"
        protection = self._manager.credentials.status().protection
        said = f"Keys are kept on this machine from now on ({protection}); {keys} moved there."
        if made.recovery is None:  # the vault had one made before
            return Answer(said=said)
        sealed = self._entries.seal(point, made.recovery, purpose="recovery")
        about = {"kernel": self._entries.kernel, "widget": self._entries.widget}
        return Answer(said=said, data=about, buffers=(sealed,))

    def _unlock(self, passphrase: Secret) -> Answer:
        status = self._manager.credentials.unlock(passphrase=passphrase)
        return Answer(said=f"The keys on this machine are open ({status.protection}).")
