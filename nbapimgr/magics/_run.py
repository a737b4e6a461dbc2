"""Runs one magic: reads the line, then asks or carries out a command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbapimgr.magics._actions import act
from nbapimgr.magics._ask import ask
from nbapimgr.magics._asks import Command, Fix
from nbapimgr.magics._fix import question_about_the_error
from nbapimgr.magics._grammar import parse
from nbapimgr.magics._template import render_text
from nbapimgr.manager import connect

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["run"]


def run(
    shell: InteractiveShell,
    line: str,
    body: str | None,
    local_ns: dict[str, Any] | None,
    *,
    assigned: bool = False,
) -> object:
    """What the magic gives back: the reply, what a command shows, or None.

    An answer that is `assigned` is given back and not shown.

    Raises:
        NbApiMgrError: It cannot be done; in one line why, and the nearest that can.
        CallInterrupted: The user stopped it; what had arrived is in `_llm`.
    """
    namespace = {**shell.user_ns, **(local_ns or {})}
    manager = connect()
    parsed = parse(
        line,
        body,
        known_routes=manager.routes,
        expand=lambda text: render_text(text, namespace),
    )
    if isinstance(parsed, Command):
        return act(manager, parsed)
    if isinstance(parsed, Fix):
        parsed = question_about_the_error(shell, manager, parsed)
    return ask(shell, manager, parsed, namespace, assigned=assigned)
