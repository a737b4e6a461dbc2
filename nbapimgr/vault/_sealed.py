"""Opens what the browser sealed, a key that nobody on the way can read, and seals what it shows.

HPKE (RFC 9180), base mode: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. The sender is
`nbapimgr/widgets/static/seal.js`. Each form gets a key pair of its own that opens one message and
is then gone, so that a recorded message opens nothing, not even in this kernel.

This keeps keys out of comm messages, widget state, saved notebooks and logs. It does not protect
against a page or a kernel that somebody else controls.
"""

from __future__ import annotations

import secrets
import threading
from typing import TYPE_CHECKING, Final

from nbapimgr.errors import OptionError
from nbapimgr.models._record import Record
from nbapimgr.secret import Secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import (
        EllipticCurvePrivateKey,
        EllipticCurvePublicKey,
    )
    from cryptography.hazmat.primitives.hpke import Suite

__all__ = ["SealedEntries", "SealedEntry", "binding"]

_PURPOSE: Final = "nbapimgr/seal/v1"
_POINT: Final = 65
"""Bytes of an uncompressed point of P-256."""
_TAG: Final = 16
_LONGEST: Final = 8192
"""Bytes of the longest key that is taken; the longest of the catalogue's have some 1,000."""
_OPEN: Final = 16
"""Forms that may wait at once; the oldest is forgotten for one more."""
_LONGEST_WORD: Final = 0xFFFF
"""Bytes of the longest word that a binding takes: its length has two bytes."""
_AGAIN: Final = "type it once more"


class SealedEntry(Record, frozen=True, kw_only=True):
    """What the page needs to seal one key. Nothing of it is secret."""

    id: str
    kernel: str
    widget: str
    public_key: bytes
    """An uncompressed point of P-256."""


class SealedEntries:
    """The forms of one widget that wait for a key. Safe to use from any thread.

    Attributes:
        kernel: The name of this process, to which everything is bound.
        widget: The name of the widget.
    """

    def __init__(self, *, kernel: str, widget: str) -> None:
        self.kernel = kernel
        self.widget = widget
        self._waiting: dict[str, EllipticCurvePrivateKey] = {}
        self._lock = threading.Lock()

    def begin(self) -> SealedEntry:
        """A new form: a key pair that opens one message."""
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        private = ec.generate_private_key(ec.SECP256R1())
        entry = secrets.token_hex(16)
        with self._lock:
            self._waiting[entry] = private
            while len(self._waiting) > _OPEN:
                del self._waiting[next(iter(self._waiting))]
        return SealedEntry(
            id=entry,
            kernel=self.kernel,
            widget=self.widget,
            public_key=private.public_key().public_bytes(
                Encoding.X962, PublicFormat.UncompressedPoint
            ),
        )

    def open(self, entry: str, sealed: bytes, *, provider: str, slot: str) -> Secret:
        """The key in a message. The form is used up, whatever comes of it.

        Args:
            entry: The form's id.
            sealed: The sender's public point and the ciphertext.
            provider: Whose key the person saw it to be; the message is bound to it.
            slot: Under which alias.

        Raises:
            OptionError: The form is unknown or used up, or the message was not sealed for it, for
                this kernel, this widget, this provider and this slot.
        """
        with self._lock:
            private = self._waiting.pop(entry, None)
        if private is None:
            raise OptionError("this form has been used or is of another kernel", hint=_AGAIN)
        if not _POINT + _TAG < len(sealed) <= _POINT + _TAG + _LONGEST:
            raise OptionError("what arrived is no sealed key", hint=_AGAIN)
        info = binding(_PURPOSE, self.kernel, self.widget, entry, provider, slot)
        opened = _decrypted(sealed, private, info)
        if opened is None:
            raise OptionError("the sealed key was not meant for this form", hint=_AGAIN)
        return opened

    def seal(self, point: bytes, secret: Secret, *, purpose: str) -> bytes:
        """A secret that only the page with the private key of `point` can show, and only as this.

        Args:
            point: The page's one-shot public key, an uncompressed point of P-256.
            secret: What is to be shown to a person once.
            purpose: What for; the page names it too.

        Raises:
            OptionError: The point is none.
        """
        info = binding(_PURPOSE, self.kernel, self.widget, purpose)
        return _suite().encrypt(secret.reveal().encode(), _public(point), info)

    def check(self, point: bytes) -> None:
        """See that something can be sealed to `point`, before there is something to seal.

        Raises:
            OptionError: It cannot.
        """
        _public(point)

    def forget(self) -> None:
        """Forget every form: what is sealed for one from now on opens nothing."""
        with self._lock:
            self._waiting.clear()


def binding(*words: str) -> bytes:
    """Bytes that stand for these words and no others: each word has its length before it.

    The page makes the same ones (`binding` in `seal.js`).

    Raises:
        OptionError: A word has more bytes than its length can say.
    """
    encoded = [word.encode("utf-8", "replace") for word in words]
    if any(len(word) > _LONGEST_WORD for word in encoded):
        raise OptionError("a name is too long to seal a key for")
    return b"".join(len(word).to_bytes(2) + word for word in encoded)


def _decrypted(sealed: bytes, private: EllipticCurvePrivateKey, info: bytes) -> Secret | None:
    """What was sealed; None when it was not sealed for this. Why not is told to nobody."""
    from cryptography.exceptions import InvalidTag

    try:
        return Secret(_suite().decrypt(sealed, private, info))
    except InvalidTag:
        return None


def _public(point: bytes) -> EllipticCurvePublicKey:
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        raise OptionError("the panel sent no public key") from None


def _suite() -> Suite:
    from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

    return Suite(KEM.P256, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
