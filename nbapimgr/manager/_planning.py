"""The plan of a request: its route, the keys there are, and what is known of the models."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from nbapimgr.engine import Needs, make_plan
from nbapimgr.manager._preferences import Preferences
from nbapimgr.manager._question import question
from nbapimgr.manager._routes import resolve, rest
from nbapimgr.usage import estimate_tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nbapimgr.engine import Engine
    from nbapimgr.manager._facts import Facts
    from nbapimgr.manager._ordering import Ordering
    from nbapimgr.models import ModelInfo, Plan, Provider, Request
    from nbapimgr.settings import Settings
    from nbapimgr.vault import Credentials

__all__ = ["Planning", "plan_for"]


class Planning(Preferences):
    """What a manager can say of whom it asks."""

    last_plan: Plan | None
    _engine: Engine
    _facts: Facts
    _keys: Credentials
    _ordering: Ordering

    def plan(self, request: Request) -> Plan:
        """Who would be tried now, in order, and who not and why. Nothing is sent."""
        return self._engine.breakers.arrange(self._wish(request, take=False)).plan

    def why(self, route: str | None = None) -> Plan | None:
        """The plan of the newest call, or what it would be now for a route."""
        return self.last_plan if route is None else self.plan(question("why", route=route))

    def _wish(self, request: Request, *, take: bool = True) -> Plan:
        """The plan as if nobody had failed; `take` is whether the call is made."""
        return plan_for(
            request,
            request.route or self.route,
            self.settings,
            credentials=self._keys.look(),
            facts=self._facts,
            order=partial(self._ordering.ordered, take=take),
        )


def plan_for(
    request: Request,
    route: str | None,
    settings: Settings,
    *,
    credentials: Callable[[Provider], Sequence[str]],
    facts: Facts,
    order: Callable[[Plan, str | None, Settings], Plan],
) -> Plan:
    """Who is tried, in order, and who not and why.

    Who is known to lack what the request needs is not tried, and the cell is lost when that leaves
    nobody: the same would only be refused later. But nobody is lost to the price list alone, which
    may be behind what a provider offers today.

    `order` puts the candidates in the order of the route's policy; where settings name none but
    `priority`, it is not called.

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
    if weighed and not plan.candidates:
        plan = planned(facts.first_hand)
    if settings.policy == "priority" and not settings.policies:
        return plan
    return order(plan, route, settings)
