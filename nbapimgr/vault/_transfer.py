"""Keys on their way to another machine: one encrypted file that a passphrase opens."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from nbapimgr.errors import OptionError, VaultError, VaultLocked
from nbapimgr.vault import _changes as changes
from nbapimgr.vault import _disk
from nbapimgr.vault._folders import Folders
from nbapimgr.vault._format import Header, compose, data_key, open_body, parse
from nbapimgr.vault._frames import without_frames
from nbapimgr.vault._keychain import Keychain
from nbapimgr.vault._records import Document, encode, read_document
from nbapimgr.vault._slots import Maker, Opener

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from nbapimgr.secret import Secret
    from nbapimgr.vault._records import Key

__all__ = ["export_keys", "import_keys"]

_NOWHERE: Final = Folders.of(os.devnull)
"""An export has no key file."""


@without_frames
def export_keys(path: Path, keys: Iterable[Key], passphrase: Secret) -> int:
    """Write keys into a new file, in the format of the vault; how many.

    Raises:
        OptionError: There is a file of that name, or the passphrase is too short.
        VaultError: It cannot be written.
    """
    now, vault = int(time.time()), secrets.token_hex(16)
    maker = Maker(vault, _NOWHERE, Keychain(), {}, now)
    made = maker.passphrase(passphrase)
    document, added = changes.merge(Document.new(), keys, now)
    header = Header(
        vault=vault, generation=1, created=now, written=now, writer="export", slots=(made.slot,)
    )
    data = compose(header, {made.slot.id: made.wrap}, encode(document))
    try:
        _disk.write_new(path, data)
        _disk.sync_folder(path.parent)
    except FileExistsError:
        raise OptionError(f"{path} is there already", hint="name another file") from None
    except OSError as e:
        raise VaultError(f"{path}: cannot be written: {e.strerror or e}") from None
    return len(added)


@without_frames
def import_keys(path: Path, passphrase: Secret) -> list[Key]:
    """The live keys of an exported file.

    Raises:
        VaultLocked: It is another passphrase's.
        VaultError: It cannot be read, or is damaged.
    """
    try:
        parsed = parse(_disk.read(path))
    except OSError as e:
        raise VaultError(f"{path}: cannot be read: {e.strerror or e}") from None
    slots = tuple(slot for slot in parsed.header.slots if slot.kind == "passphrase")
    opener = Opener(_NOWHERE, Keychain(), {}, passphrase=passphrase)
    for slot, key in opener.wrap_keys(replace(parsed.header, slots=slots)):
        with contextlib.suppress(VaultLocked):
            if isinstance(key, bytes):
                document, _ = read_document(open_body(parsed, data_key(parsed, slot.id, key)))
                return document.keys()
    raise VaultLocked(f"{path}: this passphrase does not open it")
