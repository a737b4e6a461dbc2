"""Doubles for tests of what uses nbapimgr: answers that are scripted, and a provider that breaks.

    from nbapimgr.testing import error, scripted

    def test_a_limit_is_survived():
        with scripted(error(429, "slow down"), "Paris.") as (llm, server):
            assert my_function_that_asks() == "Paris."
            assert len(server.seen) == 2

`scripted` gives the kernel a manager that answers so. `FaultServer` alone is a server on loopback
that speaks OpenAI's chat completions exactly as scripted, well or badly, byte by byte:

    with FaultServer(status(503), streamed("All", " good")) as server:
        llm.providers.add("mine", base_url=server.url, models=("m",))
        ...                                  # first request: 503; every later one: the stream
        server.seen[0].headers["authorization"]

A behaviour is a coroutine function that takes the `Exchange` and writes what it likes. Pauses are
driven by gates and never by the clock: a behaviour that waits at a gate says so with
`server.reached(name)` and goes on after `server.open(name)`.
"""

from nbapimgr.testing._behaviours import (
    DONE,
    USAGE,
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
from nbapimgr.testing._scripted import Scripted, scripted
from nbapimgr.testing._server import PATIENCE, Exchange, FaultServer, Gate, Seen

__all__ = [
    "DONE",
    "PATIENCE",
    "USAGE",
    "Exchange",
    "FaultServer",
    "Gate",
    "Scripted",
    "Seen",
    "answer",
    "cut",
    "document",
    "error",
    "event",
    "hang",
    "raw",
    "reset",
    "scripted",
    "sse",
    "status",
    "streamed",
    "whole",
]
