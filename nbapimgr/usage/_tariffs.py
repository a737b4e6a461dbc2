"""genai-prices, made quick: straight-line prices are asked for once a day and then multiplied.

`genai_prices.calc_price` takes 0.25 ms and its import up to a second. A price is a sum of counts
times rates as long as the same rates are in force; which rates those are depends on the day and on
the size of the prompt. So the rates of a (model, tier, day, size of prompt) are found by asking
`calc_price` about a few counts, and kept. Prices that depend on the time of day are asked for anew.
"""

from __future__ import annotations

import bisect
import functools
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from genai_prices.types import ModelInfo, ModelPrice, PriceCalculation

    from nbapimgr.models import Usage

__all__ = ["charge", "load", "window"]

_DAY = 86_400
_OTHER_PRICE = {"batch", "fast", "flex", "priority"}
"""Service tiers with a price of their own: without one in the data, the price is unknown."""


class _Tariff(NamedTuple):
    """How a model is priced on one day."""

    ref: str
    input_known: bool
    output_known: bool
    steps: tuple[int, ...]
    """Sizes of prompt, in tokens, above which other rates hold."""
    by_time: bool


class _Counts(NamedTuple):
    """Tokens, the parts included in their wholes."""

    input: int = 0
    read: int = 0
    write: int = 0
    hour: int = 0
    output: int = 0
    reasoning: int = 0


def load() -> None:
    """Import the data and ask the first price, which is the slow one."""
    charge_of("openai", "gpt-4o-mini", _Counts(input=1), datetime.now(UTC), None)


