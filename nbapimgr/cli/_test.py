"""`nbapimgr test`: whether the providers answer."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from nbapimgr.cli._rows import json_option, show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbapimgr.manager import Manager

__all__ = ["command"]


@click.command("test")
@click.argument("names", nargs=-1)
@json_option
def command(names: Sequence[str], *, as_json: bool) -> None:
    """Check providers by their free call (all of them when none is named)."""
    from nbapimgr.manager import connect

    manager = connect()
    rows = [_checked(manager, name) for name in names or tuple(manager.providers)]
    show(rows, as_json=as_json, empty="No provider is configured yet.")
    sys.exit(0 if all(row["ok"] for row in rows) else 1)


def _checked(manager: Manager, name: str) -> dict[str, Any]:
    from nbapimgr.errors import AllProvidersFailed

    try:
        models = manager.providers.test(name)
    except AllProvidersFailed as e:
        return {"provider": name, "ok": False, "found": str(e), "do": e.hint}
    return {"provider": name, "ok": True, "found": f"{len(models)} models", "do": ""}
