"""What can be done to the credentials of a vault: each a function from one document to the next.

Nothing is replaced in place: a key that gives way is retired for a week, one that is removed stays
for a month, and `undo` takes either back.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from nbapimgr.errors import OptionError, UnknownName

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nbapimgr.vault._records import Document, Key, Record

__all__ = [
    "activate",
    "add",
    "bind",
    "check_alias",
    "checked",
    "found",
    "free_alias",
    "merge",
    "promote",
    "purge",
    "remove",
    "undo",
]

_ALIAS: Final = re.compile(r"[^\s:~/]{1,64}")


def check_alias(alias: str) -> None:
    """That it can name a key.

    Raises:
        OptionError: It cannot; `:`, `~` and `/` have a meaning of their own in names of keys.
    """
    if not _ALIAS.fullmatch(alias):
        raise OptionError(
            f"{alias!r} cannot be an alias", hint="up to 64 characters, no space and none of : ~ /"
        )


def found(document: Document, provider: str, alias: str) -> Record:
    """The live or retired record of that alias.

    Raises:
        UnknownName: There is none.
    """
    records = document.of(provider, "live", "retired")
    record = next((r for r in records if r.alias == alias), None)
    if record is None:
        raise UnknownName(f"key of {provider}", alias, [r.alias for r in records])
    return record


def add(document: Document, key: Key, now: int) -> Document:
    """Keep a key: the active one where it is the provider's first, else a spare.

    The alias of another key is taken over, and that key retired.

    Raises:
        OptionError: The key is there already under another alias.
    """
    twin = next((r for r in document.records if _is(document, r, key)), None)
    if twin is not None and twin.state == "live":
        if twin.alias != key.alias:
            raise OptionError(f"{key.provider} has this key already, as {twin.alias!r}")
        return bind(document, twin, key.origin)
    if twin is not None:
        document = _without(document, twin)
    record = document.new_record(key.provider, key.alias, key.secret, origin=key.origin, now=now)
    records: list[Record] = []
    for each in document.records:
        if each.provider == key.provider and each.alias == key.alias and each.state == "live":
            records.append(record)
            each = _retired(document, each, now)  # noqa: PLW2901  # it goes where it was
        records.append(each)
    if record not in records:
        records.append(record)
    return document.with_records(*records)


def activate(document: Document, record: Record) -> Document:
    """Make a key the first one of its provider; a retired one is live again."""
    rest = [r for r in document.records if r.id != record.id]
    return document.with_records(replace(record, state="live", ended=0), *rest)


def promote(document: Document, new: Record, old: Record, now: int) -> Document:
    """Let a new key take the place and the alias of an old one, which is retired."""
    retired = _retired(document, old, now)
    document = _with(document, retired)
    return activate(document, replace(new, alias=_own(old.alias)))


def remove(document: Document, record: Record, now: int) -> Document:
    """Send a key no more; it can be taken back for a month."""
    gone = replace(record, state="removed", ended=now, was_active=_is_active(document, record))
    return _with(document, gone)


def undo(document: Document, provider: str, alias: str | None = None) -> tuple[Document, Record]:
    """Take back the newest retirement or removal of a provider's keys, or that of one alias.

    A key that has taken its alias over gets another one. Who was active is active again.

    Raises:
        UnknownName: There is nothing to take back.
    """
    ended = list(document.of(provider, "retired", "removed"))
    if alias is not None:
        ended = [r for r in ended if alias in (r.alias, _own(r.alias))]
    if not ended:
        raise UnknownName(f"removed or retired key of {provider}", alias or "any")
    gone = max(ended, key=lambda r: r.ended)
    own = _own(gone.alias)
    for other in document.of(provider):
        if other.alias == own:
            document = _with(document, replace(other, alias=free_alias(document, provider, own)))
    back = replace(gone, alias=own, state="live", ended=0, was_active=False)
    document = _with(document, back)
    return (activate(document, back) if gone.was_active else document), back


def bind(document: Document, record: Record, origin: str) -> Document:
    """Let a key be sent to another origin than the one it was given for."""
    if record.origin == origin:
        return document
    key = document.reveal(record)
    return _with(document, document.sealed_into(replace(record, origin=origin), key))


def checked(document: Document, record: Record, verdict: str, reason: str, now: int) -> Document:
    """Note what a check has found. Whatever it is, nothing is removed or demoted."""
    same = [r for r in document.records if r.id == record.id]
    return _with(document, *(replace(r, verdict=verdict, reason=reason, checked=now) for r in same))


def merge(document: Document, keys: Iterable[Key], now: int) -> tuple[Document, list[Key]]:
    """Add keys that are not there yet; an alias that is taken is changed, and nobody's place."""
    added: list[Key] = []
    for key in keys:
        if any(r.state == "live" and _is(document, r, key) for r in document.records):
            continue
        alias = free_alias(document, key.provider, key.alias)
        added.append(key._replace(alias=alias))
        document = add(document, added[-1], now)
    return document, added


def purge(document: Document, now: int) -> Document:
    """Remove what has been retired for a week; drop what has been removed for a month."""
    records = []
    for each in document.records:
        past = each.until if 0 < each.until <= now else 0
        if past and each.state == "retired":
            records.append(replace(each, state="removed", ended=past))
        elif not past:
            records.append(each)
    return document.with_records(*records)


def free_alias(document: Document, provider: str, alias: str) -> str:
    """The alias, with a number behind it where it is taken."""
    taken = {r.alias for r in document.of(provider)}
    numbered = (f"{alias}-{number}" for number in range(2, len(taken) + 3))
    return next(name for name in (alias, *numbered) if name not in taken)


def _is(document: Document, record: Record, key: Key) -> bool:
    return record.provider == key.provider and document.reveal(record) == key.secret


def _is_active(document: Document, record: Record) -> bool:
    return document.of(record.provider)[:1] == (record,)


def _retired(document: Document, record: Record, now: int) -> Record:
    return replace(
        record,
        alias=f"{_own(record.alias)}~{record.id[:4]}",
        state="retired",
        ended=now,
        was_active=_is_active(document, record),
    )


def _own(alias: str) -> str:
    return alias.partition("~")[0]


def _with(document: Document, *records: Record) -> Document:
    by_id = {record.id: record for record in records}
    return document.with_records(*(by_id.get(r.id, r) for r in document.records))


def _without(document: Document, record: Record) -> Document:
    return document.with_records(*(r for r in document.records if r.id != record.id))
