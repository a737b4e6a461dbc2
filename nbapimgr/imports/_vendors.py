"""Whose key or address it is, by the names that other tools use."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from nbapimgr.imports._found import Account
from nbapimgr.secret import Secret
from nbapimgr.wire.catalogue import CATALOGUE, guess_vendor

__all__ = [
    "account",
    "guessed",
    "host_name",
    "is_key",
    "origin",
    "vendor_at",
    "vendor_named",
    "vendor_of_variable",
]

_NAMES: Final = {
    "gemini": "google", "google_genai": "google", "googleai": "google", "palm": "google",
    "vertex_ai": "vertex", "claude": "anthropic", "anthropic-chat": "anthropic",
    "openai-chat": "openai", "openai-chat-custom": "openai", "openai-responses": "openai",
    "text-completion-openai": "openai", "mistralai": "mistral", "codestral": "mistral",
    "cohere_chat": "cohere", "together_ai": "together", "togetherai": "together",
    "fireworks_ai": "fireworks", "nvidia_nim": "nvidia", "nvidia-chat": "nvidia",
    "huggingface_hub": "huggingface", "hugging-face": "huggingface", "grok": "xai",
    "amazon-bedrock": "bedrock", "azure-chat-openai": "azure", "azure_ai": "azure",
    "ollama_chat": "ollama", "lm_studio": "lmstudio", "hosted_vllm": "vllm",
    "perplexity-ai": "perplexity", "dashscope-intl": "dashscope", "vercel_ai_gateway": "vercel",
}  # fmt: skip
"""Other tools' names of vendors (LiteLLM, LangChain, jupyter-ai, simonw/llm and its plugins)."""
_VARIABLES: Final = {
    "AZURE_API_KEY": "azure", "HUGGINGFACE_API_KEY": "huggingface",
    "HUGGINGFACEHUB_API_TOKEN": "huggingface", "TOGETHERAI_API_KEY": "together",
    "TOGETHER_AI_API_KEY": "together", "FIREWORKS_AI_API_KEY": "fireworks",
    "NVIDIA_NIM_API_KEY": "nvidia", "GOOGLE_GENERATIVE_AI_API_KEY": "google",
    "PERPLEXITYAI_API_KEY": "perplexity", "CODESTRAL_API_KEY": "mistral",
    "AIDER_OPENAI_API_KEY": "openai", "AIDER_ANTHROPIC_API_KEY": "anthropic",
    "LLM_GEMINI_KEY": "google", "LLM_MISTRAL_KEY": "mistral", "LLM_OPENROUTER_KEY": "openrouter",
}  # fmt: skip
"""Variables of other tools, beside those of the vendors' own."""
_BY_VARIABLE: Final = {
    **_VARIABLES,
    **{name: vendor.name for vendor in CATALOGUE.values() for name in vendor.env},
}
_AZURE: Final = (".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com")


def vendor_named(word: str) -> str:
    """The known vendor that a tool calls so; empty for none."""
    word = word.strip().lower()
    return word if word in CATALOGUE else _NAMES.get(word, "")


def vendor_of_variable(name: str) -> str:
    """The vendor whose key a variable holds; empty for none. The first of those that share one."""
    return _BY_VARIABLE.get(name, "")


def vendor_at(url: str) -> str:
    """The known vendor at an address; empty for none."""
    try:
        where = urlsplit(url)
        host = where.hostname or ""
        near = origin(url)
    except ValueError:
        return ""
    if host.endswith(_AZURE):
        return "azure"
    return next((v.name for v in CATALOGUE.values() if origin(v.base_url) == near), "")


def origin(url: str) -> str:
    """Scheme, host and port of an address, the usual port said; empty when it is none.

    Raises:
        ValueError: The port is none.
    """
    where = urlsplit(url)
    port = where.port or {"https": 443, "http": 80}.get(where.scheme)
    host = (where.hostname or "").replace("localhost", "127.0.0.1")
    return f"{where.scheme}://{host}:{port}" if host and port else ""


def is_key(value: object) -> bool:
    """Whether a value may be a key: not a reference to one, an example, or a mask."""
    if not isinstance(value, str):
        return False
    value = value.strip()
    wrong = ("${", "$(", "<", "os.environ/", "op://", "your", "…", "***")
    return (
        len(value) >= 8  # noqa: PLR2004  # shorter ones are words ("none", "EMPTY", "ollama")
        and value.isascii()
        and not any(c.isspace() for c in value)
        and not any(mark in value.lower() for mark in wrong)
    )


def account(
    name: str, *, base_url: str = "", key: object = None, vendor: str = "", **fields: Any
) -> Account:
    """An account, with its vendor found by its address, else by its name.

    An address that is the vendor's own is left to the catalogue.
    """
    fields = {field: value for field, value in fields.items() if value}
    vendor = vendor_at(base_url) if base_url else vendor or vendor_named(name)
    if vendor == "azure" and base_url:
        fields |= {"vendor": vendor, "base_url": _azure(base_url)}
    elif vendor:
        fields |= {"vendor": vendor}
    elif base_url:
        fields = {"dialect": "openai-chat", **fields, "base_url": base_url.rstrip("/")}
        if fields["dialect"] == "anthropic" and not fields["base_url"].endswith("/v1"):
            fields["base_url"] += "/v1"  # its clients add it themselves
    secret = Secret(str(key)) if is_key(key) else None
    return Account(name=name, fields=fields, key=secret)


def host_name(url: str) -> str:
    """A name for an account at an address that has none."""
    where = urlsplit(url)
    port = f"-{where.port}" if where.port else ""
    return f"{where.hostname or 'server'}{port}"


def guessed(key: str) -> str:
    """The one vendor whose keys look like this; empty where none or several do."""
    found = guess_vendor(key)
    return found[0] if len(found) == 1 else ""


def _azure(url: str) -> str:
    """Azure's address for the OpenAI dialect, whatever of it a tool was given."""
    return f"{url.split('/openai', 1)[0].rstrip('/')}/openai/v1"
