"""`--dry-run`: what would be sent to whom, and what it would cost. Nothing is sent."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from nbapimgr.magics._card import Card
from nbapimgr.magics._footer import money
from nbapimgr.manager import input_tokens, price
from nbapimgr.models import Image, Text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nbapimgr.manager import Manager
    from nbapimgr.models import Message, Plan, Request

__all__ = ["dry_run"]


def dry_run(manager: Manager, request: Request) -> Card:
    """The rendered messages, the order of candidates with reasons, tokens and the likely cost."""
    plan = manager.plan(request)
    tokens = input_tokens(request)
    lines = ["dry run: nothing is sent", "", *_asked(request), ""]
    lines.append(f"about {tokens} input tokens, {_longest(request)}")
    lines += _order(plan, request, tokens, manager.places.prices)
    return Card(lines)


def _asked(request: Request) -> Iterator[str]:
    if request.system:
        yield f"system: {request.system}"
    for message in request.messages:
        yield f"{message.role}: {_content(message)}"
    if request.schema is not None:
        yield f"schema: {request.schema_name} ({', '.join(request.schema.get('properties', {}))})"


def _content(message: Message) -> str:
    shown = []
    for part in message.content:
        if isinstance(part, Text):
            shown.append(part.text)
        elif isinstance(part, Image):
            shown.append(f"[picture: {part.url or f'{part.media_type}, {len(part.data)} bytes'}]")
        else:
            shown.append(f"[{type(part).__name__}]")
    return "\n".join(shown)


def _longest(request: Request) -> str:
    if request.max_tokens is None:
        return "no limit on the answer"
    return f"at most {request.max_tokens} output tokens"


def _order(plan: Plan, request: Request, tokens: int, prices: Path) -> Iterator[str]:
    fit = len(plan.candidates) - len(plan.resorts)
    for number, candidate in enumerate(plan.candidates, 1):
        output = request.max_tokens or 0
        likely = price(candidate, tokens, output, at=time.time(), overrides=prices)
        cost = money(likely)
        least = "" if request.max_tokens else " for the input alone"
        why = plan.reasons.get(str(candidate), "")
        if number > fit:
            why = f"last resort, {plan.resorts[number - fit - 1].reason}"
        placed = f" · {why}" if why else ""
        yield f"  {number}. {candidate} · {cost}{least if likely.amount else ''}{placed}"
    for skip in plan.skipped:
        yield f"  –  {skip.candidate} · not asked: {skip.reason}"
    if not plan.candidates:
        yield "  nobody can be asked"
