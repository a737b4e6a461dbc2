"""What a person can do about a call that nobody answered: the same question, asked differently."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import msgspec

from nbapimgr.models import Request, Text
from nbapimgr.wire.catalogue import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nbapimgr.errors import AllProvidersFailed
    from nbapimgr.manager._manager import Manager
    from nbapimgr.models import Candidate, Message, Provider

__all__ = ["Recovery", "recoveries"]

Kind = Literal["again", "backup_key", "switch", "shorten", "deadline", "key_page", "set_key"]

_KEYS: Final = frozenset({"auth.invalid_key", "auth.permission", "quota.exhausted"})
"""What another key, or a look at the vendor's page, can help against."""
_TOO_LONG: Final = frozenset(
    {"model.context_length", "rate_limit.too_large", "request.too_large", "network.total_timeout"}
)
_TOO_SLOW: Final = frozenset(
    {"network.total_timeout", "network.first_token_timeout", "network.stall"}
)
_AGAIN_IS_VAIN: Final = frozenset({"request.bad", "request.content_policy", "user.budget"})
"""The same request meets the same end, whenever and of whomever it is asked."""
_WORTH_CUTTING: Final = 1000
"""Characters; a shorter text is not what made the request too long."""
_LONGER: Final = 3
"""How many times as long the call may take when its deadline is raised."""
_LONGEST: Final = 600.0
"""Seconds; what the engine gives one attempt at most."""


class Recovery(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that can be done now."""

    kind: Kind
    label: str
    """What the button says."""
    line: str
    """The same for someone who types: a `%llm` line, or what to change in the cell."""
    request: Request | None = None
    """What is asked when the button is pressed; None where there is nothing to ask."""
    key: tuple[str, str] | None = None
    """Provider and alias of the key that is made the active one first."""
    url: str = ""
    """A page to open; only ever one of our own catalogue's."""


def recoveries(
    manager: Manager, request: Request, error: AllProvidersFailed
) -> tuple[Recovery, ...]:
    """What can be done about a failure, the likeliest to help first.

    Only what fits: a deadline is raised where there was one and time was the trouble, a prompt is
    shortened where it was too long.
    """
    classes = {a.failure.category for a in error.attempts if a.failure}
    found: list[Recovery] = [
        *_another_key(manager, request, error, classes),
        *_shorter(request, classes),
        *_longer(request, classes),
        *_again(request, classes),
        *_someone_else(manager, request, error),
        *_pages(manager, error),
    ]
    return tuple(found)


def _again(request: Request, classes: set[str]) -> Iterator[Recovery]:
    if classes and not classes <= _AGAIN_IS_VAIN:
        yield Recovery(kind="again", label="Try again", line="run the cell again", request=request)


def _another_key(
    manager: Manager, request: Request, error: AllProvidersFailed, classes: set[str]
) -> Iterator[Recovery]:
    """A key of the same provider that was not tried; one that is the active one or a backup."""
    if not classes & {*_KEYS, "rate_limit.short", "rate_limit.daily"}:
        return
    tried = {(a.candidate.provider.name, a.candidate.credential) for a in error.attempts}
    for name in dict.fromkeys(provider for provider, _ in tried):
        if name not in manager.providers:
            continue
        for info in manager.credentials.list(name):
            if (name, info.alias) not in tried:
                yield Recovery(
                    kind="backup_key",
                    label=f"Use {name}’s key {info.alias!r}",
                    line=f"%llm keys use {name} {info.alias}",
                    request=request,
                    key=(name, info.alias),
                )
                return


def _someone_else(
    manager: Manager, request: Request, error: AllProvidersFailed
) -> Iterator[Recovery]:
    """The first provider that could answer and was not asked."""
    tried = {a.candidate.provider.name for a in error.attempts}
    for provider in sorted(manager.providers.values(), key=lambda p: p.priority):
        if provider.name not in tried and _can_answer(manager, provider):
            free = msgspec.structs.replace(
                request, route=provider.name, only=(), exclude=(), cross_refusal=True
            )
            yield Recovery(
                kind="switch",
                label=f"Ask {provider.name}",
                line=f"%%llm {provider.name}",
                request=free,
            )
            return


def _can_answer(manager: Manager, provider: Provider) -> bool:
    has_key = provider.keyless or bool(manager.credentials.list(provider.name))
    return provider.enabled and bool(provider.models) and has_key


def _longer(request: Request, classes: set[str]) -> Iterator[Recovery]:
    if request.timeout is None or request.timeout >= _LONGEST or not classes & _TOO_SLOW:
        return
    seconds = min(_LONGEST, max(30.0, round(request.timeout * _LONGER)))
    yield Recovery(
        kind="deadline",
        label=f"Wait up to {seconds:.0f} s",
        line=f"%%llm --timeout {seconds:.0f}",
        request=msgspec.structs.replace(request, timeout=seconds),
    )


def _shorter(request: Request, classes: set[str]) -> Iterator[Recovery]:
    if not classes & _TOO_LONG:
        return
    cut, dropped = shortened(request)
    if dropped:
        yield Recovery(
            kind="shorten",
            label=f"Leave out {dropped:,} characters",
            line="{{ text | chars(2000) }} puts only the first characters of a value into a prompt",
            request=cut,
        )


def shortened(request: Request) -> tuple[Request, int]:
    """The request without the middle half of its longest text, and how many characters that is.

    What stands first (the task) and last (the question) is kept; a line says what is missing. 0
    where no text is long enough to be the trouble.
    """
    texts = [
        (len(part.text), number, place)
        for number, message in enumerate(request.messages)
        for place, part in enumerate(message.content)
        if isinstance(part, Text)
    ]
    length, number, place = max(texts, default=(0, 0, 0))
    if length < _WORTH_CUTTING:
        return request, 0
    kept = length // 4
    dropped = length - 2 * kept
    message = request.messages[number]
    text = message.content[place].text  # type: ignore[union-attr]  # the places are those of texts
    words = f"{text[:kept]}\n[… {dropped:,} characters left out …]\n{text[-kept:]}"
    cut = _with(message, place, Text(text=words))
    messages = (*request.messages[:number], cut, *request.messages[number + 1 :])
    return msgspec.structs.replace(request, messages=messages), dropped


def _with(message: Message, place: int, part: Text) -> Message:
    content = (*message.content[:place], part, *message.content[place + 1 :])
    return msgspec.structs.replace(message, content=content)


def _pages(manager: Manager, error: AllProvidersFailed) -> Iterator[Recovery]:
    """Where the vendor's keys and bills are, and how a key is typed; one of each vendor's."""
    seen: set[str] = set()
    for candidate in _refused(error):
        provider = candidate.provider
        if provider.name in seen:
            continue
        seen.add(provider.name)
        vendor = CATALOGUE.get(provider.vendor)
        if vendor and vendor.key_page.startswith("https://"):
            yield Recovery(
                kind="key_page",
                label=f"Open {vendor.name}’s key page",
                line=vendor.key_page,
                url=vendor.key_page,
            )
        if provider.name in manager.providers:
            yield Recovery(
                kind="set_key",
                label=f"Type a new key for {provider.name}",
                line=f"%llm keys set {provider.name}",
            )


def _refused(error: AllProvidersFailed) -> Iterator[Candidate]:
    for attempt in error.attempts:
        if attempt.failure and attempt.failure.category in _KEYS:
            yield attempt.candidate
