"""Prices the user states: `prices.toml`, read again when it changes."""

from __future__ import annotations

import datetime as dt
import functools
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec

from nbapimgr.errors import SettingsError

if TYPE_CHECKING:
    from nbapimgr.models import Provider

__all__ = ["Price", "load_overrides", "price_of"]

_Rate = Annotated[float, msgspec.Meta(ge=0)]


class Price(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"since": "from"}
):
    """A `[[price]]` of the file: money for a million tokens of one model from a day on."""

    provider: str
    """The account's name, or its vendor's."""
    model: str
    """Exactly as it is in the request or in the answer."""
    since: dt.date = dt.date.min
    """First day, in UTC; written `from`."""
    input: _Rate
    output: _Rate
    cache_read: _Rate | None = None
    """Left out: as `input`."""
    cache_write: _Rate | None = None
    """Left out: as `input`."""
    cache_write_1h: _Rate | None = None
    """Left out: as `cache_write`."""
    currency: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")] = "USD"


class _File(msgspec.Struct, forbid_unknown_fields=True):
    price: tuple[Price, ...] = ()


def load_overrides(path: Path) -> tuple[Price, ...]:
    """The prices in a file, none when there is no file.

    Raises:
        SettingsError: The file cannot be read or is wrong; says where.
    """
    try:
        facts = path.stat()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from None
    return _load(path, facts.st_mtime_ns, facts.st_size)


@functools.lru_cache(maxsize=4)
def _load(path: Path, _changed: int, _size: int) -> tuple[Price, ...]:
    import tomllib

    try:
        document = tomllib.loads(path.read_text("utf-8"))
        return msgspec.convert(document, _File).price
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"{path}: {error}",
            hint="[[price]] with provider, model, from, input, output per million tokens",
        ) from None


def price_of(
    prices: tuple[Price, ...], provider: Provider, model: str, day: dt.date
) -> Price | None:
    """The price in force on a day: of several the latest, the account's before the vendor's."""
    names = {provider.vendor, provider.name} - {""}
    fitting = [
        price
        for price in prices
        if price.model == model and price.provider in names and price.since <= day
    ]
    return max(fitting, key=lambda p: (p.since, p.provider == provider.name), default=None)
