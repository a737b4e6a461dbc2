"""The panel's part in bringing over what other tools have: it is shown first, and can be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from nbapimgr.errors import OptionError
from nbapimgr.widgets._panel_answer import Answer

if TYPE_CHECKING:
    from nbapimgr.manager import Import, Manager
    from nbapimgr.widgets import _panel_messages as asked
    from nbapimgr.widgets._panel_answer import Work

__all__ = ["ImportActions"]

_SHOWN: Final = 200
"""Rows of a preview that are sent; more nobody reads."""


class ImportActions:
    """What the panel does with other tools' settings."""

    def __init__(self, manager: Manager) -> None:
        self._manager = manager
        self._found: Import | None = None

    def find(self, _: asked.Find) -> Work:
        """Look at what other tools have: files are read, nothing is changed."""
        return self._find

    def bring(self, _: asked.Bring) -> Work:
        """Add what was shown last."""
        return self._bring

    def undo(self, _: asked.TakeBack) -> Work:
        """Take back what the last import added."""
        return self._undo

    def _find(self) -> Answer:
        found = self._found = self._manager.import_settings()
        rows = [row for row in found.rows() if row["what"] != "note" or row["found"]]
        count = found.changes
        said = f"{_things(count)} could be brought over." if count else "Nothing new was found."
        return Answer(said=said, data={"rows": rows[:_SHOWN], "changes": count})

    def _bring(self) -> Answer:
        found, self._found = self._found, None
        if found is None:
            raise OptionError("nothing was looked at yet", hint="look first, then bring it over")
        failed = found.apply().failed
        said = f"{_things(found.done)} brought over."
        if failed:
            said = f"{said} Not: {'; '.join(failed)}"
        return Answer(said=said, data={"undo_import": True})

    def _undo(self) -> Answer:
        back = self._manager.last_import().undo()
        if not back.done:
            raise OptionError("; ".join(back.failed))
        return Answer(said=f"The import is undone. {'; '.join(back.failed)}".rstrip())


def _things(count: int) -> str:
    return f"{count} thing{'s' * (count != 1)}"
