"""Follows a call on its way: what arrives goes to the screen, what is stopped is kept."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Final

from nbapimgr.errors import CallInterrupted
from nbapimgr.models import Cost, Delta, Failed, Finished, Reply, Restarted, Started, Text, Usage

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from nbapimgr.magics._screen import Screen
    from nbapimgr.manager import Manager, Source
    from nbapimgr.models import Candidate, Request

__all__ = ["watched"]

_WORTH_SAYING: Final = 1.0
"""Seconds of pause that a person would wonder about."""


def watched(
    shell: InteractiveShell, manager: Manager, request: Request, source: Source, screen: Screen
) -> Reply:
    """Ask, telling the screen what happens on the way.

    Raises:
        NbApiMgrError: Nobody answered.
        CallInterrupted: The call was stopped; what had arrived is in `_llm`.
    """
    candidate = None
    text = ""
    try:
        with closing(manager.stream(request, source=source, idle=screen.idle)) as events:
            for event in events:
                if isinstance(event, Delta) and event.kind == "text":
                    text += event.text
                    screen.grow(text)
                elif isinstance(event, Started):
                    candidate = event.candidate
                elif isinstance(event, Restarted):
                    screen.restart(_restarted(event))
                    text = ""
                elif isinstance(event, Failed) and event.next and event.wait >= _WORTH_SAYING:
                    screen.restart(_waiting(event, event.next))
                elif isinstance(event, Finished):
                    return event.reply
    except KeyboardInterrupt as e:
        text = e.partial if isinstance(e, CallInterrupted) and e.partial else text
    if candidate is not None:
        shell.user_ns["_llm"] = _partial_reply(manager, candidate, text)
    else:  # nobody was asked yet, or the whole of a kept answer is there
        shell.user_ns["_llm"] = manager.last if text else None
    raise CallInterrupted(text)


def _partial_reply(manager: Manager, candidate: Candidate, text: str) -> Reply:
    """What had arrived of a stopped call, as a reply that says so."""
    attempts = manager.attempts
    stopped = next((attempt for attempt in attempts if attempt.outcome == "cancelled"), None)
    return Reply(
        text=text,
        candidate=candidate,
        model=(stopped and stopped.response_model) or candidate.model,
        finish_reason="cancelled",
        content=(Text(text=text),),
        usage=(stopped and stopped.usage) or Usage(source="none"),
        cost=stopped.cost if stopped else Cost(),
        attempts=attempts,
        elapsed=sum(attempt.duration + attempt.waited for attempt in attempts),
    )


def _restarted(event: Restarted) -> str:
    words = len(event.kept_text.split())
    return f"restarted on {event.candidate} after {words} word{'s' * (words != 1)}"


def _waiting(event: Failed, next_: Candidate) -> str:
    return f"{event.attempt.line()} · asking {next_} in {event.wait:.0f} s"
