"""What the settings panel shows of a manager, as plain data that may be saved with a notebook.

Everything here is synced to every client of the kernel and may rest in a notebook file: no key, and
of one no more than its mask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urlsplit

from nbapimgr.manager import found_in_environment
from nbapimgr.models._record import Record
from nbapimgr.wire.catalogue import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from nbapimgr.health import Checked
    from nbapimgr.manager import Manager
    from nbapimgr.models import Provider

__all__ = ["Status", "in_order", "shown", "status_of", "vendors"]

Tone = Literal["ok", "warn", "bad", "busy", "off", "new"]

_TITLES: Final = {
    "azure": "Azure OpenAI", "bedrock": "Amazon Bedrock", "dashscope": "Alibaba DashScope",
    "deepseek": "DeepSeek", "google": "Google Gemini", "huggingface": "Hugging Face",
    "llamacpp": "llama.cpp", "lmstudio": "LM Studio", "minimax": "MiniMax",
    "moonshot": "Moonshot (Kimi)", "nvidia": "NVIDIA", "ollama-cloud": "Ollama Cloud",
    "openai": "OpenAI", "openrouter": "OpenRouter", "vertex": "Google Vertex AI",
    "vllm": "vLLM", "xai": "xAI (Grok)", "zai": "Z.ai (GLM)",
}  # fmt: skip
"""How companies write their names, where it is not the plain name with a capital."""


class Status(Record, frozen=True, kw_only=True):
    """How a provider does, in a word, and why."""

    tone: Tone
    word: str
    why: str = ""


def shown(
    manager: Manager, checks: Mapping[str, Checked], checking: Collection[str]
) -> dict[str, Any]:
    """The state of the panel.

    Args:
        manager: Whose providers.
        checks: The last check of each provider that was checked.
        checking: Those that are being checked now.
    """
    providers = in_order(manager)
    cards = [
        _card(manager, provider, place, checks.get(provider.name), provider.name in checking)
        for place, provider in enumerate(providers, 1)
    ]
    return {
        "providers": cards,
        "environment": dict(reversed(found_in_environment())),
        "trouble": list(manager.trouble),
    }


def in_order(manager: Manager) -> list[Provider]:
    """The providers as they are tried, those that are switched off too."""
    return sorted(manager.providers.values(), key=lambda provider: provider.priority)


def status_of(
    provider: Provider, *, has_key: bool, check: Checked | None, checking: bool
) -> Status:
    """How a provider does, as far as it is known."""
    if checking:
        return Status(tone="busy", word="Checking …")
    if not provider.enabled:
        return Status(tone="off", word="Switched off", why="It is not asked.")
    if not has_key and not provider.keyless:
        return Status(tone="new", word="Needs a key")
    if check is None:
        return Status(tone="off", word="Not checked yet")
    if check.verdict == "valid":
        count = check.models
        lists = "" if count is None else f"Lists {count} model{'s' * (count != 1)}."
        return Status(tone="ok", word="Ready", why=lists)
    word = {
        "limited": "Limited",
        "rejected": "Key rejected",
        "unknown": "Not known" if check.answered else "Does not answer",
    }[check.verdict]
    tone: Tone = "bad" if check.verdict == "rejected" else "warn"
    return Status(tone=tone, word=word, why=check.reason)


def vendors() -> list[dict[str, Any]]:
    """The catalogue as the page needs it: to find a provider, and to recognise a key by itself."""
    return [
        {
            "name": entry.name,
            "title": title(entry.name),
            "host": urlsplit(entry.base_url).netloc,
            "base_url": entry.base_url,
            "needs": list(entry.needs),
            "pattern": entry.key_pattern,
            "key_page": entry.key_page,
            "env": list(entry.env),
            "keyless": entry.keyless,
        }
        for entry in CATALOGUE.values()
    ]


def title(vendor: str) -> str:
    """How people write a vendor's name."""
    return _TITLES.get(vendor, vendor.capitalize())


def _card(
    manager: Manager,
    provider: Provider,
    place: int,
    check: Checked | None,
    checking: bool,  # noqa: FBT001
) -> dict[str, Any]:
    keys = manager.credentials.list(provider.name)
    status = status_of(provider, has_key=bool(keys), check=check, checking=checking)
    entry = CATALOGUE.get(provider.vendor)
    return {
        "name": provider.name,
        "title": title(provider.name) if entry and provider.name == entry.name else provider.name,
        "vendor": provider.vendor,
        "host": urlsplit(provider.base_url).netloc,
        "dialect": provider.dialect,
        "models": list(provider.models),
        "place": place,
        "enabled": provider.enabled,
        "keyless": provider.keyless,
        "key_page": entry.key_page if entry else "",
        "keys": [
            {"alias": key.alias, "masked": key.masked, "source": key.source, "active": key.active}
            for key in keys
        ],
        "limits": {name: provider.rate_limits.get(name) for name in ("rpm", "tpm", "rpd")},
        "tone": status.tone,
        "status": status.word,
        "why": status.why,
        "checked": check.at if check else None,
    }
