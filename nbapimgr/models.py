"""The records that flow through the house: frozen, keyword-only, replaced and never mutated.

Tokens follow OpenTelemetry GenAI's meaning: `input_tokens` includes cached ones, `output_tokens`
includes reasoning. Times are seconds; moments are seconds since the epoch (UTC). Unknown is None.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Attempt",
    "Candidate",
    "Content",
    "Cost",
    "Delta",
    "Event",
    "Failed",
    "Failure",
    "Finished",
    "Image",
    "Message",
    "ModelInfo",
    "Opaque",
    "Origin",
    "Plan",
    "Planned",
    "Provider",
    "Reasoning",
    "Reply",
    "Request",
    "Restarted",
    "Scope",
    "Skip",
    "Started",
    "Text",
    "Tool",
    "ToolCall",
    "ToolResult",
    "Usage",
    "user",
]


class _Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of all records."""


# --- what is asked -----------------------------------------------------------------------------


class Text(_Record, frozen=True, kw_only=True, tag="text"):
    """Text of a message."""

    text: str


class Image(_Record, frozen=True, kw_only=True, tag="image"):
    """A picture in a message: its bytes with their media type, or a URL the provider fetches."""

    data: bytes = b""
    media_type: str = "image/png"
    url: str = ""


class Reasoning(_Record, frozen=True, kw_only=True, tag="reasoning"):
    """A model's reasoning; `raw` is the provider's own block, sent back as it came."""

    text: str = ""
    signature: str = ""
    raw: Any = None


class ToolCall(_Record, frozen=True, kw_only=True, tag="tool_call"):
    """A model's wish to call a tool. `arguments` is parsed; `raw_arguments` is what came.

    `arguments` is None when what came is not a JSON object. `extra` holds what the provider wants
    back unchanged (Gemini's thought signature).
    """

    id: str = ""
    name: str = ""
    arguments: dict[str, Any] | None = None
    raw_arguments: str | None = None
    extra: dict[str, Any] = {}


class ToolResult(_Record, frozen=True, kw_only=True, tag="tool_result"):
    """What a tool gave back: text, or JSON as text."""

    id: str
    content: str
    name: str = ""
    is_error: bool = False


class Opaque(_Record, frozen=True, kw_only=True, tag="opaque"):
    """A block only its own dialect understands, kept so that it can be sent back."""

    dialect: str
    raw: Any


Content = Text | Image | Reasoning | ToolCall | ToolResult | Opaque


class Message(_Record, frozen=True, kw_only=True):
    """One turn. Tool results travel in a message of role "tool"."""

    role: Literal["system", "user", "assistant", "tool"]
    content: tuple[Content, ...] = ()

    @property
    def text(self) -> str:
        """The text parts joined."""
        return "".join(part.text for part in self.content if isinstance(part, Text))


class Tool(_Record, frozen=True, kw_only=True):
    """A function the model may call; `parameters` is a JSON schema of type object."""

    name: str
    description: str = ""
    parameters: dict[str, Any] = {}


class Origin(_Record, frozen=True, kw_only=True):
    """Where a call comes from; written to the usage rows."""

    notebook: str | None = None
    cell_id: str | None = None
    execution_count: int | None = None
    project: str | None = None
    conversation_id: str | None = None
    tags: dict[str, str] = {}


class Request(_Record, frozen=True, kw_only=True):
    """One question and how it may be answered. Nothing the user did not set is sent."""

    messages: tuple[Message, ...]
    system: str | None = None
    tools: tuple[Tool, ...] = ()
    tool_choice: str | None = None
    """One of "auto", "none", "required", or a tool's name."""
    schema: dict[str, Any] | None = None
    schema_name: str = "answer"
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    reasoning: str | None = None
    """Effort: "none", "minimal", "low", "medium", "high"."""
    extra: dict[str, Any] = {}
    """Fields sent as they are, at the top of the dialect's body."""

    # how it is to be answered; never sent
    route: str | None = None
    stream: bool = True
    timeout: float | None = None
    """Seconds for the whole call, retries and fallbacks included."""
    fallback: bool = True
    only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    on_restart: Literal["replace", "buffer", "raise"] = "replace"
    cross_refusal: bool = False
    """A content refusal is put to the next provider only if the user said so."""
    origin: Origin = Origin()


# --- who is asked ------------------------------------------------------------------------------


class Provider(_Record, frozen=True, kw_only=True):
    """An account at one LLM API, as the user configured it. Holds no secret."""

    name: str
    dialect: str
    base_url: str
    models: tuple[str, ...] = ()
    """The models to try, in order; the first is the default."""
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


class Candidate(_Record, frozen=True, kw_only=True):
    """What one attempt is sent to. `credential` is an alias, never a key; "" for none."""

    provider: Provider
    model: str
    credential: str = ""

    def __str__(self) -> str:
        return f"{self.provider.name}:{self.model}"


class Skip(_Record, frozen=True, kw_only=True):
    """A candidate that is not tried, and why, in words for people."""

    candidate: str
    reason: str


class Plan(_Record, frozen=True, kw_only=True):
    """Who is tried, in order, and who is not."""

    candidates: tuple[Candidate, ...]
    skipped: tuple[Skip, ...] = ()
    route: str | None = None
    policy: str = "priority"


class ModelInfo(_Record, frozen=True, kw_only=True):
    """What a provider's list says of a model; None where it does not say."""

    id: str
    context_window: int | None = None
    max_output_tokens: int | None = None
    images: bool | None = None
    tools: bool | None = None
    schema: bool | None = None
    raw: Any = None


# --- what came back ----------------------------------------------------------------------------


