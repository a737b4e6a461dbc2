"""The commands by name, each loaded when it is called; wrong use is one line."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

import click

from nbapimgr.errors import NbApiMgrError, UnknownName

__all__ = ["main"]

_COMMANDS: Final = ("demo", "doctor", "providers", "keys", "test", "usage", "import")
"""In the order of the help. `nbapimgr.cli._NAME` holds it as `command`."""


class _Group(click.Group):
    """A group that offers the nearest command and says our errors in one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's interface
        return list(_COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002  # click's interface
        cmd_name: str,
    ) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        found: click.Command = import_module(f"nbapimgr.cli._{cmd_name}").command
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            raise click.ClickException(_said(UnknownName("command", args[0], _COMMANDS)))
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except NbApiMgrError as e:
            raise click.ClickException(_said(e)) from None


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="nbapimgr", prog_name="nbapimgr")
def main() -> None:
    """Ask any LLM from a notebook, and never lose a cell to a provider's failure."""


def _said(e: NbApiMgrError) -> str:
    from nbapimgr.cli._words import in_a_terminal

    return in_a_terminal(f"{e} – {e.hint}" if e.hint else str(e))
