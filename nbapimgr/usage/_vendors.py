"""What a catalogue's vendor is called elsewhere: by OpenTelemetry, and by genai-prices."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from nbapimgr.models import Provider

__all__ = ["is_local", "prices_id", "provider_name"]


class _Vendor(NamedTuple):
    otel: str
    """Value of `gen_ai.provider.name`."""
    prices: str | None
    """Provider id in genai-prices; None where it has no prices that hold."""


# Our own map, not `genai_prices.find_provider_by_id`: that one takes azure.ai.openai for openai
# (other prices) and does not know x_ai. Vendors that are not here are called by their own name and
# have no price.
_VENDORS = {
    "anthropic": _Vendor("anthropic", "anthropic"),
    "aws.bedrock": _Vendor("aws.bedrock", "aws"),
    "azure.ai.inference": _Vendor("azure.ai.inference", "azure"),
    "azure.ai.openai": _Vendor("azure.ai.openai", "azure"),
    "baseten": _Vendor("baseten", "baseten"),
    "cerebras": _Vendor("cerebras", "cerebras"),
    "cohere": _Vendor("cohere", "cohere"),
    "deepseek": _Vendor("deepseek", "deepseek"),
    "fireworks": _Vendor("fireworks", "fireworks"),
    "gcp.gemini": _Vendor("gcp.gemini", "google"),
    "gcp.vertex_ai": _Vendor("gcp.vertex_ai", "google"),
    "groq": _Vendor("groq", "groq"),
    "huggingface": _Vendor("huggingface", None),
    "ibm.watsonx.ai": _Vendor("ibm.watsonx.ai", None),
    "minimax": _Vendor("minimax", "minimax"),
    "mistral_ai": _Vendor("mistral_ai", "mistral"),
    "moonshot": _Vendor("moonshot", "moonshotai"),
    "novita": _Vendor("novita", "novita"),
    "openai": _Vendor("openai", "openai"),
    "openrouter": _Vendor("openrouter", "openrouter"),
    "perplexity": _Vendor("perplexity", "perplexity"),
    "together": _Vendor("together", "together"),
    "x_ai": _Vendor("x_ai", "x-ai"),
    "zai": _Vendor("zai", "zai"),
}

_OTHER_NAMES = {
    "aws": "aws.bedrock",
    "azure": "azure.ai.openai",
    "azure-ai": "azure.ai.inference",
    "azure-foundry": "azure.ai.inference",
    "azure-openai": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "fireworks-ai": "fireworks",
    "gemini": "gcp.gemini",
    "google": "gcp.gemini",
    "hf": "huggingface",
    "mistral": "mistral_ai",
    "moonshotai": "moonshot",
    "together-ai": "together",
    "vertex": "gcp.vertex_ai",
    "vertex-ai": "gcp.vertex_ai",
    "watsonx": "ibm.watsonx.ai",
    "x-ai": "x_ai",
    "xai": "x_ai",
    "z-ai": "zai",
}

_LOCAL = {"gguf", "llama.cpp", "llamacpp", "lm-studio", "lmstudio", "local", "ollama", "vllm"}


def _vendor(provider: Provider) -> _Vendor | None:
    name = provider.vendor.lower()
    return _VENDORS.get(_OTHER_NAMES.get(name, name))


def provider_name(provider: Provider) -> str:
    """OpenTelemetry's name of its vendor; for a server of one's own, the account's name."""
    vendor = _vendor(provider)
    return vendor.otel if vendor else provider.vendor or provider.name


def prices_id(provider: Provider) -> str | None:
    """The provider's id in genai-prices, None where its prices are not known."""
    vendor = _vendor(provider)
    return vendor.prices if vendor else None


def is_local(provider: Provider) -> bool:
    """Whether its answers cost no money: it needs no key, or runs on a machine of one's own."""
    if provider.keyless:
        return True
    return provider.vendor.lower() in _LOCAL and "ollama.com" not in provider.base_url
