"""Puts a question and shows the answer as it arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbapimgr.errors import AllProvidersFailed
from nbapimgr.magics._actions import nothing_configured
from nbapimgr.magics._attach import attach
from nbapimgr.magics._bundle import code_of
from nbapimgr.magics._dry_run import dry_run
from nbapimgr.magics._footer import footer
from nbapimgr.magics._result import Formed, hide_once
from nbapimgr.magics._screen import screen_for
from nbapimgr.magics._shell import origin
from nbapimgr.magics._template import render
from nbapimgr.magics._trouble import Asked, tell
from nbapimgr.magics._watch import watched
from nbapimgr.manager import Source
from nbapimgr.models import Message, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from IPython.core.interactiveshell import InteractiveShell

    from nbapimgr.magics._asks import Ask
    from nbapimgr.manager import Manager
    from nbapimgr.models import Reply, Request

__all__ = ["ask"]


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
        raise nothing_configured(manager)
    silent = assigned or not asked.show
    screen = screen_for(shell, asked.format, stream=asked.stream, silent=silent, replay=replay)
    try:
        reply = shell.user_ns["_llm"] = watched(shell, manager, request, source, screen)
        if read is not None:
            reply = shell.user_ns["_llm"] = manager.with_data(reply, read)
    except AllProvidersFailed as error:
        tell(shell, manager, Asked(asked, request, read, source), error, screen.give_up())
        raise
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
