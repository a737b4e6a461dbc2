"""What settings say that is not so or not in force yet: one line each, with the nearest name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbapimgr.errors import nearest
from nbapimgr.wire import DIALECTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from nbapimgr.settings import Stack

__all__ = ["advice"]


def advice(stack: Stack) -> list[str]:
    """A line for each name that names nothing and each setting that does nothing yet."""
    return [
        f"{stack.source(place)}: {'.'.join(place)}: {message}"
        for place, message in (*_names(stack), *_not_yet(stack))
    ]


def _names(stack: Stack) -> Iterator[tuple[tuple[str, ...], str]]:
    settings = stack.settings
    providers = [p.name for p in settings.providers]
    for name in settings.policies:
        if name not in {*providers, *settings.routes}:
            yield (
                ("policies", name),
                _none("route or provider", name, [*settings.routes, *providers]),
            )
    for name, budget in settings.budgets.items():
        if budget.provider and budget.provider not in providers:
            yield ("budgets", name, "provider"), _none("provider", budget.provider, providers)
    for provider in settings.providers:
        if provider.dialect not in DIALECTS:
            place = ("providers", provider.name, "dialect")
            yield place, _none("dialect", provider.dialect, DIALECTS)


def _not_yet(stack: Stack) -> Iterator[tuple[tuple[str, ...], str]]:
    """Settings that are understood and checked, whose effect this version does not have."""
    for name in stack.settings.budgets:
        yield ("budgets", name), "is not in force yet: nothing is refused because of it"


def _none(kind: str, name: str, known: Iterable[str]) -> str:
    close = nearest(name, known)
    said = f"there is no {kind} {name!r}"
    return f"{said}; did you mean {close[0]!r}?" if close else said
