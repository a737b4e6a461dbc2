"""`nbapimgr keys`: where each key comes from."""

from __future__ import annotations

import click

from nbapimgr.cli._rows import json_option, show

__all__ = ["command"]


@click.command("keys")
@json_option
def command(*, as_json: bool) -> None:
    """Where each key comes from, masked."""
    from nbapimgr.manager import connect, key_rows

    show(key_rows(connect()), as_json=as_json, empty="No key is known.")
