"""Local servers that answer on their usual ports: offered as real providers."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["PORTS", "neighbours"]

PORTS: Final = {"ollama": 11434, "lmstudio": 1234, "llamacpp": 8080, "vllm": 8000}
"""Name in the catalogue -> the port its documentation names."""
_WAIT: Final = 0.2
"""Seconds: a port of this machine answers at once or not at all."""


def neighbours(ports: Iterable[tuple[str, int]] = tuple(PORTS.items())) -> list[str]:
    """The names of those that listen on this machine. Nothing is sent to them."""
    found = []
    for name, port in ports:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=_WAIT):
                found.append(name)
        except OSError:
            continue
    return found
