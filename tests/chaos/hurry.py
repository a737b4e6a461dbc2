"""Our engine at another pace, or broken on purpose.

A pace of 0.1 makes every time the engine knows a tenth: what is waited for and how long, which is
what the short forms run at. Each way of breaking takes away one thing the scenarios are about; a
scenario that still passes then is worth nothing.
"""

from __future__ import annotations

import asyncio
import functools
import os
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

if TYPE_CHECKING:
    from collections.abc import Callable

_put: Final = mock.patch.object
"""Raises AttributeError where there is no such name: the engine has changed."""


@functools.cache
def hurry(scale: float, broken: str = "") -> None:
    """Change this process's engine for good, before its first manager is made."""
    for patch in changes(scale, broken):
        patch.start()


def changes(scale: float, broken: str = "") -> list[Any]:
    """The patches that do it."""
    made = _scaled(scale) if scale != 1.0 else []
    return [*made, *(BROKEN[broken]() if broken else ())]


def limited(**seconds: float) -> Any:
    """The patch that gives managers an engine with these limits."""
    from nbapimgr.engine import Engine, Limits
    from nbapimgr.manager import _manager

    return _put(_manager, "Engine", functools.partial(Engine, limits=Limits(**seconds)))


def _scaled(scale: float) -> list[Any]:
    from nbapimgr.engine import Limits, _breaker_rules, _recovery

    rules = {
        category: rule and rule._replace(first=rule.first * scale, longest=rule.longest * scale)
        for category, rule in _breaker_rules.RULES.items()
    }
    waits = ("first_token", "stall", "shortest", "longest", "thinking", "grace")
    pauses = ("_PATIENCE", "_PATIENCE_ALONE", "_BACKOFF_BASE", "_BACKOFF_CAP")
    return [
        limited(**{name: getattr(Limits(), name) * scale for name in waits}),
        _put(_breaker_rules, "RULES", rules),
        *(_put(_recovery, name, getattr(_recovery, name) * scale) for name in pauses),
    ]


def _alone() -> list[Any]:
    """Nobody else is asked."""
    from nbapimgr.engine import _call

    decide = _call.decide

    def nobody_else(*args: Any, **kwargs: Any) -> Any:
        failed = args[1][-1].candidate
        decision = decide(*args, **kwargs)
        return decision if decision.queue[:1] == (failed,) else type(decision)()

    return [_put(_call, "decide", nobody_else)]


def _once_only() -> list[Any]:
    """Nobody is asked twice."""
    from nbapimgr.engine import _recovery

    return [_put(_recovery, "_TRIES", 1)]


def _stubborn() -> list[Any]:
    """A silent route is asked again, and so is a refusal and what is too long."""
    from nbapimgr.engine import _recovery

    again = dict.fromkeys(_recovery.ACTIONS, "again")
    same_again = _recovery._same_again

    def always(failure: Any, action: Any, tries: int, *args: Any, **kwargs: Any) -> Any:
        wait = same_again(failure, action, tries, *args, **kwargs)
        return 0.0 if wait is None and tries < 2 else wait

    return [_put(_recovery, "ACTIONS", again), _put(_recovery, "_same_again", always)]


def _deaf() -> list[Any]:
    """No hint to wait is heard."""
    import msgspec

    from nbapimgr.engine import _call

    decide = _call.decide

    def unhinted(failure: Any, *args: Any, **kwargs: Any) -> Any:
        failure = msgspec.structs.replace(failure, retry_after=None, retry_at=None)
        failure = msgspec.structs.replace(failure, category="service.error", retryable=True)
        return decide(failure, *args, **kwargs)

    return [_put(_call, "decide", unhinted)]


def _gullible() -> list[Any]:
    """What broke off is taken for an answer."""
    from nbapimgr.engine import _trial

    conclude = _trial.Trial._conclude

    def believe(trial: Any, trouble: Any) -> None:
        conclude(trial, trouble)
        if trial.failure is not None and trial.decoded.text:
            trial.failure = None

    return [_put(_trial.Trial, "_conclude", believe)]


def _compliant() -> list[Any]:
    """A refusal is put to the next provider."""
    from nbapimgr.engine import _recovery

    return [_put(_recovery, "_stops", lambda *_, **__: False)]


def _patient() -> list[Any]:
    """A silent stream is waited for."""
    return [limited(first_token=1e3, stall=1e3)]


def _forgetful() -> list[Any]:
    """Who has failed is asked again at the next call."""
    from nbapimgr.engine import _breaker_rules

    return [_put(_breaker_rules, "RULES", dict.fromkeys(_breaker_rules.RULES))]


def _boundless() -> list[Any]:
    """What is wrong is read to its end, however long it is."""
    from nbapimgr.engine import _trial

    return [_put(_trial, "MAX_ERROR_BODY", 2**40)]


def _careless() -> list[Any]:
    """What a model cannot take is put to it."""
    from nbapimgr.engine._needs import Needs

    return [_put(Needs, "lacking", lambda *_: "")]


def _silent() -> list[Any]:
    """What is not being saved is not said."""
    from nbapimgr.manager._manager import Manager

    return [_put(Manager, "trouble", ())]


def _online() -> list[Any]:
    """When nobody can be reached, that is everybody's own fault."""
    from nbapimgr.engine import _call

    return [_put(_call, "offline", lambda *_: False)]


def _unaccounted() -> list[Any]:
    """What was stopped is not in the books."""
    from nbapimgr.manager._accounting import Accounting

    account = Accounting.account

    def some(self: Accounting, attempt: Any) -> Any:
        return attempt if attempt.outcome == "cancelled" else account(self, attempt)

    return [_put(Accounting, "account", some)]


def _hoarding() -> list[Any]:
    """Every attempt leaves a record, a task and a file."""
    from nbapimgr.engine import _call

    hoard: list[object] = []
    attempt_of = _call.attempt_of

    def kept(*args: Any) -> Any:
        task = asyncio.ensure_future(asyncio.sleep(1e6))
        hoard.append((attempt := attempt_of(*args), bytearray(8192), task, os.dup(0)))
        return attempt

    return [_put(_call, "attempt_of", kept)]


BROKEN: dict[str, Callable[[], list[Any]]] = {
    "alone": _alone,
    "once-only": _once_only,
    "stubborn": _stubborn,
    "deaf": _deaf,
    "gullible": _gullible,
    "compliant": _compliant,
    "patient": _patient,
    "forgetful": _forgetful,
    "boundless": _boundless,
    "careless": _careless,
    "silent": _silent,
    "online": _online,
    "unaccounted": _unaccounted,
    "hoarding": _hoarding,
}
"""Name -> what is taken away."""
