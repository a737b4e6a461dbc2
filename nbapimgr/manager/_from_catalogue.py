"""What an entry of the catalogue brings to a provider, and what the user still has to say."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from nbapimgr.errors import OptionError
from nbapimgr.wire.catalogue import CATALOGUE

if TYPE_CHECKING:
    from nbapimgr.wire.catalogue import Vendor

__all__ = ["fields_of_vendor"]

_REGION: Final = ("AWS_REGION", "AWS_DEFAULT_REGION")
"""Where AWS's own tools look, the first one wins."""
_NEAR: Final = {"us": "us", "eu": "eu"}
"""The profiles of Bedrock that keep a request within an area; elsewhere the one for all."""


def fields_of_vendor(name: str, vendor: Vendor, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields given, over those of the catalogue.

    Args:
        name: How the provider is called.
        vendor: Its entry.
        fields: What the user gave.

    Raises:
        OptionError: The address holds a name that only the user can fill in, and did not.
    """
    given = fields.get("options")
    options = dict(given) if isinstance(given, dict) else {}
    whole: dict[str, Any] = {
        "vendor": vendor.name,
        "dialect": vendor.dialect,
        "base_url": vendor.base_url,
        "models": vendor.models,
        "env": vendor.env,
        "keyless": vendor.keyless,
        **fields,
    }
    if "base_url" not in fields:
        whole["base_url"] = _filled(name, vendor, options)
    if vendor.dialect == "bedrock" and "base_url" not in fields:
        whole = _in_region(whole, options)
    return whole


def _filled(name: str, vendor: Vendor, options: dict[str, Any]) -> str:
    """The vendor's address with the names in it filled in from the options."""
    for needed in vendor.needs:
        if not isinstance(options.get(needed), str) or not options[needed]:
            raise OptionError(
                f"provider {name!r}: {vendor.name} needs your {needed}'s name",
                hint=f'options={{"{needed}": "…"}}, the first part of its address, or base_url="…"',
            )
    return vendor.base_url.format_map(options)


def _in_region(whole: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """Bedrock where AWS's own tools would go, with models that are there."""
    told = next((os.environ[name] for name in _REGION if os.environ.get(name)), "")
    region = options.get("region") or told
    if not isinstance(region, str) or not region:
        return whole
    near = _NEAR.get(region.partition("-")[0], "global")
    models = whole["models"]
    if models is CATALOGUE["bedrock"].models:
        models = tuple(model.replace("us.", f"{near}.", 1) for model in models)
    return {**whole, "options": {**options, "region": region}, "models": models}
