"""The manager's face for what is shown and clicked: `llm.panel()`."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from nbapimgr.manager._manager import Manager
    from nbapimgr.widgets import Panel

__all__ = ["Views"]


class Views:
    """What of a manager can be looked at in a notebook. Widgets are loaded when one is shown."""

    _panel: Panel | None = None

    def panel(self) -> Panel:
        """The settings panel: add providers by pasting their keys, order them, check them.

        The same one each time. As the last line of a cell it is shown.
        """
        from nbapimgr.widgets import Panel

        if self._panel is None:
            self._panel = Panel(cast("Manager", self))
        self._panel.refresh()
        return self._panel

    def _close_views(self) -> None:
        """What is still shown acts no more; ipywidgets would keep it, and this, for ever."""
        if self._panel is not None:
            self._panel.close()
            self._panel = None
