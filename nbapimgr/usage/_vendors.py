"""What a catalogue's vendor is called elsewhere: by OpenTelemetry, and by genai-prices."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from nbapimgr.models import Provider

__all__ = ["is_local", "prices_id", "provider_name"]


class _Vendor(NamedTuple):
    otel: str
    """Value of `gen_ai.provider.name`."""
    prices: str
    """Provider id in genai-prices."""


# Our own map, not `genai_prices.find_provider_by_id`: that one takes azure.ai.openai for openai,
# whose prices are others, and does not know x_ai. A vendor that is not here goes by its own name
# and has no price.
_VENDORS = {
    "anthropic": _Vendor("anthropic", "anthropic"),
    "azure": _Vendor("azure.ai.openai", "azure"),
    "baseten": _Vendor("baseten", "baseten"),
    "bedrock": _Vendor("aws.bedrock", "aws"),
    "cerebras": _Vendor("cerebras", "cerebras"),
    "cohere": _Vendor("cohere", "cohere"),
    "deepseek": _Vendor("deepseek", "deepseek"),
    "fireworks": _Vendor("fireworks", "fireworks"),
    "google": _Vendor("gcp.gemini", "google"),
    "groq": _Vendor("groq", "groq"),
    "minimax": _Vendor("minimax", "minimax"),
    "mistral": _Vendor("mistral_ai", "mistral"),
    "moonshot": _Vendor("moonshot", "moonshotai"),
    "openai": _Vendor("openai", "openai"),
    "openrouter": _Vendor("openrouter", "openrouter"),
    "perplexity": _Vendor("perplexity", "perplexity"),
    "together": _Vendor("together", "together"),
    "vertex": _Vendor("gcp.vertex_ai", "google"),
    "xai": _Vendor("x_ai", "x-ai"),
    "zai": _Vendor("zai", "zai"),
}

_LOCAL = {"llamacpp", "lmstudio", "ollama", "vllm"}
"""Programs that people run on machines of their own, with a key or without."""


def provider_name(provider: Provider) -> str:
    """OpenTelemetry's name of its vendor; for a server of one's own, the account's name."""
    vendor = _VENDORS.get(provider.vendor)
    return vendor.otel if vendor else provider.vendor or provider.name


def prices_id(provider: Provider) -> str | None:
    """The provider's id in genai-prices, None where its prices are not known."""
    vendor = _VENDORS.get(provider.vendor)
    return vendor.prices if vendor else None


def is_local(provider: Provider) -> bool:
    """Whether its answers cost no money: it needs no key, or is a program of one's own.

    Bedrock without a key of ours is asked with AWS's own credentials, and is paid for.
    """
    return (provider.keyless and provider.dialect != "bedrock") or provider.vendor in _LOCAL
