"""`nbapimgr doctor`: what is well and what is not."""

from __future__ import annotations

import sys

import click

from nbapimgr.cli._rows import json_option, show

__all__ = ["command"]


@click.command("doctor")
@json_option
def command(*, as_json: bool) -> None:
    """What is well and what is not. Sends nothing."""
    from nbapimgr.manager import connect, doctor_rows

    rows = doctor_rows(connect())
    show(rows, as_json=as_json)
    sys.exit(0 if all(row["ok"] for row in rows) else 1)
