"""llmock's ten providers as providers of ours, what they say, and llmock's verdict on us."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from llmock.chaos import StreamChaos
from llmock.ratelimit import LimitSettings
from llmock.scenarios import Reply
from llmock.verdict import judge

if TYPE_CHECKING:
    from llmock.testing import LLMockServer
    from llmock.verdict import Verdict

MAIN: Final = "This is what the first provider has to say, in a dozen words or so."
SPARE: Final = "And this is the answer of the one behind it, which is well."


class Spoken(NamedTuple):
    """How one of llmock's providers is reached."""

    vendor: str
    dialect: str
    base: str
    """llmock's name of the base path."""
    path: str = ""
    """What our dialect expects behind it."""


PROVIDERS: Final = {
    "openai": Spoken("openai", "openai-chat", "openai"),
    "openai-responses": Spoken("openai", "openai-responses", "openai"),
    "anthropic": Spoken("anthropic", "anthropic", "anthropic", "/v1"),
    "gemini": Spoken("google", "gemini", "gemini", "/v1beta"),
    "cohere": Spoken("cohere", "cohere", "cohere"),
    "mistral": Spoken("mistral", "openai-chat", "mistral"),
    "groq": Spoken("groq", "openai-chat", "groq"),
    "together": Spoken("together", "openai-chat", "together"),
    "perplexity": Spoken("perplexity", "openai-chat", "perplexity"),
    "ai21": Spoken("", "openai-chat", "ai21"),
    "xai": Spoken("xai", "openai-chat", "xai"),
}
_NAMES: Final = list(PROVIDERS)


class Scene:
    """A manager with one of llmock's providers, and perhaps a healthy one behind it.

    The one behind speaks the next dialect of the table, on a server of its own.
    """

    def __init__(self, llm, main: LLMockServer, spare: LLMockServer, name: str) -> None:
        self.llm, self.main, self.spare, self.name = llm, main, spare, name
        for server, text in ((main, MAIN), (spare, SPARE)):
            forget(server)
            server.state.scenarios.add(Reply(text=text, times=None))
        add(llm, "main", PROVIDERS[name], main, priority=1)

    @property
    def behind(self) -> str:
        """Which of llmock's providers the healthy one is."""
        return _NAMES[(_NAMES.index(self.name) + 1) % len(_NAMES)]

    def with_spare(self) -> Scene:
        """Have the healthy one behind it."""
        add(self.llm, "spare", PROVIDERS[self.behind], self.spare, priority=2)
        return self

    def meets(self, *behaviours) -> None:
        """What the next requests to the first provider meet."""
        self.main.state.scenarios.add(*behaviours)

    def paced(self) -> None:
        """Have the first provider pause between two chunks.

        A stream with a broken chunk goes on to its end, and when it has been sent whole before we
        hang up, llmock counts it as a good one and the next try as another call (verdict.py:
        _failed).
        """
        self.main.state.stream_chaos = StreamChaos(chunk_delay_ms=10)

    def verdict(self) -> Verdict:
        """What llmock says of what came to the first provider."""
        return verdict(self.main)


def add(llm, name: str, spoken: Spoken, server: LLMockServer, *, priority: int) -> None:
    """Configure one of llmock's providers."""
    llm.providers.add(
        name,
        vendor=spoken.vendor,
        dialect=spoken.dialect,
        base_url=server.base_url(spoken.base) + spoken.path,
        models=[f"{name}-model"],
        priority=priority,
        key=f"key-of-{name}",
    )


def forget(server: LLMockServer) -> None:
    """Forget requests, behaviours, quotas and pauses."""
    server.state.reset()
    server.state.limiter.configure(LimitSettings())
    server.state.stream_chaos = StreamChaos()


def verdict(server: LLMockServer) -> Verdict:
    """The verdict on what was asked, when all that is under way has ended.

    The free calls by which an open breaker is watched are no calls of the user's.
    """
    records = server.state.journal.records(wait=20)
    return judge([record for record in records if record.method == "POST"])
