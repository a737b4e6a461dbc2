"""Two providers that are rehearsed: a server on loopback that speaks their wire formats.

llmock answers in Anthropic's and in Gemini's HTTP, and breaks on demand. No model is asked, and
every answer says so.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Self

from nbapimgr.errors import MissingExtra, OptionError, UnknownName
from nbapimgr.models import Provider

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmock.testing import LLMockServer

__all__ = ["NAMES", "Rehearsal", "providers_at", "says"]

_DIALECTS: Final = {"rehearsal-anthropic": "anthropic", "rehearsal-gemini": "gemini"}
_PATHS: Final = {"anthropic": "/v1", "gemini": "/v1beta"}
NAMES: Final = tuple(_DIALECTS)
_CHUNK_DELAY_MS: Final = 40
_ANSWER: Final = (
    "This answer is rehearsed: a server on this machine spoke it in {dialect}'s wire format, and "
    "no model was asked. It streams word by word so that you can watch it arrive, and it can be "
    "made to break in the middle of a sentence, which is when the next provider takes over."
)
_BREAKS: Final[dict[str, dict[str, Any]]] = {
    "stream": {"kind": "disconnect", "after_chunks": 12},
    "silent": {"kind": "stall", "after_chunks": 12, "stall_seconds": 60.0},
    "down": {"status": 503},
    "limit": {"status": 429, "retry_after": 30.0},
}
"""How a rehearsal provider can be broken; "mend" undoes it."""


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
        if how != "mend":
            self._broken[name] = how
        self._script()
        return line

    def requests(self) -> list[Any]:
        """What the servers were asked, as llmock keeps it."""
        return self._server.state.journal.records(wait=1.0)

    def stop(self) -> None:
        """Stop the server."""
        self._server.stop()

    def _script(self) -> None:
        from llmock.scenarios import Fail, Match, Reply, StreamFault

        queue = self._server.state.scenarios
        queue.clear()
        for name, dialect in _DIALECTS.items():
            match = Match(provider=dialect)
            queue.add(Reply(text=_ANSWER.format(dialect=dialect.title()), times=None, match=match))
            how = self._broken.get(name)
            if how:
                kind = StreamFault if "kind" in _BREAKS[how] else Fail
                queue.add(kind(**_BREAKS[how], times=None, match=match))


_SAYS: Final = {
    "stream": "its streams now break in the middle",
    "silent": "it now falls silent after a few words",
    "down": "it now answers 503",
    "limit": "it now answers 429, try again in 30 seconds",
    "mend": "it works again",
}


def says(name: str, how: str) -> str:
    """The line about a provider that is broken, or mended, in this way.

    Raises:
        UnknownName: There is no such rehearsal provider.
        OptionError: There is no such way to break it.
    """
    if name not in _DIALECTS:
        raise UnknownName("rehearsal provider", name, _DIALECTS)
    if how not in _SAYS:
        raise OptionError(
            f"{how!r} is no way to break a provider", hint=f"{', '.join(_BREAKS)} or mend"
        )
    return f"{name}: {_SAYS[how]}"


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
        for number, (name, dialect) in enumerate(_DIALECTS.items(), 1)
    )
