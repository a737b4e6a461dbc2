"""Where Bedrock is: base URL, region and the address of the control plane."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from nbapimgr.errors import SettingsError

if TYPE_CHECKING:
    from nbapimgr.models import Provider

__all__ = ["base_url", "control_url", "region"]

_REGION_IN_HOST: Final = re.compile(r"\bbedrock(?:-runtime)?(?:-fips)?\.([a-z]{2}[a-z0-9-]*\d)\.")
"""The host's label after `bedrock-runtime`, also in FIPS and VPC endpoints."""


def region(provider: Provider) -> str:
    """The AWS region: from the options, else from the base URL.

    Raises:
        SettingsError: Neither names one.
    """
    named = provider.options.get("region")
    if isinstance(named, str) and named:
        return named
    found = _REGION_IN_HOST.search(provider.base_url)
    if found:
        return found[1]
    raise SettingsError(
        f"provider {provider.name!r} has no AWS region",
        hint='set it in the provider\'s options: {"region": "us-east-1"}',
    )


def base_url(provider: Provider) -> str:
    """The address of the runtime API; a region in the options takes the place of the host's.

    Raises:
        SettingsError: The base URL leaves the region open and no option names it.
    """
    base = provider.base_url.rstrip("/")
    if "{region}" in base:
        return base.replace("{region}", region(provider))
    found = _REGION_IN_HOST.search(base)
    if found is None:
        return base
    return base[: found.start(1)] + region(provider) + base[found.end(1) :]


def control_url(provider: Provider) -> str:
    """The address of the control plane, where models are listed."""
    return base_url(provider).replace("bedrock-runtime", "bedrock", 1)
