"""Shows what went wrong with a cell that nobody answered, and lets a person act on it."""

from __future__ import annotations

import logging
import uuid
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from IPython.display import DisplayHandle

from nbapimgr.errors import AllProvidersFailed, CallInterrupted, NbApiMgrError
from nbapimgr.magics._footer import footer
from nbapimgr.magics._screen import Continued, compared
from nbapimgr.magics._shell import is_watched
from nbapimgr.magics._watch import watched
from nbapimgr.manager import recoveries

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.core.interactiveshell import InteractiveShell

    from nbapimgr.magics._asks import Ask
    from nbapimgr.manager import Manager, Recovery, Source
    from nbapimgr.models import Request
    from nbapimgr.widgets import Controls

__all__ = ["Asked", "forget", "tell"]

_MOST: Final = 8
"""Views whose buttons live; each keeps its question, which can hold pictures."""

_log = logging.getLogger(__name__)
_live: dict[str, Controls] = {}
"""The controls by the id of their view, the oldest first."""


class Asked(NamedTuple):
    """A question as it was put, so that it can be put again."""

    ask: Ask
    request: Request
    read: Callable[[str], Any] | None
    source: Source


def tell(
    shell: InteractiveShell,
    manager: Manager,
    asked: Asked,
    error: AllProvidersFailed,
    handle: DisplayHandle | None,
) -> None:
    """Show the view of a failure, in `handle` where an output can be put to this use.

    Nothing is shown in a terminal, where the red lines say it, and where outputs are compared.
    """
    if not hasattr(shell, "kernel") or compared() or asked.source.mode == "replay":
        return
    try:
        _View(shell, manager, asked, handle).show(error)
    except Exception:  # noqa: BLE001  # whatever is wrong with the view, the cell's own error must be seen
        _log.warning("the error view could not be shown", exc_info=True)


def forget() -> None:
    """Take the buttons off all views."""
    while _live:
        _live.popitem()[1].close()


class _View:
    """One failed cell: its view, and the questions that are put again from it."""

    def __init__(
        self,
        shell: InteractiveShell,
        manager: Manager,
        asked: Asked,
        handle: DisplayHandle | None,
    ) -> None:
        self._shell = shell
        self._manager = manager
        self._asked = asked
        self._handle = handle or DisplayHandle()  # type: ignore[no-untyped-call]  # IPython's
        self._is_there = handle is not None
        self._id = uuid.uuid4().hex
        self._controls = self._new_controls() if is_watched(shell) else None
        self._ways: dict[str, tuple[Recovery, Request]] = {}

    def show(self, error: AllProvidersFailed, note: str = "") -> None:
        """Show the view, with what can be done as far as something acts."""
        from nbapimgr.widgets import error_html, error_text, story

        self._error = error
        ways = recoveries(self._manager, self._asked.request, error)
        told = story(error)
        view = self._id if self._controls else ""
        self._put(
            {
                "text/plain": error_text(told, ways, note=note),
                "text/html": error_html(told, ways, view=view, note=note),
            }
        )
        self._ways = {way.kind: (way, way.request) for way in ways if way.request}
        if self._controls:
            labels = [(kind, way.label) for kind, (way, _) in self._ways.items()]
            self._controls.ready(labels, note)

    def act(self, kind: str) -> str:
        """Ask again in the way that was chosen; the answer takes the place of the view.

        Returns:
            What has come of it when that was the end; empty when the view stands there again.
        """
        way, request = self._ways[kind]
        if way.key is not None:
            self._manager.credentials.activate(*way.key)
        self._asked = self._asked._replace(request=request)
        screen = Continued(self._handle, self._asked.ask.format, f"{way.label} …")
        try:
            return self._ask(screen)
        except AllProvidersFailed as error:
            self.show(error, f"{way.label}: nobody answered this time either")
        except CallInterrupted as stopped:
            kept = "; what had arrived is in _llm" if stopped.partial else ""
            self.show(self._error, f"{way.label}: stopped by you{kept}")
        except NbApiMgrError as error:
            self.show(self._error, f"{way.label}: {error}")
        return ""

    def _ask(self, screen: Continued) -> str:
        ask, request, read, source = self._asked
        shell, manager = self._shell, self._manager
        reply = watched(shell, manager, request, source, screen)
        reply = reply if read is None else manager.with_data(reply, read)
        shell.user_ns.update(dict.fromkeys(("_llm", *ask.save), reply))
        screen.finish(reply, footer(reply, manager.trouble))
        return f"{reply.provider} has answered; the answer is in _llm"

    def _put(self, data: dict[str, str]) -> None:
        put: Any = self._handle.update if self._is_there else self._handle.display
        put(data, raw=True)
        self._is_there = True

    def _new_controls(self) -> Controls:
        from nbapimgr.widgets import Controls  # and with it anywidget, half a second

        while len(_live) >= _MOST:
            _live.pop(next(iter(_live))).close()
        controls = _live[self._id] = Controls(self._id, self.act)
        return controls
