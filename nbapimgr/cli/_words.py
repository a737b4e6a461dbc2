"""What is advised in a notebook, in the words of a terminal."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["in_a_terminal"]

_MAGIC: Final = re.compile(r"%llm (keys|demo)\b(?: ([a-z]+))?")
_OTHERWISE: Final = {"set": "add", "use": "activate"}
"""Actions that have another name here."""


def in_a_terminal(text: str) -> str:
    """A text in which `%llm keys …` is the command that does the same."""
    return _MAGIC.sub(_command, text)


def _command(found: re.Match[str]) -> str:
    group, action = found.groups()
    if (group, action) == ("keys", "unlock"):  # here each command asks for what opens the vault
        return "nbapimgr keys (at a terminal)"
    return " ".join(filter(None, ("nbapimgr", group, _OTHERWISE.get(action, action))))
