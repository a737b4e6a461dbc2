"""`nbapimgr demo`: the guided tour."""

from __future__ import annotations

import sys

import click

__all__ = ["command"]


@click.command("demo")
@click.option("--lab", is_flag=True, help="Open JupyterLab on the quickstart notebook.")
@click.option("--no-model", is_flag=True, help="Do without the real model: rehearsal alone.")
def command(*, lab: bool, no_model: bool) -> None:
    """A guided tour: a cell is answered while a provider fails. Needs no key."""
    from nbapimgr.demo import open_lab, tour

    sys.exit(open_lab(model=not no_model) if lab else tour(model=not no_model))
