"""The operating system's keychain as a place for one slot's secret, when it is a real one."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final, TypeVar

from nbapimgr.errors import MissingExtra, VaultLocked
from nbapimgr.vault._patience import within

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Keychain"]

T = TypeVar("T")

_SERVICE: Final = "nbapimgr"
_PATIENCE: Final = 2.0
"""Seconds until a keychain that asks somebody, or hangs, counts as absent."""
_PATIENCE_ASKED: Final = 60.0
"""Seconds when a person has asked for it and may be typing into its window."""
_NO_KEYCHAIN: Final = ("keyrings.alt", "keyring.backends.fail", "keyring.backends.null")
"""Modules of keyring whose backends keep nothing, or keep it in the clear."""


class Keychain:
    """One keychain. What it holds is a random text without line breaks, never an API key.

    gnome-keyring cannot read a file back in which a secret has a line break, and Windows takes
    1,280 characters. A keychain can lose what it holds: it is never the only slot unasked.
    """

    def __init__(self, backend: Any = None) -> None:
        self._backend = backend

    def why_not(self, patience: float = _PATIENCE) -> str:
        """Why it cannot be used: "" when a value that was put there came back."""
        name, value = f"probe-{secrets.token_hex(4)}", secrets.token_urlsafe(32)

        def probe(backend: Any) -> bool:
            backend.set_password(_SERVICE, name, value)
            try:
                return bool(backend.get_password(_SERVICE, name) == value)
            finally:
                backend.delete_password(_SERVICE, name)

        try:
            kept = self._call(probe, patience)
        except (MissingExtra, VaultLocked) as e:
            return str(e)
        return "" if kept else "the keychain gives back another value than was put there"

    def put(self, name: str, value: str) -> None:
        """Keep a value, and see that it is there.

        Raises:
            VaultLocked: The keychain does not take it.
        """

        def keep(backend: Any) -> bool:
            backend.set_password(_SERVICE, name, value)
            return bool(backend.get_password(_SERVICE, name) == value)

        if not self._call(keep, _PATIENCE_ASKED):
            raise VaultLocked("the keychain gives back another value than was put there")

    def get(self, name: str) -> str:
        """The value.

        Raises:
            VaultLocked: There is none, or the keychain does not give it out (locked, denied, hung).
        """
        value = self._call(lambda backend: backend.get_password(_SERVICE, name), _PATIENCE)
        if not value:
            raise VaultLocked("the keychain has no key for this vault")
        return str(value)

    def forget(self, name: str) -> None:
        """Remove a value.

        Raises:
            VaultLocked: The keychain does not let it go.
        """
        self._call(lambda backend: backend.delete_password(_SERVICE, name), _PATIENCE)

    def _call(self, ask: Callable[[Any], T], patience: float) -> T:
        """The backend's answer; a call that takes too long is left to itself.

        Raises:
            MissingExtra: keyring is not installed.
            VaultLocked: There is no keychain, or it fails.
        """
        try:
            return within(patience, lambda: ask(self._chosen()))
        except (MissingExtra, VaultLocked):
            raise
        except TimeoutError:
            why = f"the keychain does not answer within {patience:.0f} s"
        except Exception as e:  # noqa: BLE001  # backends raise what they like
            # Its words are not repeated: they are not ours, and may quote a value.
            why = f"the keychain refuses: {type(e).__name__}"
        raise VaultLocked(why)

    def _chosen(self) -> Any:
        if self._backend is None:
            self._backend = _real_backend()
        return self._backend


def _real_backend() -> Any:
    """The first backend of keyring's that is a keychain.

    Raises:
        MissingExtra: keyring is not installed.
        VaultLocked: It has none.
    """
    try:
        import keyring
    except ImportError:
        raise MissingExtra(
            "the keychain needs keyring", hint="pip install 'nbapimgr[keychain]'"
        ) from None
    chosen: Any = keyring.get_keyring()
    chain = getattr(chosen, "backends", None)
    for backend in (chosen,) if chain is None else chain:
        if is_keychain(backend):
            return backend
    raise VaultLocked(f"there is no keychain here ({type(chosen).__module__})")


def is_keychain(backend: object) -> bool:
    """Whether it keeps what it is given, and not in the clear."""
    kind = type(backend)
    words = f"{kind.__module__}.{kind.__qualname__}".lower()
    return not words.startswith(_NO_KEYCHAIN) and not any(
        word in words for word in ("plaintext", "insecure", "null", "chainer")
    )
