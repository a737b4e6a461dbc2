"""What the nasty cases stand on: servers that break, homes, managers, and what was found."""

from __future__ import annotations

import contextlib
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from unittest import mock

from tests.engine.faultserver import FaultServer, streamed

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from nbapimgr.manager import Manager
    from nbapimgr.models import Attempt, Event
    from tests.engine.faultserver import Behaviour

TEXT = "Everything is well."
"""The healthy answer."""
WORDS = ("Everything", " is", " well.")
KEY = "sk-nasty-0123456789abcdefghijklmnop"


def healthy() -> Behaviour:
    """How a provider should answer."""
    return streamed(*WORDS)


@dataclass(frozen=True)
class Found:
    """One thing that was looked at."""

    what: str
    holds: bool
    figure: str = ""

    def line(self) -> str:
        """One line for people."""
        figure = f": {self.figure}" if self.figure else ""
        return f"{'ok  ' if self.holds else 'FAIL'} {self.what}{figure}"


@dataclass
class Asked:
    """One call, as its caller saw it."""

    events: list[Event] = field(default_factory=list)
    text: str = ""
    shown: str = ""
    error: BaseException | None = None
    began: float = 0.0
    took: float = 0.0
    attempts: tuple[Attempt, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether the caller has the healthy answer and nothing else."""
        return self.error is None and self.text == self.shown == TEXT

    @property
    def restarted(self) -> bool:
        """Whether the caller was told that what had been shown is void."""
        return any(type(event).__name__ == "Restarted" for event in self.events)

    @property
    def categories(self) -> list[str]:
        """What each attempt came to."""
        return [a.failure.category if a.failure else a.outcome for a in self.attempts]

    @property
    def waits(self) -> list[float]:
        """The pauses between attempts, in seconds."""
        return [attempt.waited for attempt in self.attempts[1:]]

    @property
    def remedy(self) -> str:
        """What the first failed attempt says to do."""
        return next((a.failure.remedy for a in self.attempts if a.failure), "")


class Ground:
    """One case's servers, homes and managers, all gone at its end.

    Args:
        strict: Whether times count. Where other work decides them they are only noted.

    Attributes:
        found: What was looked at, in order.
    """

    def __init__(self, *, strict: bool) -> None:
        self.strict = strict
        self.found: list[Found] = []
        self._stack = contextlib.ExitStack()
        self._servers: list[FaultServer] = []
        self._offset = 0.0
        self._real: Callable[[], float] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def check(self, what: str, holds: bool, figure: object = "") -> None:  # noqa: FBT001  # `check(what, x == y)` reads well
        """Note whether something holds."""
        self.found.append(Found(what, bool(holds), str(figure)))

    def timely(self, what: str, seconds: float, limit: float) -> None:
        """Note how long something took, and whether that is not too long."""
        holds = seconds <= limit or not self.strict
        self.check(f"{what} (at most {limit * 1e3:g} ms)", holds, f"{seconds * 1e3:.1f} ms")

    def server(
        self,
        *behaviours: Behaviour,
        tls: ssl.SSLContext | None = None,
        greeting: bytes = b"",
    ) -> FaultServer:
        """A server with this script; without one it is healthy."""
        server = self._stack.enter_context(FaultServer(tls=tls, greeting=greeting))
        server.script(*(behaviours or (healthy(),)))
        self._servers.append(server)
        return server

    def enter(self, context: Any) -> Any:
        """Enter a context that ends with the case."""
        return self._stack.enter_context(context)

    def home(self) -> Path:
        """A new folder."""
        return Path(self.enter(tempfile.TemporaryDirectory(prefix="nasty-")))

    def manager(self, home: Path | None = None, **providers: Any) -> Manager:
        """A manager with these providers: a server, a URL, or the fields of `providers.add`."""
        from nbapimgr.manager import Manager

        manager = Manager(home or self.home())
        self._stack.callback(manager.close)
        for name, given in providers.items():
            fields = {"base_url": getattr(given, "url", given)}
            if isinstance(given, dict):
                fields = given
            manager.providers.add(name, **{"models": ("m",), "key": KEY, **fields})
        return manager

    def clock(self, manager: Manager, *, ahead: float = 0.0, passed: float = 0.0) -> None:
        """Set what a manager takes for the time, until the case ends or this is called again.

        Args:
            manager: Whose.
            ahead: By how many seconds the clock that people set is wrong.
            passed: How many seconds have gone by on both clocks.
        """
        if not self._real:
            self._real = time.time
            self.enter(mock.patch("time.time", lambda: self._real() + self._offset))  # noqa: PT008  # changes
        self._offset = ahead + passed
        breakers = manager._engine.breakers  # they have taken the functions, not their names
        breakers._wall = time.time
        breakers._clock = lambda: time.monotonic() + passed

    def until(self, holds: Callable[[], bool], patience: float = 5.0) -> bool:
        """Wait until something holds, for so many seconds at most."""
        end = time.monotonic() + patience
        while not (held := holds()) and time.monotonic() < end:
            time.sleep(0.01)
        return held

    def ask(self, manager: Manager, prompt: Any = "Is all well?", **options: Any) -> Asked:
        """Ask, and note all that the caller sees.

        Text that comes opens the gate "shown" of all servers.
        """
        from nbapimgr.errors import CallInterrupted, NbApiMgrError
        from nbapimgr.models import Delta, Finished, Restarted

        asked = Asked(began=time.monotonic())
        try:
            for event in manager.stream(prompt, **options):
                asked.events.append(event)
                if isinstance(event, Delta):
                    asked.shown += event.text
                    for server in self._servers:
                        server.open("shown")
                elif isinstance(event, Restarted):
                    asked.shown = ""
                elif isinstance(event, Finished):
                    asked.text = event.reply.text
        except (NbApiMgrError, CallInterrupted) as error:
            asked.error = error
        asked.took = time.monotonic() - asked.began
        asked.attempts = tuple(manager.attempts)
        return asked
