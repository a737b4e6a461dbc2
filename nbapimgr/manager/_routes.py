"""A route as the user wrote it -> the targets it means, in the order they are tried.

    None                      all enabled providers by priority, each with its models in order
    "fast"                    a route of the settings
    "openai"                  a provider, with its models in order
    "openai:gpt-5-mini"       a provider and a model ("openai/gpt-5-mini" is the same, unless it is
                              the name of a model that another provider lists and openai does not)
    "gpt-5-mini"              a model: each provider that lists it, by priority
    "mine:m,other:n"          exactly these, in this order
    "local"                   the providers that cost nothing, when no route has that name

A comma list, and a route of the settings, is a chain the user wrote: nothing is added to it. One
single target is a wish: the other providers stand behind it, unless the call says `fallback=False`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from nbapimgr.errors import SettingsError, UnknownName
from nbapimgr.usage import is_local

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nbapimgr.models import Provider
    from nbapimgr.settings import Settings

__all__ = ["Resolved", "Target", "known_names", "parts", "resolve", "rest"]

Target = tuple[str, str | None]
"""Provider name and model; model None stands for the provider's own models in order."""


class Resolved(msgspec.Struct, frozen=True, kw_only=True):
    """What a route means."""

    targets: tuple[Target, ...]
    backed: bool
    """Whether the other providers stand behind these targets."""


def resolve(route: str | None, settings: Settings) -> Resolved:
    """The targets of a route.

    Raises:
        UnknownName: The route names nothing that exists; names the nearest.
        SettingsError: A route of the settings leads to itself.
    """
    everyone = _by_priority(settings.providers)
    if route is None:
        route = settings.default
    if route is None:
        return Resolved(targets=tuple((p.name, None) for p in everyone), backed=False)
    route = route.strip()
    if "," not in route and route not in settings.routes:
        targets = tuple(_target(route, settings, everyone))
        return Resolved(targets=targets, backed=route != "local")
    return Resolved(targets=tuple(_unique(_expand(route, settings, everyone, ()))), backed=False)


def rest(resolved: Resolved, settings: Settings) -> tuple[Target, ...]:
    """The targets, and behind them, where the route allows it, everyone else."""
    if not resolved.backed:
        return resolved.targets
    others = ((p.name, None) for p in _by_priority(settings.providers))
    return (*resolved.targets, *others)


def parts(route: str | None, settings: Settings) -> list[tuple[str, tuple[Target, ...]]]:
    """The policy and the targets of each part of a route that is ordered by itself.

    A route of the settings is ordered as a whole. A list that was written in the call, and a route
    whose policy is `priority`, keep their order; but a route or provider in them that has a policy
    by its name is ordered by it, in its place. Who stands behind a single target is another part:
    `policy` orders them.

    Args:
        route: One that `resolve` takes.
        settings: What it may name.
    """
    resolved = resolve(route, settings)
    route = settings.default if route is None else route
    if route is None:
        return [(settings.policy, resolved.targets)]
    found = list(_parts(route.strip(), settings, settings.policy))
    if resolved.backed:
        found.append((settings.policy, rest(resolved, settings)[len(resolved.targets) :]))
    return found


def known_names(settings: Settings) -> list[str]:
    """Every route a user can name, for completion and suggestions."""
    names = [*settings.routes, *(p.name for p in settings.providers)]
    names += [f"{p.name}:{model}" for p in settings.providers for model in p.models]
    return list(dict.fromkeys(names))


def _by_priority(providers: Iterable[Provider]) -> list[Provider]:
    return sorted(providers, key=lambda p: p.priority)


def _parts(
    route: str, settings: Settings, otherwise: str
) -> Iterable[tuple[str, tuple[Target, ...]]]:
    policy = "priority" if "," in route else settings.policies.get(route, otherwise)
    if policy == "priority" and ("," in route or route in settings.routes):
        inner = route if "," in route else ",".join(settings.routes[route])
        for part in _split(inner):
            yield from _parts(part, settings, "priority")
    else:
        yield policy, resolve(route, settings).targets


def _split(route: str) -> Iterable[str]:
    return filter(None, (part.strip() for part in route.split(",")))


def _expand(
    route: str, settings: Settings, everyone: Sequence[Provider], seen: tuple[str, ...]
) -> Iterable[Target]:
    for part in _split(route):
        if part in seen:
            raise SettingsError(f"route {part!r} leads to itself: {' → '.join((*seen, part))}")
        if part in settings.routes:
            inner = ",".join(settings.routes[part])
            yield from _expand(inner, settings, everyone, (*seen, part))
        else:
            yield from _target(part, settings, everyone)


def _target(part: str, settings: Settings, everyone: Sequence[Provider]) -> Iterable[Target]:
    if settings.provider(part):
        return [(part, None)]
    listed: list[Target] = [(p.name, part) for p in everyone if part in p.models]
    for mark in ":/":
        head, _, model = part.partition(mark)
        provider = settings.provider(head)
        # "openai/gpt-oss-20b" is a model's own name at many a provider that is not OpenAI.
        if provider and model and (model in provider.models or not listed):
            return [(head, model)]
    if not listed and part == "local":
        listed = [(p.name, None) for p in everyone if is_local(p)]
    if not listed:
        models = [model for p in everyone for model in p.models]
        raise UnknownName("route, provider or model", part, {*known_names(settings), *models})
    return listed


def _unique(targets: Iterable[Target]) -> Iterable[Target]:
    return dict.fromkeys(targets)
