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
from nbapimgr.models import Delta, Failed, Finished, Message, Reply, Restarted, Text, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from IPython.core.interactiveshell import InteractiveShell

    from nbapimgr.magics._asks import Ask
    from nbapimgr.magics._screen import Screen
    from nbapimgr.manager import Manager
    from nbapimgr.models import Candidate, Request

__all__ = ["answer", "ask"]

_WORTH_SAYING: Final = 1.0
"""Seconds of pause that a person would wonder about."""


def ask(
    shell: InteractiveShell, manager: Manager, asked: Ask, namespace: Mapping[str, Any]
) -> object:
    """Ask and show; what is given back is the cell's result, shown by IPython if not yet shown.

    Raises:
        As `answer`.
    """
    if asked.dry_run:
        return dry_run(manager, _request(shell, manager, asked, namespace)[0])
    reply, is_shown = _answered(shell, manager, asked, namespace)
    if not asked.show or asked.format == "none":
        return None
    if is_shown:
        hide_once(shell, reply)
        return reply
    return reply if asked.format == "md" else Formed(reply, asked.format)


def answer(
    shell: InteractiveShell, manager: Manager, asked: Ask, namespace: Mapping[str, Any]
) -> Reply:
    """Ask and give back the reply; `_llm` and the variables that were named hold it too.

    Raises:
        NbApiMgrError: Nobody answered, or the question is wrong.
        CallInterrupted: The user stopped it; the text that had arrived is in `_llm`.
    """
    return _answered(shell, manager, asked, namespace)[0]


def _answered(
    shell: InteractiveShell, manager: Manager, asked: Ask, namespace: Mapping[str, Any]
) -> tuple[Reply, bool]:
    """The reply, and whether it stands on the screen already."""
    request, read = _request(shell, manager, asked, namespace)
    source = _source(manager, asked)
    replay = source.mode == "replay"
    if not manager.providers and not replay:
        raise nothing_configured()
    screen = screen_for(
        shell, asked.format, stream=asked.stream, silent=not asked.show, replay=replay
    )
    reply = _watched(shell, manager, request, source, screen)
    if read is not None:
        reply = manager.with_data(reply, read)
    screen.finish(reply, "" if asked.quiet else footer(reply, manager.trouble))
    for name in ("_llm", *asked.save):
        shell.user_ns[name] = reply
    if asked.format == "code":
        shell.set_next_input(code_of(reply.text)[0], replace=False)
    return reply, screen.shown


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
    """Ask, telling the screen what happens on the way."""
    text = ""
    interrupted = False
    try:
        with closing(manager.stream(request, source=source, idle=screen.idle)) as events:
            for event in events:
                if isinstance(event, Delta) and event.kind == "text":
                    text += event.text
                    screen.grow(text)
                elif isinstance(event, Restarted):
                    screen.restart(_restarted(event))
                    text = ""
                elif isinstance(event, Failed) and event.next and event.wait >= _WORTH_SAYING:
                    screen.restart(_waiting(event, event.next))
                elif isinstance(event, Finished):
                    return event.reply
    except KeyboardInterrupt as e:
        interrupted = True
        text = e.partial if isinstance(e, CallInterrupted) and e.partial else text
    finally:
        screen.stop()
    if interrupted:
        shell.user_ns["_llm"] = _partial_reply(manager, text)
    raise CallInterrupted(text)


def _partial_reply(manager: Manager, text: str) -> Reply | None:
    """What had arrived of a stopped call, as a reply that says so."""
    attempts = manager.attempts
    if not attempts:
        return None
    last = attempts[-1]
    return Reply(
        text=text,
        candidate=last.candidate,
        model=last.response_model or last.candidate.model,
        finish_reason="cancelled",
        content=(Text(text=text),),
        usage=last.usage or Usage(source="none"),
        cost=last.cost,
        attempts=attempts,
        elapsed=sum(attempt.duration + attempt.waited for attempt in attempts),
    )


def _restarted(event: Restarted) -> str:
    words = len(event.kept_text.split())
    return f"restarted on {event.candidate} after {words} word{'s' * (words != 1)}"


def _waiting(event: Failed, next_: Candidate) -> str:
    said = event.failure.message or event.failure.category
    return f"{event.attempt.candidate}: {said} Asking {next_} in {event.wait:.0f} s."
