"""`nbapimgr doctor`: what is well and what is not."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

import click

from nbapimgr.cli._rows import json_option, show

if TYPE_CHECKING:
    from nbapimgr.manager import Manager
    from nbapimgr.scan import Place

__all__ = ["command"]

_EVERY: Final = 50
"""Files between two words of progress."""


@click.command("doctor")
@click.option("--scan/--no-scan", default=True, help="Look for keys in notebooks and histories.")
@json_option
def command(*, scan: bool, as_json: bool) -> None:
    """What is well and what is not: settings, keys, and keys that lie around. Sends nothing.

    Ctrl-C ends the search for keys; the rest is shown all the same.
    """
    from nbapimgr.manager import connect, doctor_rows

    manager = connect()
    rows = doctor_rows(manager)
    if scan:
        rows += _scanned(manager)
    show(rows, as_json=as_json)
    sys.exit(0 if all(row["ok"] for row in rows) else 1)


def _watched() -> bool:
    return sys.stderr.isatty()


def _scanned(manager: Manager) -> list[dict[str, Any]]:
    from nbapimgr.manager import leak_rows

    shown = _watched()

    def progress(done: int, place: Place) -> None:
        if shown and done % _EVERY == 0:
            click.echo(
                f"\rLooking for keys: {done} files, now a {place.kind} …", err=True, nl=False
            )

    report = manager.leaks(progress=progress)
    if shown:
        click.echo("\r\033[K", err=True, nl=False)
    return leak_rows(report)
