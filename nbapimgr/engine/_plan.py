"""Who is tried, in which order, and who is not and why. Pure; nothing is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from nbapimgr.engine._needs import Needs
from nbapimgr.errors import UnknownName
from nbapimgr.models import Candidate, Plan, Skip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from nbapimgr.models import ModelInfo, Provider, Request

    Target = tuple[str | None, str | None]

__all__ = ["make_plan"]

_EVERYONE: Final[Sequence[Target]] = ((None, None),)


def make_plan(
    request: Request,
    providers: Sequence[Provider],
    *,
    targets: Sequence[Target] | None = None,
    credentials: Callable[[Provider], Sequence[str]],
    info: Callable[[Provider, str], ModelInfo | None] | None = None,
    needs: Needs | None = None,
) -> Plan:
    """The candidates of a request, in order.

    Args:
        request: What is asked; its `only` and `exclude` name providers.
        providers: All there are; those of lower `priority` come first, equal ones as given.
        targets: Provider and model pairs, tried in this order and nobody else. A model None
            stands for the provider's models in order; a provider None for every provider, or
            every one that lists the model. None for `targets` means everyone.
        credentials: The aliases of a provider's keys, the active one first.
        info: What is known of a model, to skip those that cannot do what is asked; unknown is
            tried.
        needs: What the request needs of a model, where that has been told already.

    Raises:
        UnknownName: A target, `only` or `exclude` names no provider.
    """
    named = {provider.name: provider for provider in providers}
    for name in (*request.only, *request.exclude):
        _known(name, named)
    ranked = sorted(providers, key=_priority)
    if targets is None:
        targets = _EVERYONE
    needs = needs or Needs(request)
    found: list[Candidate] = []
    skipped: dict[Skip, None] = {}
    seen = set()
    for provider, model in _wanted(targets, ranked, named, skipped):
        if (provider.name, model) in seen:  # whoever is named, and stands behind all named, too
            continue
        seen.add((provider.name, model))
        barred = _barred(provider, model, request)
        aliases = () if barred else credentials(provider) or (("",) if provider.keyless else ())
        if not aliases:
            skipped[Skip(candidate=provider.name, reason=barred or "no key")] = None
        elif info is not None and (lacks := needs.lacking(info(provider, model))):
            skipped[Skip(candidate=f"{provider.name}:{model}", reason=lacks)] = None
        else:
            found += [Candidate(provider=provider, model=model, credential=a) for a in aliases]
    return Plan(candidates=tuple(found), skipped=tuple(skipped), route=request.route)


def _priority(provider: Provider) -> int:
    return provider.priority


def _known(name: str, named: dict[str, Provider]) -> Provider:
    try:
        return named[name]
    except KeyError:
        raise UnknownName("provider", name, named) from None


def _wanted(
    targets: Sequence[Target],
    ranked: Sequence[Provider],
    named: dict[str, Provider],
    skipped: dict[Skip, None],
) -> Iterator[tuple[Provider, str]]:
    """Provider and model pairs in order; a model "" where the provider has none."""
    for name, model in targets:
        if name is not None:
            chosen = [_known(name, named)]
        else:
            chosen = [p for p in ranked if model is None or model in p.models]
        if not chosen and model:
            skipped[Skip(candidate=model, reason="no provider lists this model")] = None
        for provider in chosen:
            for each in (model,) if model else provider.models or ("",):
                yield provider, each


def _barred(provider: Provider, model: str, request: Request) -> str:
    """Why a provider may not be asked; empty when it may."""
    if not provider.enabled:
        return "disabled"
    if provider.name in request.exclude:
        return "excluded"
    if request.only and provider.name not in request.only:
        return "not among those asked for"
    return "" if model else "no model"
