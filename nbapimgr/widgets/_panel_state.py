"""What the settings panel shows of a manager, as plain data that may be saved with a notebook.

Everything here is synced to every client of the kernel and may rest in a notebook file: no key, and
of one no more than its mask.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urlsplit

from nbapimgr.health import STATES
from nbapimgr.manager import found_in_environment
from nbapimgr.models import Candidate
from nbapimgr.models._record import Record
from nbapimgr.widgets._panel_keys import advice, key_row
from nbapimgr.wire.catalogue import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from nbapimgr.health import Checked, State
    from nbapimgr.manager import Manager
    from nbapimgr.models import Provider
    from nbapimgr.vault import CredentialInfo

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


_UNKNOWN: Final = Status(tone="off", word="Not checked yet")
_CHECKING: Final = Status(tone="busy", word="Checking …")
_WORDS: Final[dict[str, tuple[Tone, str]]] = {
    "rejected": ("bad", "Key rejected"),
    "limited": ("warn", "Limited"),
}
_DOES: Final[dict[State, str]] = {"failing": "Failing", "slow": "Slow"}


def shown(manager: Manager, checking: Collection[str]) -> dict[str, Any]:
    """The state of the panel.

    Args:
        manager: Whose providers.
        checking: Those that are being checked now.
    """
    providers = in_order(manager)
    vault = manager.credentials.status()
    return {
        "providers": [
            {**_card(manager, provider, provider.name in checking), "place": place}
            for place, provider in enumerate(providers, 1)
        ],
        "environment": dict(reversed(found_in_environment())),
        "vault": {"state": vault.state, "protection": vault.protection, "do": vault.do},
        "trouble": [*manager.trouble, *vault.notices],
    }


def in_order(manager: Manager) -> list[Provider]:
    """The providers as they are tried, those that are switched off too."""
    return sorted(manager.providers.values(), key=lambda provider: provider.priority)


def status_of(manager: Manager, provider: Provider, keys: Sequence[CredentialInfo]) -> Status:
    """How a provider does, as far as it is known: what stands in the way first."""
    if not provider.enabled:
        return Status(tone="off", word="Switched off", why="It is not asked.")
    if not keys and not provider.keyless:
        return Status(tone="new", word="Needs a key")
    model = next(iter(provider.models), "")
    alias = keys[0].alias if keys else ""
    breaker = manager.breaker_of(Candidate(provider=provider, model=model, credential=alias))
    checked = manager.monitor.checked(provider)
    if checked and checked.verdict in _WORDS:
        tone, word = _WORDS[checked.verdict]
        return Status(tone=tone, word=word, why=checked.reason)
    if breaker is not None:
        why = breaker.line(time.time()).removeprefix("open: ")  # the status says so in words
        return Status(tone="warn", word="Left alone", why=why)
    return _doing(manager.monitor.history.of_provider(provider.name).state, checked)


def _doing(known: State, checked: Checked | None) -> Status:
    """How a provider does of which nothing is wrong: by its last calls, then by its check."""
    if known in _DOES:
        return Status(tone="warn", word=_DOES[known], why=f"It {STATES[known]}.")
    if checked is None:
        return Status(tone="ok", word="Ready") if known == "ok" else _UNKNOWN
    if checked.verdict == "unknown":
        word = "Not checked" if checked.answered else "Does not answer"
        return Status(tone="warn", word=word, why=checked.reason)
    count = checked.models
    why = "" if count is None else f"Lists {count} model{'s' * (count != 1)}."
    return Status(tone="ok", word="Ready", why=why)


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
    """How people write a vendor's name; any other provider is called what its user calls it."""
    return _TITLES.get(vendor, vendor.capitalize() if vendor in CATALOGUE else vendor)


def _card(manager: Manager, provider: Provider, checking: bool) -> dict[str, Any]:  # noqa: FBT001  # one of its facts
    keys = manager.credentials.list(provider)  # it may be being removed on another thread
    status = _CHECKING if checking else status_of(manager, provider, keys)
    entry = CATALOGUE.get(provider.vendor)
    return {
        "name": provider.name,
        "title": title(provider.name),
        "host": urlsplit(provider.base_url).netloc,
        "models": list(provider.models),
        "enabled": provider.enabled,
        "keyless": provider.keyless,
        "key_page": entry.key_page if entry else "",
        "keys": [key_row(key, time.time()) for key in keys],
        "advice": advice(keys, title(provider.name), time.time()),
        "limits": {name: provider.rate_limits.get(name) for name in ("rpm", "tpm", "rpd")},
        "tone": status.tone,
        "status": status.word,
        "why": status.why,
    }
