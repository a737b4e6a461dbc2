"""What the commands about failures do: errors, trace, why, reset."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from nbapimgr.errors import OptionError
from nbapimgr.magics._card import Card
from nbapimgr.magics._table import whole
from nbapimgr.magics._trace import Trace
from nbapimgr.manager import health_rows, plan_rows

if TYPE_CHECKING:
    from nbapimgr.magics._asks import Command
    from nbapimgr.manager import Manager
    from nbapimgr.models import Plan

__all__ = ["errors", "reset", "trace", "why_rows"]

_HEALTH: Final = ("state", "success_rate", "p50_s", "open_until")
"""What is told of a candidate besides its place: how it does, until when it is left alone."""
_UNKNOWN: Final = dict.fromkeys(_HEALTH)


def errors(manager: Manager, command: Command) -> object:
    """`%llm errors`: the failures of the usage rows, counted, or a report to paste."""
    since = command.options.get("since")
    by = command.options.get("by")
    if command.words:
        if since or by:
            raise OptionError("%llm errors report takes no options", hint="%llm errors report")
        return Card(manager.error_report().splitlines())
    frame = manager.errors(since or "30d", by)
    return whole(frame) if len(frame) else Card([_nothing(since or "30d")])


def _nothing(since: str) -> str:
    when = "since there are rows" if since in {"", "all"} else f"in the last {since}"
    return f"No attempt has failed {when}; %llm usage shows what was asked."


def trace(manager: Manager, _command: Command) -> Any:
    """`%llm trace`: the attempts of the last question, as a picture of time."""
    attempts = manager.attempts
    return Trace(attempts) if attempts else Card(["Nothing was asked in this kernel yet."])


def why_rows(manager: Manager, plan: Plan) -> list[dict[str, Any]]:
    """`%llm why`: who is tried in which order and why, and how each has done lately.

    Of nobody anything is told before somebody was asked: the reasons are then not cut off.
    """
    rows = plan_rows(plan)
    health = {f"{row['provider']}:{row['model']}": row for row in health_rows(manager)}
    told = [health.get(row["candidate"], _UNKNOWN) for row in rows]
    if all(each["state"] in {None, "unknown", "off"} for each in told):
        return rows
    return [
        {**row, **{name: each[name] for name in _HEALTH}}
        for row, each in zip(rows, told, strict=True)
    ]


def reset(manager: Manager, command: Command) -> Card:
    """`%llm reset`: who was left alone is asked again from now on."""
    opened = manager.reset(command.words[0] if command.words else None)
    if not opened:
        whom = f"of {command.words[0]} " if command.words else ""
        return Card([f"Nothing {whom}was left alone."])
    now = time.time()
    return Card([f"{b.label}: asked again from now on (it was {b.line(now)})" for b in opened])
