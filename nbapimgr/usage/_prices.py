"""What tokens cost, by the provider's own word, the user's prices or genai-prices."""

from __future__ import annotations

import logging
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from nbapimgr.errors import SettingsError
from nbapimgr.models import Cost
from nbapimgr.usage import _tariffs
from nbapimgr.usage._overrides import Price, load_overrides, price_of
from nbapimgr.usage._vendors import is_local, prices_id

if TYPE_CHECKING:
    from pathlib import Path

    from nbapimgr.models import Provider, Usage

__all__ = ["context_window", "cost", "prepare"]

_log = logging.getLogger("nbapimgr.usage")
_UNKNOWN = Cost()
_complained: set[str] = set()


def prepare() -> None:
    """Load the price data.

    Takes 0.3 to 0.9 s: worth doing on a thread while the first answer is awaited. Never raises.
    """
    try:
        _tariffs.load()
    except Exception as error:  # noqa: BLE001  # no price is worth a traceback in some cell
        _complain(f"no prices: {type(error).__name__}")


def cost(
    provider: Provider, model: str, usage: Usage, at: float, *, overrides: Path | None = None
) -> Cost:
    """What an attempt cost. Unknown is `amount=None`, never zero. Never raises.

    Args:
        provider: Whom it was asked of.
        model: The model that answered, as the provider names it.
        usage: Its tokens.
        at: The moment of the request, in seconds since the epoch: prices change.
        overrides: A `prices.toml` whose prices win over those of genai-prices.
    """
    try:
        return (
            _from_provider(usage)
            or _from_user(provider, model, usage, at, overrides)
            or _from_local(provider)
            or _from_list(provider, model, usage, at)
            or _UNKNOWN
        )
    except Exception as error:  # noqa: BLE001  # no price is worth a cell
        _complain(f"no price for {provider.name}:{model}: {type(error).__name__}")
        return _UNKNOWN


def context_window(provider: Provider, model: str) -> int | None:
    """Tokens that a model takes by the list of prices; None when it does not say. Never raises.

    The first time it takes as long as `prepare`.
    """
    known = None if is_local(provider) else prices_id(provider)
    try:
        return _tariffs.window(known, model) if known else None
    except Exception as error:  # noqa: BLE001  # no window is worth a cell
        _complain(f"no window for {provider.name}:{model}: {type(error).__name__}")
        return None


def _from_provider(usage: Usage) -> Cost | None:
    named = usage.cost
    if named is None or not 0 <= named < math.inf:
        return None
    return Cost(amount=float(named), source="provider")


def _from_user(
    provider: Provider, model: str, usage: Usage, at: float, overrides: Path | None
) -> Cost | None:
    if overrides is None:
        return None
    try:
        prices = load_overrides(overrides)
    except SettingsError as error:
        _complain(str(error))
        return None
    if not prices:
        return None
    price = price_of(prices, provider, model, datetime.fromtimestamp(at, UTC).date())
    amount = _by_price(price, usage) if price else None
    if price is None or amount is None:
        return None
    ref = f"override:{overrides.name}"
    return Cost(amount=amount, currency=price.currency, source="local", price_ref=ref)


def _by_price(price: Price, usage: Usage) -> float | None:
    if usage.input_tokens is None or (usage.output_tokens is None and price.output):
        return None
    read = usage.cache_read_input_tokens or 0
    write = usage.cache_creation_input_tokens or 0
    hour = usage.cache_creation_1h_input_tokens or 0
    read_rate = price.input if price.cache_read is None else price.cache_read
    write_rate = price.input if price.cache_write is None else price.cache_write
    hour_rate = write_rate if price.cache_write_1h is None else price.cache_write_1h
    if read + write > usage.input_tokens or hour > write:
        return None
    total = (
        (usage.input_tokens - read - write) * price.input
        + read * read_rate
        + (write - hour) * write_rate
        + hour * hour_rate
        + (usage.output_tokens or 0) * price.output
    )
    return total / 1_000_000


def _from_local(provider: Provider) -> Cost | None:
    return Cost(amount=0.0, source="local") if is_local(provider) else None


def _from_list(provider: Provider, model: str, usage: Usage, at: float) -> Cost | None:
    known = prices_id(provider)
    found = _tariffs.charge(known, model, usage, at) if known else None
    if found is None:
        return None
    amount, ref = found
    return Cost(amount=amount, source="local", price_ref=ref)


def _complain(message: str) -> None:
    """Say it once; a notebook makes thousands of calls."""
    if message not in _complained:
        _complained.add(message)
        _log.warning("%s", message)
