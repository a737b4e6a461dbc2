"""`nbapimgr import`: brings over what other tools have."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from nbapimgr.cli._keys import opened
from nbapimgr.cli._rows import json_option, show
from nbapimgr.cli._words import in_a_terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbapimgr.manager import Import

__all__ = ["command"]


@click.command("import")
@click.argument("paths", nargs=-1, type=click.Path())
@click.option("--only", multiple=True, help="A source: environment, .env, llm, litellm, aider, …")
@click.option("--ollama", is_flag=True, help="Ask the Ollama of this machine for its models.")
@click.option("--yes", is_flag=True, help="Add what is found without asking.")
@click.option(
    "--undo", is_flag=True, help="Take back what the last import added that was not taken back yet."
)
@json_option
def command(  # a command's options are its arguments
    paths: Sequence[str],
    only: Sequence[str],
    *,
    ollama: bool,
    yes: bool,
    undo: bool,
    as_json: bool,
) -> None:
    """Show what other tools' settings would add, and add it. Their files are not changed.

    PATHS are files to read; without any, the places are searched in which other tools keep theirs.
    """
    manager = opened()
    if undo:
        _end(manager.last_import().undo(), "taken back")
    found = manager.import_settings(*paths, only=only, ollama=ollama)
    show(found.rows(), as_json=as_json, empty="Nothing was found.")
    if not found.changes:
        return
    if not yes and (as_json or not _asked_of_a_person()):
        click.echo("Nothing is added yet: --yes adds it.", err=True)
        return
    if yes or click.confirm("Add this?"):
        _end(found.apply(keep=True), "added")


def _asked_of_a_person() -> bool:
    return sys.stdin.isatty()


def _end(done: Import, word: str) -> None:
    click.echo(f"{done.done} thing{'s' * (done.done != 1)} {word}.", err=True)
    for line in done.failed:
        click.echo(in_a_terminal(line), err=True)
    sys.exit(1 if done.failed else 0)
