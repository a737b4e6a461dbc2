"""How the providers do: what attempts showed, and what their free calls say when somebody looks."""

from __future__ import annotations

import os
import random
import threading
import time
import weakref
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from msgspec.structs import replace

from nbapimgr.errors import AllProvidersFailed
from nbapimgr.health import Checked, History, Schedule
from nbapimgr.manager._bell import Bell
from nbapimgr.manager._rounds import Rounds
from nbapimgr.models import Candidate

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from nbapimgr.engine import Engine
    from nbapimgr.manager._bell import Listener
    from nbapimgr.models import Attempt, ModelInfo, Provider

__all__ = ["HealthMonitor", "Watch"]

_FRESH: Final = 60.0
"""Seconds for which a good result of a check is taken from memory."""
_SERVED_HERE: Final = "runs in this kernel, and is started when it is asked"


class _Subject(NamedTuple):
    """What is checked; not the same any more when the provider or its active key is changed."""

    candidate: Candidate
    mark: object


class _Kept(NamedTuple):
    subject: _Subject
    checked: Checked
    at: float
    """On the monitor's clock."""


class Watch:
    """Somebody looks at the providers: while it is open they are checked in the background.

    Closes once; leaving a `with` closes it, and so does dropping it.
    """

    def __init__(self, watching: set[object], wake: Callable[[], None]) -> None:
        token = object()
        watching.add(token)
        # Without a lock: it may run wherever rubbish is collected.
        self._end = weakref.finalize(self, watching.discard, token)
        self._end.atexit = False
        self._wake = wake

    def close(self) -> None:
        """Look away."""
        self._end()
        self._wake()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


_every: weakref.WeakSet[HealthMonitor] = weakref.WeakSet()