def charge(provider: str, model: str, usage: Usage, at: float) -> tuple[float, str] | None:
    """US dollars and where the price is from; None when unknown.

    Args:
        provider: Its id in genai-prices.
        model: As the provider names it.
        usage: Tokens; counts that contradict each other have no price.
        at: The moment of the request, in seconds since the epoch.
    """
    if usage.input_tokens is None:
        return None
    tier, day = usage.service_tier, int(at // _DAY)
    tariff = _tariff(provider, model, tier, day)
    counts = _Counts(
        usage.input_tokens,
        usage.cache_read_input_tokens or 0,
        usage.cache_creation_input_tokens or 0,
        usage.cache_creation_1h_input_tokens or 0,
        usage.output_tokens or 0,
        usage.reasoning_output_tokens or 0,
    )
    if tariff is None or not _has_price(
        tariff, counts, output_counted=usage.output_tokens is not None
    ):
        return None
    if tariff.by_time:
        when = datetime.fromtimestamp(at, UTC)
        return float(charge_of(provider, model, counts, when, tier).total_price), tariff.ref
    step = bisect.bisect_left(tariff.steps, counts.input)
    base, rates = _rates(provider, model, tier, day, step)
    return base + sum(map(float.__mul__, rates, map(float, counts))), tariff.ref


def _has_price(tariff: _Tariff, counts: _Counts, *, output_counted: bool) -> bool:
    if counts.read + counts.write > counts.input or counts.hour > counts.write:
        return False
    if min(counts) < 0 or counts.reasoning > counts.output:
        return False
    if tariff.output_known and not output_counted:
        return False
    return (tariff.input_known or not counts.input) and (tariff.output_known or not counts.output)


def charge_of(
    provider: str, model: str, counts: _Counts, when: datetime, tier: str | None
) -> PriceCalculation:
    """What genai-prices says.

    Raises:
        LookupError: It does not know the provider or the model.
    """
    import genai_prices

    usage = genai_prices.Usage(
        input_tokens=counts.input,
        cache_read_tokens=counts.read,
        cache_write_tokens=counts.write,
        cache_write_1h_tokens=counts.hour,
        output_tokens=counts.output,
        output_reasoning_tokens=counts.reasoning,
    )
    return genai_prices.calc_price(
        usage,
        model,
        provider_id=provider,
        genai_request_timestamp=when,
        price_context=_context(tier),
    )


def _context(tier: str | None) -> dict[str, str]:
    context = {"service_tier": tier} if tier else {}
    if tier == "batch":
        context["processing"] = "batch"
    return context


@functools.lru_cache(maxsize=2048)
def window(provider: str, model: str) -> int | None:
    """Tokens that the model takes; None when that is unknown. Loads the data.

    Args:
        provider: Its id in genai-prices.
        model: As the provider names it.
    """
    found = _listed(provider, model, datetime.now(UTC), None)
    return found.model.context_window if found else None


def _listed(provider: str, model: str, when: datetime, tier: str | None) -> PriceCalculation | None:
    """What the list says of a provider's own model, for no tokens at all.

    A model that the provider does not list itself is looked up at others: Azure's at OpenAI's,
    whose prices differ by region and tier.
    """
    try:
        found = charge_of(provider, model, _Counts(), when, tier)
    except LookupError:
        return None
    return found if any(found.model is own for own in found.provider.models) else None


@functools.lru_cache(maxsize=2048)
def _tariff(provider: str, model: str, tier: str | None, day: int) -> _Tariff | None:
    import genai_prices

    when = datetime.fromtimestamp(day * _DAY, UTC)
    found = _listed(provider, model, when, tier)
    if found is None:
        return None
    if tier in _OTHER_PRICE and not _has_variant(found.model, _context(tier), when):
        return None
    prices = found.model_price
    free = found.model.id.endswith(":free")
    return _Tariff(
        ref=f"genai-prices@{genai_prices.__version__}:{found.provider.id}/{found.model.id}",
        input_known=free or prices.input_mtok is not None,
        output_known=free or prices.output_mtok is not None,
        steps=_steps(prices),
        by_time=_depends_on_time(found.model),
    )


def _has_variant(model: ModelInfo, context: Mapping[str, str], when: datetime) -> bool:
    return any(
        variant.when.items() <= context.items()
        and (variant.constraint is None or variant.constraint.active(when))
        for variant in model.price_variants or ()
    )


def _steps(prices: ModelPrice) -> tuple[int, ...]:
    from genai_prices.types import TieredPrices

    tiered = (price for price in vars(prices).values() if isinstance(price, TieredPrices))
    return tuple(sorted({tier.start for price in tiered for tier in price.tiers}))


def _depends_on_time(model: ModelInfo) -> bool:
    from genai_prices.types import ModelPrice, TimeOfDateConstraint

    lists = [] if isinstance(model.prices, ModelPrice) else model.prices
    conditions = [one.constraint for one in (*lists, *(model.price_variants or ()))]
    return any(isinstance(condition, TimeOfDateConstraint) for condition in conditions)


@functools.lru_cache(maxsize=2048)
def _rates(
    provider: str, model: str, tier: str | None, day: int, step: int
) -> tuple[float, tuple[float, ...]]:
    """US dollars for the request itself, and for one more token of each kind in `_Counts`.

    A part's rate is what it adds to, or takes off, the rate of its whole.
    """
    when = datetime.fromtimestamp(day * _DAY, UTC)
    tariff = _tariff(provider, model, tier, day)
    steps = tariff.steps if tariff else ()
    n = (steps[step - 1] if step else 0) + 1  # the smallest prompt above this step

    def price(**counts: int) -> Decimal:
        return charge_of(provider, model, _Counts(**counts), when, tier).total_price

    plain = price(input=n)
    token = price(input=n + 1) - plain
    answer = price(input=n, output=n) - plain
    write = price(input=n, write=n) - plain
    rates = (
        token,
        (price(input=n, read=n) - plain) / n,
        write / n,
        (price(input=n, write=n, hour=n) - plain - write) / n,
        answer / n,
        (price(input=n, output=n, reasoning=n) - plain - answer) / n,
    )
    return float(plain - token * n), tuple(map(float, rates))
