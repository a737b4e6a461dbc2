"""The public fault server, with what only these tests need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbapimgr.testing import (
    DONE,
    PATIENCE,
    USAGE,
    Exchange,
    FaultServer,
    Gate,
    Seen,
    answer,
    cut,
    document,
    error,
    event,
    hang,
    raw,
    reset,
    sse,
    status,
    streamed,
    whole,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Behaviour = Callable[[Exchange], Awaitable[None]]

__all__ = [
    "DONE",
    "PATIENCE",
    "USAGE",
    "Exchange",
    "FaultServer",
    "Gate",
    "Seen",
    "answer",
    "cut",
    "document",
    "error",
    "event",
    "hang",
    "once_shown",
    "raw",
    "reset",
    "sse",
    "status",
    "streamed",
    "whole",
]


def once_shown(behaviour: Behaviour) -> Behaviour:
    """This, but not before the test has seen text and opened the gate "shown"."""

    async def behave(exchange: Exchange) -> None:
        await exchange.gate("shown")
        await behaviour(exchange)

    return behave