class Usage(_Record, frozen=True, kw_only=True):
    """Tokens of one attempt, normalised: cached inside input, reasoning inside output."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_creation_1h_input_tokens: int | None = None
    reasoning_output_tokens: int | None = None
    source: Literal["provider", "estimated", "none"] = "provider"
    service_tier: str | None = None
    cost: float | None = None
    """US dollars, only where the provider itself named the cost."""
    raw: Any = None
    """The provider's usage object as it came."""

    @property
    def total_tokens(self) -> int | None:
        """Input and output together, None when either is unknown."""
        if self.input_tokens is None or self.output_tokens is None:
            return None
        return self.input_tokens + self.output_tokens


class Cost(_Record, frozen=True, kw_only=True):
    """What an attempt cost. `amount` None means unknown, never zero."""

    amount: float | None = None
    currency: str = "USD"
    source: Literal["provider", "local", "none"] = "none"
    price_ref: str | None = None


Scope = Literal["request", "model", "credential", "account", "provider", "host", "local"]


class Failure(_Record, frozen=True, kw_only=True):
    """A classified error. `category` is one of the identifiers in docs/failures.md."""

    category: str
    scope: Scope
    retryable: bool
    """Whether the same request may be sent to the same candidate again."""
    message: str = ""
    """The provider's words, or ours where it had none."""
    remedy: str = ""
    """What the user can do, in one line."""
    evidence: str = ""
    """Which rule matched."""
    status: int | None = None
    type: str | None = None
    code: str | None = None
    retry_after: float | None = None
    """Seconds the provider asks to wait, from the moment the answer came."""
    retry_at: float | None = None
    """The same as a moment, where it is known."""
    request_id: str | None = None


class Attempt(_Record, frozen=True, kw_only=True):
    """One try on one candidate; one usage row."""

    number: int
    candidate: Candidate
    started_at: float
    duration: float
    outcome: Literal["ok", "error", "cancelled", "refused", "cached"]
    first_chunk: float | None = None
    """Seconds to the first content."""
    waited: float = 0.0
    """Seconds of pause before it."""
    stream: bool = True
    failure: Failure | None = None
    http_status: int | None = None
    usage: Usage | None = None
    cost: Cost = Cost()
    response_model: str | None = None
    response_id: str | None = None
    request_id: str | None = None
    finish_reason: str | None = None
    text_length: int = 0
    """Characters of answer that had arrived."""

    def line(self) -> str:
        """One line for people: who, what, how long."""
        failure = self.failure
        what: str = self.outcome
        if failure:
            status = f" {failure.status}" if failure.status else ""
            what = f"{failure.category}{status}"
            if failure.message:
                what += f": {_one_line(failure.message)}"
        return f"{self.candidate} · {self.duration:.1f} s · {what}"


class Reply(_Record, frozen=True, kw_only=True):
    """The answer to a call."""

    text: str
    candidate: Candidate
    model: str
    """The model that answered, as the provider named it."""
    finish_reason: str | None = None
    """stop, length, tool_calls, content_filter, refusal, other."""
    content: tuple[Content, ...] = ()
    """The whole turn with reasoning and tool calls, as it can be sent back."""
    usage: Usage = Usage(source="none")
    cost: Cost = Cost()
    attempts: tuple[Attempt, ...] = ()
    elapsed: float = 0.0
    data: Any = None
    """The parsed and validated answer, when a schema was asked for."""
    response_id: str | None = None
    request_id: str | None = None
    source: Literal["live", "cache", "replay"] = "live"

    @property
    def provider(self) -> str:
        """The name of the provider that answered."""
        return self.candidate.provider.name

    @property
    def reasoning(self) -> str:
        """The reasoning text, where the model shows it."""
        return "".join(part.text for part in self.content if isinstance(part, Reasoning))

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The tools the model wants called."""
        return tuple(part for part in self.content if isinstance(part, ToolCall))

    @property
    def df(self) -> pd.DataFrame:
        """`data` as a pandas DataFrame: one row, or one for each item of a list."""
        import pandas as pd

        rows = self.data if isinstance(self.data, list) else [self.data]
        plain = [
            msgspec.to_builtins(row) if not hasattr(row, "model_dump") else row.model_dump()
            for row in rows
        ]
        if not all(isinstance(row, dict) for row in plain):
            return pd.DataFrame({"value": plain})
        return pd.DataFrame(plain)

    def __str__(self) -> str:
        return self.text


# --- what happens on the way -------------------------------------------------------------------


class Planned(_Record, frozen=True, kw_only=True):
    """The order is decided."""

    plan: Plan


class Started(_Record, frozen=True, kw_only=True):
    """An attempt begins."""

    candidate: Candidate
    number: int


class Delta(_Record, frozen=True, kw_only=True, gc=False):
    """A piece of the answer."""

    text: str
    kind: Literal["text", "reasoning", "tool"] = "text"


class Failed(_Record, frozen=True, kw_only=True):
    """An attempt failed; `next` is who is tried after `wait` seconds, None when nobody is."""

    attempt: Attempt
    failure: Failure
    next: Candidate | None = None
    wait: float = 0.0


class Restarted(_Record, frozen=True, kw_only=True):
    """Text that was shown is void: the answer starts again on `candidate`."""

    candidate: Candidate
    kept_text: str
    """What had been shown."""


class Finished(_Record, frozen=True, kw_only=True):
    """The answer is complete."""

    reply: Reply


Event = Planned | Started | Delta | Failed | Restarted | Finished


def _one_line(text: str, limit: int = 160) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def user(text: str, images: tuple[Image, ...] = ()) -> Message:
    """A user's message from text and pictures."""
    return Message(role="user", content=(*images, Text(text=text)))
