"""The plan of a request: its route, the keys there are, and what is known of the models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbapimgr.engine import Needs, make_plan
from nbapimgr.manager._routes import resolve, rest
from nbapimgr.usage import estimate_tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nbapimgr.manager._facts import Facts
    from nbapimgr.models import ModelInfo, Plan, Provider, Request
    from nbapimgr.settings import Settings

__all__ = ["plan_for"]


def plan_for(
    request: Request,
    route: str | None,
    settings: Settings,
    *,
    credentials: Callable[[Provider], Sequence[str]],
    facts: Facts,
) -> Plan:
    """Who is tried, in order, and who not and why.

    Who is known to lack what the request needs is not tried, and the cell is lost when that leaves
    nobody: the same would only be refused later. But nobody is lost to the price list alone, which
    may be behind what a provider offers today.

    Raises:
        UnknownName: The route names nothing that exists.
    """
    targets = rest(resolve(route, settings), settings)
    needs = Needs(request, estimate_tokens)
    weighed = facts.prepare(needs, settings.providers)

    def planned(info: Callable[..., ModelInfo]) -> Plan:
        return make_plan(
            request,
            settings.providers,
            targets=targets,
            credentials=credentials,
            info=info,
            needs=needs,
        )

    plan = planned(facts.of)
    return planned(facts.first_hand) if weighed and not plan.candidates else plan
