"""Rows as a table for people, or as JSON for programs: every listing's output."""

from __future__ import annotations

import json
from typing import Any

import click

from nbapimgr.cli._words import in_a_terminal

__all__ = ["json_option", "show"]

json_option = click.option("--json", "as_json", is_flag=True, help="Rows as JSON.")


def show(rows: list[dict[str, Any]], *, as_json: bool, empty: str = "") -> None:
    """Print rows that have the same fields; `empty` is said where there are none."""
    rows = [
        {name: in_a_terminal(one) if isinstance(one, str) else one for name, one in row.items()}
        for row in rows
    ]
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
