"""Two providers that are rehearsed: a server on loopback that speaks their wire formats.

llmock answers in Anthropic's and in Gemini's HTTP, and breaks on demand. No model is asked, and
every answer says so.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Self

from nbapimgr.demo._breaking import DIALECTS, MEND, WAYS, says
from nbapimgr.errors import MissingExtra
from nbapimgr.models import Provider

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmock.testing import LLMockServer

__all__ = ["NAMES", "Rehearsal", "providers_at"]

_PATHS: Final = {"anthropic": "/v1", "gemini": "/v1beta"}
NAMES: Final = tuple(DIALECTS)
_CHUNK_DELAY_MS: Final = 40
_ANSWER: Final = (
    "This answer is rehearsed: a server on this machine spoke it in {dialect}'s wire format, and "
    "no model was asked. It streams word by word so that you can watch it arrive, and it can be "
    "made to break in the middle of a sentence, which is when the next provider takes over."
)


class Rehearsal:
    """The running server. Stop it with `stop`, or use it as a context.

    Raises:
        MissingExtra: llmock is not installed.
    """

    def __init__(self) -> None:
        try:
            from llmock.testing import LLMockServer
        except ImportError:
            raise MissingExtra(
                "the rehearsal needs llmock", hint='pip install "nbapimgr[demo]"'
            ) from None
        self._server: LLMockServer = LLMockServer().start()
        state = self._server.state
        state.stream_chaos = replace(state.stream_chaos, chunk_delay_ms=_CHUNK_DELAY_MS)
        self._broken: dict[str, str] = {}
        self._script()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def providers(self) -> tuple[Provider, ...]:
        """The two providers, tried first and second."""
        return providers_at(self._server.base_url)

    def break_(self, name: str, how: str) -> str:
        """Break a provider, or `how="mend"` it; a line that says what it does now.

        Raises:
            UnknownName: There is no such rehearsal provider.
            OptionError: There is no such way to break it.
        """
        line = says(name, how)
        self._broken.pop(name, None)
        if how != MEND:
            self._broken[name] = how
        self._script()
        return line

    def requests(self) -> list[Any]:
        """What the servers were asked, as llmock keeps it."""
        return self._server.state.journal.records(wait=1.0)

    def stop(self) -> None:
        """Stop the server, without waiting for answers that hang on purpose."""
        uvicorn = getattr(self._server, "_server", None)
        if uvicorn is not None:
            uvicorn.force_exit = True
        self._server.stop()

    def _script(self) -> None:
        from llmock import scenarios

        queue = self._server.state.scenarios
        queue.clear()
        for name, dialect in DIALECTS.items():
            match = scenarios.Match(provider=dialect)
            text = _ANSWER.format(dialect=dialect.title())
            if how := self._broken.get(name):
                way = WAYS[how]
                behave = getattr(scenarios, way.kind)
                queue.add(behave(**way.details, times=None, match=match))
            queue.add(scenarios.Reply(text=text, times=None, match=match))


def providers_at(address: Callable[[str], str]) -> tuple[Provider, ...]:
    """The two providers, tried first and second; `address` gives the server of a dialect."""
    return tuple(
        Provider(
            name=name,
            dialect=dialect,
            base_url=address(dialect) + _PATHS[dialect],
            models=(f"rehearsed-{dialect}",),
            priority=10 * number,
            keyless=True,
        )
        for number, (name, dialect) in enumerate(DIALECTS.items(), 1)
    )
