"""Who is asked: providers, candidates, the plan."""

from __future__ import annotations

from typing import Any

from nbapimgr.models._record import Record

__all__ = ["Candidate", "ModelInfo", "Plan", "Provider", "Skip"]


class ModelInfo(Record, frozen=True, kw_only=True):
    """What is said of a model, by its provider's list or by the user; None where nothing is."""

    id: str
    context_window: int | None = None
    max_output_tokens: int | None = None
    images: bool | None = None
    tools: bool | None = None
    schema: bool | None = None
    raw: Any = None


class Provider(Record, frozen=True, kw_only=True):
    """An account at one LLM API, as the user configured it. Holds no secret."""

    name: str
    dialect: str
    base_url: str
    models: tuple[str, ...] = ()
    """The models to try, in order; the first is the default."""
    declared: tuple[ModelInfo, ...] = ()
    """What the user says of some of them."""
    vendor: str = ""
    """Its entry in the catalogue ("openai", "groq", …); empty for a server of one's own."""
    priority: int = 100
    """Lower is tried first."""
    rate_limits: dict[str, int] = {}
    """Declared limits: rpm, tpm, rpd."""
    enabled: bool = True
    env: tuple[str, ...] = ()
    """Environment variables that may hold its key, the first set one wins."""
    keyless: bool = False
    """Answers without a key (a local server)."""
    headers: dict[str, str] = {}
    """Extra request headers; never secrets."""
    options: dict[str, Any] = {}
    """What its dialect needs besides: api_version, region, gguf, …"""


class Candidate(Record, frozen=True, kw_only=True):
    """What one attempt is sent to. `credential` is an alias, never a key; "" for none."""

    provider: Provider
    model: str
    credential: str = ""

    def __str__(self) -> str:
        return f"{self.provider.name}:{self.model}"


class Skip(Record, frozen=True, kw_only=True):
    """A candidate that is not tried, or only when all others have failed; why, in words."""

    candidate: str
    reason: str


class Plan(Record, frozen=True, kw_only=True):
    """Who is tried, in order, and who is not."""

    candidates: tuple[Candidate, ...]
    skipped: tuple[Skip, ...] = ()
    resorts: tuple[Skip, ...] = ()
    """Why the last of the candidates are the last: left alone, and until when. One for each of
    them, in their order."""
    route: str | None = None
    policy: str = "priority"
    """How the candidates of the route are ordered."""
    reasons: dict[str, str] = {}
    """"provider:model" -> by what it has its place, where that is not its priority."""
