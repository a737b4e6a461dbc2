"""The panel where nobody is there to use it: what it would show, without a widget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbapimgr.widgets._panel_fallback import as_html, as_text
from nbapimgr.widgets._panel_state import shown

if TYPE_CHECKING:
    from nbapimgr.manager import Manager

__all__ = ["StillPanel"]


class StillPanel:
    """What a saved notebook shows of the panel, as it is now."""

    def __init__(self, manager: Manager) -> None:
        self._state = shown(manager, ())

    def __repr__(self) -> str:
        return as_text(self._state)

    def _repr_html_(self) -> str:
        return as_html(self._state, "")
