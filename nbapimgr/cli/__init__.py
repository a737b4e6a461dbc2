"""The command `nbapimgr`: what the magic can, from a terminal. One module a command."""

from nbapimgr.cli._group import main

__all__ = ["main"]