class HealthMonitor:
    """The health of one kernel's providers. Safe to use from any thread.

    Sends nothing by itself but while somebody watches, or a breaker is open that a free call may
    tell of; never a prompt.

    Args:
        engine: Makes the free calls.
        providers: Those that are configured now.
        aliases: The keys of a provider, the active one first.
        mark: What tells a provider's active key from another one of the same alias; never the key.
        remembered: Attempts from before this kernel, read when they are first asked for.
        in_trouble: Names of providers with a breaker that an answering provider would close.
        answers_again: Told the name of one that did not answer, and does now.
        heard: Told what a provider says of its models, where a check was its whole list.
        clock: Seconds that never run backwards.
        chance: Draws from [0, 1), for pauses.

    Attributes:
        history: What attempts have shown.
    """

    def __init__(  # noqa: PLR0913  # what it is wired to, once
        self,
        engine: Engine,
        *,
        providers: Callable[[], Sequence[Provider]],
        aliases: Callable[[Provider], Sequence[str]],
        mark: Callable[[Provider], object] = lambda _: None,
        remembered: Callable[[], Iterable[Attempt]] = tuple,
        in_trouble: Callable[[], Collection[str]] = tuple,
        answers_again: Callable[[str], object] = lambda name: name,
        heard: Callable[[Provider, tuple[ModelInfo, ...]], object] = lambda *_: None,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.history = History(clock=clock)
        self._engine = engine
        self._providers = providers
        self._aliases = aliases
        self._mark = mark
        self._remembered = remembered
        self._in_trouble = in_trouble
        self._answers_again = answers_again
        self._heard = heard
        self._clock = clock
        self._lock = threading.RLock()
        self._seeded = False
        self._kept: dict[str, _Kept] = {}
        self._watching: set[object] = set()
        self._schedule = Schedule(clock=clock, chance=chance)
        self._rounds = Rounds(self._wanted, self._visit, self._schedule)
        self._bell = Bell()
        _every.add(self)

    def renew(self) -> None:
        """In a forked child: nobody watches or listens there, and no thread holds a lock."""
        self._lock = threading.RLock()
        self._watching.clear()
        self.history.renew()
        self._rounds.renew()
        self._bell.renew()

    def observe(self, attempt: Attempt) -> None:
        """Learn from an attempt."""
        if self.history.observe(attempt):
            self._bell.ring(attempt.candidate.provider.name)

    def remember(self) -> None:
        """Learn what other kernels met lately: reads some files, once."""
        with self._lock:
            seeded, self._seeded = self._seeded, True
        if not seeded:
            self.history.seed(self._remembered())

    def check(self, names: Iterable[str], *, fresh: bool = False) -> tuple[Checked, ...]:
        """Ask providers by their free calls, all at once, what they say of their active keys.

        Args:
            names: Which; those that are not configured are left out.
            fresh: Ask also who gave a good answer in the last minute.

        Raises:
            CallInterrupted: The user stopped it.
        """
        subjects = [self._subject(provider) for provider in self._named(names)]
        asked = [subject for subject in subjects if fresh or not self._is_fresh(subject)]
        away = [subject for subject in asked if subject.candidate.provider.base_url]
        found = self._engine.check([subject.candidate for subject in away]) if away else ()
        for subject, checked in zip(away, found, strict=True):
            self._note(subject, checked)
        for subject in asked:
            if not subject.candidate.provider.base_url:
                self._note(subject, _served_here(subject.candidate.provider))
        return tuple(self._kept[subject.candidate.provider.name].checked for subject in subjects)

    def test(self, provider: Provider) -> tuple[ModelInfo, ...]:
        """Check a provider and give the models it lists.

        Raises:
            AllProvidersFailed: It does not answer, or not well.
            CallInterrupted: The user stopped it.
        """
        subject = self._subject(provider)
        checked, models, failed = self._engine.examine(subject.candidate)
        self._note(subject, replace(checked, listed=models))
        if failed:
            raise AllProvidersFailed(failed)
        return models

    def checked(self, provider: Provider) -> Checked | None:
        """What the newest check said; None where there was none since it was changed."""
        kept = self._kept.get(provider.name)
        return kept.checked if kept and kept.subject == self._subject(provider) else None

    def watch(self) -> Watch:
        """Have all usable providers checked once a minute until the watch is closed."""
        watch = Watch(self._watching, self._rounds.wake)
        self._rounds.wake()
        return watch

    def listen(self, callback: Listener) -> Callable[[], None]:
        """Have `callback` called with the names of providers whose health has changed.

        It is called on a thread of its own, and what it raises is logged. What is returned ends it.
        """
        return self._bell.listen(callback)

    def breakers_changed(self, *names: str) -> None:
        """A breaker has opened or closed."""
        self._bell.ring(*names)
        self._rounds.wake()

    def close(self) -> None:
        """Begin no more checks."""
        self._watching.clear()
        self._rounds.close()

    def join(self) -> None:
        """Wait until none is under way any more, after the engine has been closed."""
        self._rounds.join()

    def _subject(self, provider: Provider) -> _Subject:
        alias = next(iter(self._aliases(provider)), "")
        candidate = Candidate(provider=provider, model="", credential=alias)
        return _Subject(candidate, self._mark(provider))

    def _named(self, names: Iterable[str]) -> list[Provider]:
        known = {provider.name: provider for provider in self._providers()}
        return [known[name] for name in names if name in known]

    def _is_fresh(self, subject: _Subject) -> bool:
        kept = self._kept.get(subject.candidate.provider.name)
        if kept is None or kept.subject != subject or kept.checked.verdict != "valid":
            return False
        return 0 <= self._clock() - kept.at < _FRESH

    def _note(self, subject: _Subject, checked: Checked) -> None:
        name = subject.candidate.provider.name
        if checked.listed:
            self._heard(subject.candidate.provider, checked.listed)
            checked = replace(checked, listed=())
        with self._lock:
            before = self._kept.get(name)
            self._kept[name] = _Kept(subject, checked, self._clock())
            self._schedule.note(name, answered=checked.answered)
        was_gone = before is not None and not before.checked.answered
        if was_gone and checked.answered and name in self._in_trouble():
            self._answers_again(name)
        self._bell.ring(name)

    def _wanted(self) -> list[str]:
        trouble = None if self._watching else self._in_trouble()
        if trouble is not None and not trouble:
            return []
        usable = (p for p in self._providers() if p.enabled and self._aliases(p))
        return [p.name for p in usable if trouble is None or p.name in trouble]

    def _visit(self, names: Sequence[str]) -> None:
        self.check(names, fresh=True)


def _served_here(provider: Provider) -> Checked:
    return Checked(provider=provider.name, verdict="unknown", reason=_SERVED_HERE, at=time.time())


def _after_fork_in_child() -> None:
    for monitor in list(_every):
        monitor.renew()


# Windows has no such function, and nothing forks there.
getattr(os, "register_at_fork", dict)(after_in_child=_after_fork_in_child)
