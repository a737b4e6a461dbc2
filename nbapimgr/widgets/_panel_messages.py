"""What the settings panel may ask of the kernel, and nothing else: each message is checked here."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from nbapimgr.errors import OptionError

__all__ = [
    "Activate",
    "Add",
    "Begin",
    "Bring",
    "Check",
    "Find",
    "Forget",
    "Hello",
    "Look",
    "Message",
    "Move",
    "PutBack",
    "Remove",
    "Restore",
    "Save",
    "SetUp",
    "TakeBack",
    "Unlock",
    "Update",
    "Usage",
    "id_of",
    "read",
]

_LONGEST_ID: Final = 64

Name = Annotated[str, Meta(min_length=1, max_length=100)]
Word = Annotated[str, Meta(max_length=100)]
Address = Annotated[str, Meta(max_length=2000)]
Models = Annotated[list[Annotated[str, Meta(min_length=1, max_length=200)]], Meta(max_length=200)]
Limit = Annotated[int, Meta(ge=1, le=1_000_000_000)]


class _Message(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"
):
    id: Annotated[str, Meta(min_length=1, max_length=_LONGEST_ID)]
    """By which the answer finds its question; made by the page."""


class Hello(_Message, tag="hello", frozen=True, kw_only=True):
    """A view was opened: is anybody there?"""


class Look(_Message, tag="look", frozen=True, kw_only=True):
    """Somebody looks at the panel: how are they all?"""


class Begin(_Message, tag="key.begin", frozen=True, kw_only=True):
    """A form for one key; answered with a public key to seal it to."""


class _Whose(_Message, frozen=True, kw_only=True):
    provider: Name
    vendor: Word = ""
    """Of the catalogue, for a provider that is not there yet."""
    base_url: Address = ""
    """Where a provider that is not there yet is, if not where its vendor is."""


class Add(_Whose, tag="provider.add", frozen=True, kw_only=True):
    """A provider without a key, or with one of the environment."""


class Save(_Whose, tag="key.save", frozen=True, kw_only=True):
    """A sealed key, in the message's one buffer."""

    entry: Name
    slot: Literal["default", "spare"] = "default"
    """The key that is asked with, or one more for when that fails."""


class _On(_Message, frozen=True, kw_only=True):
    provider: Name


class Update(_On, tag="provider.update", frozen=True, kw_only=True):
    """Change what is given."""

    enabled: bool | None = None
    models: Models | None = None
    rate_limits: dict[str, Limit] | None = None


class Move(_On, tag="provider.move", frozen=True, kw_only=True):
    """Try it in this place: 1 is first."""

    to: Annotated[int, Meta(ge=1)]


class Check(_On, tag="provider.check", frozen=True, kw_only=True):
    """Ask it with its free call."""


class Remove(_On, tag="provider.remove", frozen=True, kw_only=True):
    """Take it out; `Restore` puts it back."""


class Restore(_On, tag="provider.restore", frozen=True, kw_only=True):
    """Undo `Remove`."""


class _OfKey(_On, frozen=True, kw_only=True):
    slot: Name


class Activate(_OfKey, tag="key.activate", frozen=True, kw_only=True):
    """Try this key first."""


class Forget(_OfKey, tag="key.remove", frozen=True, kw_only=True):
    """Take a key out; `PutBack` undoes it where keys are saved."""


class PutBack(_On, tag="key.undo", frozen=True, kw_only=True):
    """Undo the last removal or retirement of a key."""


class SetUp(_Message, tag="vault.setup", frozen=True, kw_only=True):
    """Keep keys on this machine; the message's one buffer is a public key for the recovery code."""


class Unlock(_Message, tag="vault.unlock", frozen=True, kw_only=True):
    """Open the vault with the passphrase that is sealed in the message's one buffer."""

    entry: Name


class Find(_Message, tag="import.find", frozen=True, kw_only=True):
    """What do other tools' settings have? Changes nothing."""


class Bring(_Message, tag="import.bring", frozen=True, kw_only=True):
    """Add what was found last."""


class TakeBack(_Message, tag="import.undo", frozen=True, kw_only=True):
    """Undo the last import."""


class Usage(_Message, tag="usage", frozen=True, kw_only=True):
    """Count the calls of each provider."""


Message = (
    Hello
    | Begin
    | Add
    | Save
    | Update
    | Move
    | Check
    | Remove
    | Restore
    | Activate
    | Forget
    | PutBack
    | SetUp
    | Unlock
    | Find
    | Bring
    | TakeBack
    | Look
    | Usage
)
_reader: Final[Any] = Message


def read(content: object) -> Message:
    """The message that a page sent.

    Raises:
        OptionError: It is none; says where it is wrong and never what stood there.
    """
    try:
        message: Message = msgspec.convert(content, _reader)
    except (msgspec.ValidationError, RecursionError) as e:
        raise OptionError(f"the panel sent what is no message: {_where(e)}") from None
    return message


def id_of(content: object) -> str:
    """By which id the page awaits an answer to a message that may be wrong otherwise, or ""."""
    found = content.get("id") if isinstance(content, dict) else None
    return found if isinstance(found, str) and len(found) <= _LONGEST_ID else ""


def _where(error: Exception) -> str:
    """The field that is wrong, without the value: somebody may have put a key there."""
    _, found, where = str(error).rpartition(" - at `$.")
    return where.rstrip("`") if found else "it has other fields"
