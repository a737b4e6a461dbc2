"""What came back: attempts, failures, usage, the reply."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from nbapimgr.models._provider import Candidate
from nbapimgr.models._record import Record
from nbapimgr.models._request import Content, Reasoning, ToolCall

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Attempt", "Cost", "Failure", "Reply", "Scope", "Usage"]


class Usage(Record, frozen=True, kw_only=True):
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


class Cost(Record, frozen=True, kw_only=True):
    """What an attempt cost. `amount` None means unknown, never zero."""

    amount: float | None = None
    currency: str = "USD"
    source: Literal["provider", "local", "none"] = "none"
    price_ref: str | None = None

    @property
    def sign(self) -> str:
        """What is written before the amount: `$`, or the currency's code and a space."""
        return "$" if self.currency == "USD" else f"{self.currency} "


Scope = Literal["request", "model", "credential", "account", "provider", "host", "local"]


class Failure(Record, frozen=True, kw_only=True):
    """A classified error. `category` is one of the identifiers in docs/failures.md."""

    category: str
    scope: Scope
    retryable: bool
    """Whether the same request may be sent to the same candidate again."""
    message: str = ""
    """The provider's words, or ours where it had none."""
    detail: str = ""
    """The same for people, where the provider's own message says too little: the words of whoever
    it passes on, the fields it finds wrong, the title of a web page."""
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


class Attempt(Record, frozen=True, kw_only=True):
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
    adapted: str = ""
    """What was not asked as the user said it, because the model refuses it: "temperature left
    out"."""
    probe: bool = False
    """Sent beside the user's own attempt, to learn whether a candidate is well again."""
    queued: float = 0.0
    """Seconds of `duration` before it was sent: a connection was waited for, a server started."""
    longest_gap: float | None = None
    """Seconds of the longest silence of a stream after its first content; None where none began."""

    def line(self) -> str:
        """One line for people: who, what, how long."""
        failure = self.failure
        what: str = self.outcome
        if failure:
            status = f" {failure.status}" if failure.status else ""
            what = f"{failure.category}{status}"
            if said := failure.detail or failure.message:
                what += f": {_one_line(said)}"
        return f"{self.candidate} · {self.duration:.1f} s · {what}"


class Reply(Record, frozen=True, kw_only=True):
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
    def adapted(self) -> str:
        """What was not asked as the user said it, because the model refuses it; else ""."""
        return self.attempts[-1].adapted if self.attempts else ""

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


def _one_line(text: str, limit: int = 160) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"
