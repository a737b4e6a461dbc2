"""`nbapimgr providers`: who is asked, in which order."""

from __future__ import annotations

import click

from nbapimgr.cli._rows import json_option, show

__all__ = ["command"]


@click.command("providers")
@json_option
def command(*, as_json: bool) -> None:
    """The configured providers in the order they are tried."""
    from nbapimgr.manager import connect, provider_rows

    show(provider_rows(connect()), as_json=as_json, empty="No provider is configured yet.")
