"""Does what standard input says, one JSON line each, and answers in the same way.

`{"do": "ask", "chunks": 3}` calls the method `ask` with `chunks=3`. The loop stands still between
two commands, so that nothing runs while others are measured.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


async def obey(servant: object) -> None:
    """Until standard input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints goes to standard error
    for line in sys.stdin:
        command: dict[str, Any] = json.loads(line)
        method: Callable[..., Awaitable[Any]] = getattr(servant, command.pop("do"))
        try:
            answer = {"ok": await method(**command)}
        except Exception as error:  # noqa: BLE001  # a contender may raise what it likes
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)
