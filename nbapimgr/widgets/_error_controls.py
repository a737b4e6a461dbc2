"""The buttons of an error view: a model without a view, which finds the saved HTML and acts."""

from __future__ import annotations

import functools
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Controls"]

_STATIC: Final = Path(__file__).parent / "static"


class Controls:
    """The live side of one error view.

    Args:
        view: The id that the view's HTML carries.
        act: Called with the kind of what was pressed; once for each turn, whatever is pressed
            meanwhile. It may take as long as it likes. It gives back what has come of it where that
            was the end, or "" where something is offered again.
    """

    def __init__(self, view: str, act: Callable[[str], str]) -> None:
        self._act = act
        self._lock = threading.Lock()
        self._turn = 0
        self._widget = _kind()(view_id=view, status=self._status("ready", (), ""))
        self._widget.on_msg(self._pressed)

    def ready(self, actions: Sequence[tuple[str, str]], note: str = "") -> None:
        """Offer these (kind, label); what was pressed before no longer counts."""
        self._turn += 1
        self._widget.status = self._status("ready", actions, note)

    def done(self, note: str) -> None:
        """Nothing more is offered; `note` says what came of it where the view still stands."""
        self._turn += 1
        self._widget.status = self._status("done", (), note)

    def close(self) -> None:
        """Take the buttons away."""
        self._widget.close()

    def _asking(self) -> None:
        note = "asking … the stop button of the notebook stops it"
        self._widget.status = {**self._widget.status, "phase": "asking", "note": note}

    def _status(self, phase: str, actions: Sequence[tuple[str, str]], note: str) -> dict[str, Any]:
        offered = [{"kind": kind, "label": label} for kind, label in actions]
        return {"turn": self._turn, "phase": phase, "note": note, "actions": offered}

    def _pressed(self, _widget: object, content: Any, _buffers: object) -> None:
        """A message of the front end: only what is offered in this turn is done."""
        if not isinstance(content, dict):
            return
        with self._lock:  # some kernels hand messages over on several threads (ipykernel 7.0)
            status = self._widget.status
            offered = [action["kind"] for action in status["actions"]]
            kind = content.get("kind")
            stale = status["phase"] != "ready" or content.get("turn") != status["turn"]
            if stale or kind not in offered:
                return
            self._asking()
        if note := self._act(str(kind)):
            self.done(note)


@functools.cache
def _kind() -> Any:
    """The widget's class, made when the first view needs it: anywidget takes half a second."""
    import anywidget
    import traitlets

    class ErrorView(anywidget.AnyWidget):
        _esm = _STATIC / "error_view.js"
        _css = _STATIC / "error_view.css"
        view_id = traitlets.Unicode().tag(sync=True)
        status = traitlets.Dict().tag(sync=True)

        def __repr__(self) -> str:
            return "<nbapimgr error view>"

    return ErrorView
