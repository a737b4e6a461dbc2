"""The command `nbapimgr`: what the magic can, from a terminal. Every listing has --json."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from nbapimgr.errors import NbApiMgrError, UnknownName

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

_as_json = click.option("--json", "as_json", is_flag=True, help="Rows as JSON.")


class _Group(click.Group):
    """A group that offers the nearest command and says our errors in one line."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            raise click.ClickException(_said(UnknownName("command", args[0], self.commands)))
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


@main.command()
@click.option("--lab", is_flag=True, help="Open JupyterLab on the quickstart notebook.")
@click.option("--no-model", is_flag=True, help="Do without the real model: rehearsal alone.")
def demo(*, lab: bool, no_model: bool) -> None:
    """A guided tour: a cell is answered while a provider fails. Needs no key."""
    from nbapimgr.demo import open_lab, tour

    sys.exit(open_lab(model=not no_model) if lab else tour(model=not no_model))


@main.command()
@_as_json
def doctor(*, as_json: bool) -> None:
    """What is well and what is not. Sends nothing."""
    from nbapimgr.manager import connect, doctor_rows

    rows = doctor_rows(connect())
    _show(rows, as_json=as_json)
    sys.exit(0 if all(row["ok"] for row in rows) else 1)


@main.command()
@_as_json
def providers(*, as_json: bool) -> None:
    """The configured providers in the order they are tried."""
    from nbapimgr.manager import connect, provider_rows

    _show(provider_rows(connect()), as_json=as_json, empty="No provider is configured yet.")


@main.command()
@_as_json
def keys(*, as_json: bool) -> None:
    """Where each key comes from, masked."""
    from nbapimgr.manager import connect, key_rows

    _show(key_rows(connect()), as_json=as_json, empty="No key is known.")


@main.command()
@click.argument("names", nargs=-1)
@_as_json
def test(names: Sequence[str], *, as_json: bool) -> None:
    """Check providers by their free call (all of them when none is named)."""
    from nbapimgr.manager import connect

    manager = connect()
    rows = [_checked(manager, name) for name in names or tuple(manager.providers)]
    _show(rows, as_json=as_json, empty="No provider is configured yet.")
    sys.exit(0 if all(row["ok"] for row in rows) else 1)


@main.command()
@click.option("--since", default="30d", show_default=True, help='How far back: "7d", "12h".')
@_as_json
def usage(since: str, *, as_json: bool) -> None:
    """The usage rows, one for each attempt."""
    from nbapimgr.manager import connect

    frame = connect().usage(since)
    rows = json.loads(frame.to_json(orient="records", date_format="iso"))
    _show(rows, as_json=as_json, empty=f"No calls in the last {since}.")


def _checked(manager: Any, name: str) -> dict[str, Any]:
    from nbapimgr.errors import AllProvidersFailed

    try:
        models = manager.providers.test(name)
    except AllProvidersFailed as e:
        return {"provider": name, "ok": False, "found": str(e), "do": e.hint}
    return {"provider": name, "ok": True, "found": f"{len(models)} models", "do": ""}


def _show(rows: list[dict[str, Any]], *, as_json: bool, empty: str = "") -> None:
    if as_json:
        click.echo(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    if not rows:
        click.echo(empty)
        return
    headings = list(rows[0])
    cells = [headings, *([_cell(row[h]) for h in headings] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(headings))]
    for line in cells:
        click.echo("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip())


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "✓" if value else "✗"
    return "" if value is None else str(value)


def _said(e: NbApiMgrError) -> str:
    return f"{e} – {e.hint}" if e.hint else str(e)


if __name__ == "__main__":
    main()
