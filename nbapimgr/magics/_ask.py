"""Puts a question and shows the answer as it arrives."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

from nbapimgr.errors import CallInterrupted
from nbapimgr.magics._actions import nothing_configured
from nbapimgr.magics._attach import attach
from nbapimgr.magics._bundle import code_of
from nbapimgr.magics._dry_run import dry_run
from nbapimgr.magics._footer import footer
from nbapimgr.magics._result import Formed, hide_once
from nbapimgr.magics._screen import screen_for
from nbapimgr.magics._shell import origin
from nbapimgr.magics._template import render
from nbapimgr.manager import Source
from nbapimgr.models import (
    Cost,
    Delta,
    Failed,
    Finished,
    Message,
    Reply,
    Restarted,
    Started,
    Text,
    Usage,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from IPython.core.interactiveshell import InteractiveShell

    from nbapimgr.magics._asks import Ask
    from nbapimgr.magics._screen import Screen
    from nbapimgr.manager import Manager
    from nbapimgr.models import Candidate, Request

__all__ = ["ask"]

_WORTH_SAYING: Final = 1.0
"""Seconds of pause that a person would wonder about."""


def ask(
    shell: InteractiveShell,
    manager: Manager,
    asked: Ask,
    namespace: Mapping[str, Any],
    *,
    assigned: bool,
) -> object:
    """Ask and show; `_llm` and the variables that were named hold the reply.

    Returns:
        The cell's result, shown by IPython if not yet shown; with `assigned` the reply, which is
        not shown.

    Raises:
        NbApiMgrError: Nobody answered, or the question is wrong.
        CallInterrupted: The user stopped it; the text that had arrived is in `_llm`.
    """
    request, read = _request(shell, manager, asked, namespace)
    if asked.dry_run:
        return dry_run(manager, request)
    source = _source(manager, asked)
    replay = source.mode == "replay"
    if not manager.providers and not replay:
        raise nothing_configured()
    silent = assigned or not asked.show
    screen = screen_for(shell, asked.format, stream=asked.stream, silent=silent, replay=replay)
    try:
        reply = shell.user_ns["_llm"] = _watched(shell, manager, request, source, screen)
        if read is not None:
            reply = shell.user_ns["_llm"] = manager.with_data(reply, read)
    except BaseException:
        screen.stop()
        raise
    shell.user_ns.update(dict.fromkeys(asked.save, reply))
    screen.finish(reply, "" if asked.quiet else footer(reply, manager.trouble))
    if asked.format == "code":
        shell.set_next_input(code_of(reply.text)[0], replace=False)
    if assigned:
        return reply
    return _result(shell, asked, reply, is_shown=screen.shown)


def _result(shell: InteractiveShell, asked: Ask, reply: Reply, *, is_shown: bool) -> object:
    if not asked.show or asked.format == "none":
        return None
    if is_shown:
        return hide_once(shell, reply)
    return reply if asked.format == "md" else Formed(reply, asked.format)


def _request(
    shell: InteractiveShell, manager: Manager, asked: Ask, namespace: Mapping[str, Any]
) -> tuple[Request, Callable[[str], Any] | None]:
    attached = tuple(attach(what, namespace) for what in asked.attach)
    written = (Text(text=asked.prompt),) if asked.raw else render(asked.prompt, namespace)
    return manager.request(
        [Message(role="user", content=(*attached, *written))],
        schema=asked.schema,
        many=asked.many,
        namespace=namespace,
        origin=origin(shell),
        **{name: getattr(asked, name) for name in _PASSED_ON},
    )


_PASSED_ON = (
    "route", "system", "extra", "temperature", "top_p", "max_tokens", "seed", "stop", "reasoning",
    "timeout", "fallback", "only", "exclude", "stream",
)  # fmt: skip


def _source(manager: Manager, asked: Ask) -> Source:
    if asked.recording in {"replay", "record"}:
        return Source(mode=asked.recording)
    refresh = asked.recording == "refresh"
    return manager.source(cache=asked.recording == "cache", refresh=refresh)


def _watched(
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
