"""Our engine in a child process at another pace, or broken on purpose.

A pace of 0.1 makes every time the engine knows a tenth: what is waited for and how long, which is
what the short forms run at. Each way of breaking takes away one thing the scenarios are about; a
scenario that still passes then is worth nothing.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


@functools.cache
def hurry(scale: float, broken: str = "") -> None:
    """Change this process's engine, once, before the first manager is made."""
    if scale != 1.0:
        _scale(scale)
    if broken:
        BROKEN[broken]()


def _scale(scale: float) -> None:
    from nbapimgr.engine import Limits, _recovery

    waits = ("first_token", "stall", "thinking", "grace")
    _limit(**{name: getattr(Limits(), name) * scale for name in waits})
    for name in ("_PATIENCE", "_PATIENCE_ALONE", "_BACKOFF_BASE", "_BACKOFF_CAP"):
        _put(_recovery, name, getattr(_recovery, name) * scale)


def _alone() -> None:
    """Nobody else is asked."""
    from nbapimgr.engine import _call

    decide = _call.decide

    def nobody_else(*args: Any, **kwargs: Any) -> Any:
        failed = args[1][-1].candidate
        decision = decide(*args, **kwargs)
        return decision if decision.queue[:1] == (failed,) else type(decision)()

    _put(_call, "decide", nobody_else)


def _once_only() -> None:
    """Nobody is asked twice."""
    from nbapimgr.engine import _recovery

    _put(_recovery, "_TRIES", 1)


def _stubborn() -> None:
    """A silent route is asked again, and so is a refusal and what is too long."""
    from nbapimgr.engine import _recovery

    again = dict.fromkeys(_recovery.ACTIONS, "again")
    _put(_recovery, "ACTIONS", again)
    same_again = _recovery._same_again

    def always(failure: Any, action: Any, tries: int, *args: Any, **kwargs: Any) -> Any:
        wait = same_again(failure, action, tries, *args, **kwargs)
        return 0.0 if wait is None and tries < 2 else wait

    _put(_recovery, "_same_again", always)


def _deaf() -> None:
    """No hint to wait is heard."""
    import msgspec

    from nbapimgr.engine import _call

    decide = _call.decide

    def unhinted(failure: Any, *args: Any, **kwargs: Any) -> Any:
        failure = msgspec.structs.replace(failure, retry_after=None, retry_at=None)
        failure = msgspec.structs.replace(failure, category="service.error", retryable=True)
        return decide(failure, *args, **kwargs)

    _put(_call, "decide", unhinted)


def _gullible() -> None:
    """What broke off is taken for an answer."""
    from nbapimgr.engine import _trial

    conclude = _trial.Trial._conclude

    def believe(trial: Any, trouble: Any) -> None:
        conclude(trial, trouble)
        if trial.failure is not None and trial.decoded.text:
            trial.failure = None

    _put(_trial.Trial, "_conclude", believe)


def _compliant() -> None:
    """A refusal is put to the next provider."""
    from nbapimgr.engine import _recovery

    _put(_recovery, "_stops", lambda *_, **__: False)


def _patient() -> None:
    """A silent stream is waited for."""
    _limit(first_token=1e3, stall=1e3)


BROKEN: dict[str, Callable[[], None]] = {
    "alone": _alone,
    "once-only": _once_only,
    "stubborn": _stubborn,
    "deaf": _deaf,
    "gullible": _gullible,
    "compliant": _compliant,
    "patient": _patient,
}
"""Name -> what is taken away."""


def _limit(**seconds: float) -> None:
    """Give managers an engine with these limits."""
    from nbapimgr.engine import Engine, Limits
    from nbapimgr.manager import _manager

    _put(_manager, "Engine", functools.partial(Engine, limits=Limits(**seconds)))


def _put(owner: Any, name: str, value: object) -> None:
    """Set what is there under another name than a typo's.

    Raises:
        AttributeError: There is no such name: the engine has changed.
    """
    getattr(owner, name)
    setattr(owner, name, value)
