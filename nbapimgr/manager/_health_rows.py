"""The health of providers and their models as rows, and in words."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from nbapimgr.models import Candidate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nbapimgr.health import Checked, Snapshot, State
    from nbapimgr.manager._manager import Manager
    from nbapimgr.models import Breaker, Provider

__all__ = ["HEALTH_COLUMNS", "health_in_words", "health_rows"]

HEALTH_COLUMNS: Final = (
    "provider",
    "model",
    "state",
    "success_rate",
    "p50_s",
    "p95_s",
    "first_token_s",
    "tokens_per_s",
    "calls",
    "last_error",
    "open_until",
    "check",
    "check_reason",
    "checked_at",
)
"""`calls` are attempts that say something of the provider, of this kernel and of the last two hours
of others; rates and quantiles fade. Durations are seconds, moments UTC."""


def health_rows(manager: Manager) -> list[dict[str, Any]]:
    """One row for each model of each provider, in the order they are tried. Nothing is sent."""
    _look(manager)
    return [
        _row(manager, provider, model)
        for provider in sorted(manager.providers.values(), key=lambda p: p.priority)
        for model in _models(manager, provider)
    ]


def health_in_words(manager: Manager, provider: Provider) -> str:
    """How a provider does, all its models together, in half a line for people."""
    _look(manager)
    known = manager.monitor.history.of_provider(provider.name)
    checked = manager.monitor.checked(provider)
    breaker = _breaker(manager, provider, next(iter(provider.models), ""))
    match _state(manager, provider, breaker, known, checked):
        case "off":
            return "no key" if provider.enabled else "disabled"
        case "open" if breaker:
            return breaker.line(time.time())
        case state if known.state != "unknown":
            return f"{state}: {', '.join(_figures(known))}"
        case _:
            return f"no calls {'lately' if known.attempts else 'yet'}{_said(checked)}"


def _look(manager: Manager) -> None:
    """See what other kernels have met: their attempts once, their breakers now."""
    manager.monitor.remember()
    manager.breakers()


def _models(manager: Manager, provider: Provider) -> Iterator[str]:
    """Those it is configured with, and others that were asked by name."""
    asked = [model for name, model in manager.monitor.history.known() if name == provider.name]
    yield from dict.fromkeys((*provider.models, *asked)) or ("",)


def _row(manager: Manager, provider: Provider, model: str) -> dict[str, Any]:
    known = manager.monitor.history.snapshot(provider.name, model)
    checked = manager.monitor.checked(provider)
    breaker = _breaker(manager, provider, model)
    values = (
        provider.name,
        model,
        _state(manager, provider, breaker, known, checked),
        known.observed_rate,
        known.duration_p50,
        known.duration_p95,
        known.first_token_p50,
        known.tokens_per_second,
        known.attempts,
        known.last_category or None,
        _moment(breaker.until) if breaker else None,
        checked.verdict if checked else None,
        checked.reason or None if checked else None,
        _moment(checked.at) if checked else None,
    )
    return dict(zip(HEALTH_COLUMNS, values, strict=True))


def _breaker(manager: Manager, provider: Provider, model: str) -> Breaker | None:
    alias = next((info.alias for info in manager.credentials.list(provider.name)), "")
    return manager.breaker_of(Candidate(provider=provider, model=model, credential=alias))


def _state(
    manager: Manager,
    provider: Provider,
    breaker: Breaker | None,
    known: Snapshot,
    checked: Checked | None,
) -> State:
    if not provider.enabled or not (provider.keyless or manager.credentials.list(provider.name)):
        return "off"
    if breaker is not None:
        return "open"
    if known.state == "unknown" and checked is not None and checked.verdict == "rejected":
        return "failing"
    return known.state


def _figures(known: Snapshot) -> Iterator[str]:
    calls = f"{known.attempts} call{'s' * (known.attempts != 1)}"
    yield f"{known.observed_rate or 0:.0%} of {calls} well"
    if known.first_token_p50 is not None:
        yield f"begins after {known.first_token_p50:.1f} s"
    elif known.duration_p50 is not None:
        yield f"takes {known.duration_p50:.1f} s"
    if known.failures_in_a_row:
        yield f"last {known.last_category}"


def _said(checked: Checked | None) -> str:
    if checked is None:
        return ""
    return f"; key {checked.verdict}" + (f": {checked.reason}" if checked.reason else "")


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
