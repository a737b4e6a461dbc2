"""The engine's face: stream a plan's events, list a candidate's models, close."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from nbapimgr.engine._adapting import Adapting
from nbapimgr.engine._breakers import Breakers
from nbapimgr.engine._budget import RetryBudget
from nbapimgr.engine._call import Call
from nbapimgr.engine._check import check_keys, examine, list_models
from nbapimgr.engine._faces import aevents, events, result
from nbapimgr.engine._gear import Gear, no_windows, unobserved
from nbapimgr.engine._limits import Limits, Patience, no_patience
from nbapimgr.engine._loop import LoopThread
from nbapimgr.engine._needs import by_length
from nbapimgr.engine._transport import Transport
from nbapimgr.state import MemoryStore

S = TypeVar("S")
T = TypeVar("T")

if TYPE_CHECKING:
    import concurrent.futures
    from collections.abc import (
        AsyncGenerator,
        Callable,
        Coroutine,
        Generator,
        Iterable,
        Mapping,
        Sequence,
    )

    from nbapimgr.health import Checked
    from nbapimgr.models import Attempt, Candidate, Event, ModelInfo, Plan, Provider, Request
    from nbapimgr.secret import Secret
    from nbapimgr.state import StateStore

    Ask = Callable[[Gear, S, float | None], Coroutine[Any, Any, T]]

__all__ = ["Engine"]


def _as_it_is(attempt: Attempt) -> Attempt:
    return attempt


class Engine:
    """Puts a request to the candidates of a plan until one of them answers.

    Safe to use from any thread; nothing is started before the first call.

    Args:
        key_for: The key of a candidate, asked for where the headers are made and kept nowhere;
            None where there is none.
        start: Starts a provider that has no base URL, in a worker thread, and gives it with one.
        limits: How long is waited for what.
        estimate: Tokens in a text, where the provider does not say.
        patience: Seconds a candidate is given for its first token and between two pieces of its
            answer, by what is known of it; None in place of one where the limits stand.
        observe: Called once for each attempt after it has been accounted for, on the engine's
            thread.
        windows: The windows of candidates in tokens, by `str(candidate)`, as far as they are known.
            Called in a worker thread, and only after a prompt did not fit.
        state: Where the breakers are kept; None is this engine's memory.

    Attributes:
        breakers: Who is left alone, and until when.
    """

    def __init__(  # noqa: PLR0913  # the composition root gives each by name
        self,
        *,
        key_for: Callable[[Candidate], Secret | None],
        start: Callable[[Provider], Provider] | None = None,
        limits: Limits | None = None,
        estimate: Callable[[str], int] = by_length,
        patience: Callable[[Candidate], Patience] = no_patience,
        observe: Callable[[Attempt], object] = unobserved,
        windows: Callable[[Iterable[Candidate]], Mapping[str, int]] = no_windows,
        state: StateStore | None = None,
    ) -> None:
        self._key_for = key_for
        self._start = start
        self._limits = limits or Limits()
        self._estimate = estimate
        self._patience = patience
        self._observe = observe
        self._windows = windows
        self._adapting = Adapting()
        self.breakers = Breakers(state or MemoryStore(), key_for)
        self._retries = RetryBudget()
        self._shadows: set[asyncio.Task[None]] = set()
        self._loop = LoopThread(Transport)

    def stream(
        self,
        plan: Plan,
        request: Request,
        *,
        account: Callable[[Attempt], Attempt] = _as_it_is,
        idle: Callable[[], None] | None = None,
    ) -> Generator[Event]:
        """The events of a call, as they come. Closing the generator cancels the call.

        Args:
            plan: Who is tried.
            request: What is asked.
            account: Called once for each attempt, also for a cancelled one, before the event that
                carries it, on the engine's thread in the caller's context; what it returns is
                what events and reply carry.
            idle: Called in the caller's thread while nothing comes, about twelve times a second.

        Raises:
            AllProvidersFailed: Nobody answered.
            CallInterrupted: The user stopped it.
            RuntimeError: Called on the engine's own thread, which would wait for itself.
        """
        running = self._loop.running()
        if threading.current_thread() is running.thread:
            raise RuntimeError("on the engine's own thread only astream can be used")
        gear = self._gear(running.resource)
        return events(running.loop, lambda: Call(gear, plan, request, account).events(), idle)

    def astream(
        self,
        plan: Plan,
        request: Request,
        *,
        account: Callable[[Attempt], Attempt] = _as_it_is,
    ) -> AsyncGenerator[Event]:
        """`stream` for code that awaits, in any running loop.

        Close it with `contextlib.aclosing` when leaving it early; a cancelled task closes it too.

        Raises:
            AllProvidersFailed: Nobody answered.
        """
        running = self._loop.running()
        gear = self._gear(running.resource)
        return aevents(running.loop, lambda: Call(gear, plan, request, account).events())

    def models(
        self, candidate: Candidate, *, timeout: float | None = None
    ) -> tuple[ModelInfo, ...]:
        """The models a candidate's provider lists, by a free call.

        Args:
            candidate: Whom to ask; its model does not matter.
            timeout: Seconds; None takes the engine's limit.

        Raises:
            AllProvidersFailed: There is no list; `.attempts[0].failure` says why.
            CallInterrupted: The user stopped it.
        """
        return result(self._submit(list_models, candidate, timeout))

    async def amodels(
        self,
        candidate: Candidate,
        *,
        timeout: float | None = None,  # noqa: ASYNC109  # passed on
    ) -> tuple[ModelInfo, ...]:
        """`models` for code that awaits."""
        return await asyncio.wrap_future(self._submit(list_models, candidate, timeout))

    def check(
        self, candidates: Sequence[Candidate], *, timeout: float | None = None
    ) -> tuple[Checked, ...]:
        """What providers say of keys, by the vendors' free calls for it; all at the same time.

        Args:
            candidates: Whose keys; their models do not matter.
            timeout: Seconds; None takes the engine's limit.

        Raises:
            CallInterrupted: The user stopped it.
        """
        return result(self._submit(check_keys, candidates, timeout))

    def examine(
        self, candidate: Candidate, *, timeout: float | None = None
    ) -> tuple[Checked, tuple[ModelInfo, ...], tuple[Attempt, ...]]:
        """The verdict on a key, the models its provider lists, and the attempts that failed.

        Where the list of models is the check, it is asked for once.

        Args:
            candidate: Whose key; its model does not matter.
            timeout: Seconds for each of the two calls; None takes the engine's limit.

        Raises:
            CallInterrupted: The user stopped it.
        """
        return result(self._submit(examine, candidate, timeout))

    def close(self) -> None:
        """Cancel what runs, close all connections, end the thread. A later call starts anew."""
        self._loop.close()
        self.breakers.store.close()

    def _submit(
        self, ask: Ask[S, T], subject: S, timeout: float | None
    ) -> concurrent.futures.Future[T]:
        running = self._loop.running()
        asked = ask(self._gear(running.resource), subject, timeout)
        return asyncio.run_coroutine_threadsafe(asked, running.loop)

    def _gear(self, transport: Transport) -> Gear:
        return Gear(
            transport,
            self._limits,
            self._key_for,
            self._start,
            self._estimate,
            self.breakers,
            self._retries,
            self._shadows,
            self._adapting,
            patience=self._patience,
            observe=self._observe,
            windows=self._windows,
        )
