"""The settings panel: providers, keys, order and limits in a notebook."""

from __future__ import annotations

import functools
import logging
import secrets
import threading
from typing import TYPE_CHECKING, Any, Final

from nbapimgr.errors import NbApiMgrError
from nbapimgr.vault import SealedEntries
from nbapimgr.widgets._linked import linked, static
from nbapimgr.widgets._panel_actions import Actions
from nbapimgr.widgets._panel_answer import Answer
from nbapimgr.widgets._panel_fallback import as_html, as_text
from nbapimgr.widgets._panel_messages import id_of, read
from nbapimgr.widgets._panel_state import shown, vendors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nbapimgr.manager import Manager
    from nbapimgr.widgets._panel_answer import Work

__all__ = ["Panel"]

_KERNEL: Final = secrets.token_hex(8)
"""This process, for what is sealed for it."""
_VIEW: Final = "application/vnd.jupyter.widget-view+json"
_log = logging.getLogger(__name__)


class Panel:
    """The live panel. Show it by making it the last line of a cell.

    Attributes:
        widget: The anywidget itself, for hosts that want one (marimo: `mo.ui.anywidget(…)`).
    """

    def __init__(self, manager: Manager) -> None:
        self._manager = manager
        self._lock = threading.RLock()
        self.widget = _kind()(vendors=vendors(), mark=secrets.token_hex(4))
        self._entries = SealedEntries(kernel=_KERNEL, widget=self.widget.model_id)
        self._actions = Actions(
            manager,
            self._entries,
            later=self._aside,
            changed=self.refresh,
            counted=self._counted,
            say=self._say,
        )
        self.widget.on_msg(self._asked)
        self._deafen = manager.monitor.listen(lambda _: self.refresh())
        self.refresh()

    def refresh(self) -> None:
        """Show what is there now."""
        with self._lock:  # or an older state of another thread might be the last to be set
            self.widget.state = shown(self._manager, self._actions.checking)

    def close(self) -> None:
        """Let go of the page; a form that is still open there can save nothing."""
        self._deafen()
        self._entries.forget()
        self.widget.close()

    def __repr__(self) -> str:
        return as_text(self.widget.state)

    def _ipython_display_(self) -> None:
        """Show the widget, and beside it what a saved notebook shows where no kernel runs.

        Two outputs: JupyterLab shows the error "model not found" for a widget whose kernel is gone,
        whatever else its own output holds.
        """
        from IPython.display import display

        view = {"version_major": 2, "version_minor": 0, "model_id": self.widget.model_id}
        html = as_html(self.widget.state, self.widget.mark)
        display({"text/plain": repr(self), _VIEW: view}, raw=True)  # type: ignore[no-untyped-call]  # IPython
        display({"text/plain": "", "text/html": html}, raw=True)  # type: ignore[no-untyped-call]  # IPython

    def _display_(self) -> object:
        """What marimo shows (https://docs.marimo.io/guides/integrating_with_marimo/displaying_objects/)."""
        return self.widget

    def _asked(self, _: object, content: object, buffers: Sequence[bytes | memoryview]) -> None:
        """Answer a message of the page, whatever it is."""
        self._answering(id_of(content), lambda: self._actions.do(read(content), buffers))

    def _answering(self, message: str, does: Callable[[], Answer | Work]) -> None:
        """Send what comes of something, an error too. What takes long is done on a thread."""
        try:
            answer = does()
        except NbApiMgrError as e:
            self._send(message, ok=False, said=str(e), hint=e.hint)
        except Exception as e:  # noqa: BLE001  # the page waits for an answer; it is never the key
            _log.warning("the settings panel met %s", type(e).__name__)
            self._send(message, ok=False, said=f"this went wrong in the kernel: {type(e).__name__}")
        else:
            if not isinstance(answer, Answer):
                _later(lambda: self._answering(message, answer))
                return
            self._send(message, list(answer.buffers), ok=True, said=answer.said, **answer.data)
        self.refresh()

    def _aside(self, work: Callable[[], None]) -> None:
        """Do on a thread what nobody waits for; a traceback would stand in some cell."""

        def safely() -> None:
            try:
                work()
            except Exception as e:  # noqa: BLE001  # whatever it is, the panel goes on
                _log.warning("the settings panel met %s", type(e).__name__)

        _later(safely)

    def _send(self, message: str, buffers: Sequence[bytes] = (), **content: Any) -> None:
        self.widget.send({"id": message, **content}, list(buffers))

    def _say(self, text: str, wrong: bool) -> None:  # noqa: FBT001  # a sentence and its tone
        self._send("", ok=not wrong, said=text)

    def _counted(self, calls: dict[str, list[int]]) -> None:
        self.widget.calls = calls


def _later(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="nbapimgr-panel", daemon=True).start()


@functools.cache
def _kind() -> Any:
    """The widget's class, made when the first panel is: anywidget takes half a second."""
    import anywidget
    import traitlets

    class SettingsPanel(anywidget.AnyWidget):
        """What is synced here is public: it is echoed to every client and may be saved."""

        _esm = linked("panel.js")
        _css = static("panel.css")
        state: Any = traitlets.Dict().tag(sync=True)
        vendors: Any = traitlets.List().tag(sync=True)
        mark = traitlets.Unicode().tag(sync=True)
        calls: Any = traitlets.Dict().tag(sync=True)

        def __repr__(self) -> str:
            return "<nbapimgr settings panel>"

    return SettingsPanel
