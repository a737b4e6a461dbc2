"""The result of a cell whose answer stands there already, or is shown in another form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbapimgr.magics._bundle import bundle

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from nbapimgr.models import Reply

__all__ = ["Formed", "hide_once"]


class Formed:
    """A reply that is shown as text, code or JSON; otherwise it is the reply."""

    def __init__(self, reply: Reply, form: str) -> None:
        self.reply = reply
        self._form = form

    def __getattr__(self, name: str) -> Any:
        return getattr(self.reply, name)

    def __repr__(self) -> str:
        return str(bundle(self.reply, self._form)[0]["text/plain"])

    def _repr_mimebundle_(self, **_: object) -> Any:
        return bundle(self.reply, self._form)


def hide_once(shell: InteractiveShell, reply: Reply) -> Reply | None:
    """What to give back so that this reply is in `Out` and `_` without a second output."""
    if not hasattr(shell, "kernel"):  # a terminal would write `Out[1]:` and then nothing
        shell.displayhook.update_user_ns(reply)  # type: ignore[no-untyped-call]  # IPython's
        return None
    formatter: Any = shell.display_formatter.ipython_display_formatter  # type: ignore[union-attr]  # a shell has one
    kind = type(reply)

    def shows_nothing(shown: Any) -> None:
        formatter.type_printers.pop(kind, None)
        if shown is not reply:
            from IPython.display import display

            display(shown)  # type: ignore[no-untyped-call]  # IPython's

    formatter.for_type(kind, shows_nothing)

    def after_the_cell() -> None:
        formatter.type_printers.pop(kind, None)
        shell.events.unregister("post_execute", after_the_cell)

    shell.events.register("post_execute", after_the_cell)  # silent cells have no post_run_cell
    return reply
