"""`nbapimgr usage`: what the calls were and cost."""

from __future__ import annotations

import json

import click

from nbapimgr.cli._rows import json_option, show

__all__ = ["command"]


@click.command("usage")
@click.option("--since", default="30d", show_default=True, help='How far back: "7d", "12h".')
@json_option
def command(since: str, *, as_json: bool) -> None:
    """The usage rows, one for each attempt."""
    from nbapimgr.manager import connect

    frame = connect().usage(since)
    rows = json.loads(frame.to_json(orient="records", date_format="iso"))
    show(rows, as_json=as_json, empty=f"No calls in the last {since}.")
