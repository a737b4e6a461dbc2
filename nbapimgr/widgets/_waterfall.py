"""The attempts of a call as a picture of time: who, when, how long, what it cost for nothing."""

from __future__ import annotations

from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from nbapimgr.inert import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbapimgr.models import Attempt

__all__ = ["waterfall_html", "waterfall_text"]

_STATIC: Final = Path(__file__).parent / "static"
_WIDTH: Final = 24
"""Characters of a bar in text."""
_SAID: Final = 90
_HEADS: Final = ("", "who", "time", "waited", "took", "first token", "tokens", "cost", "outcome")


class _Bar(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt, with its place on the common line of time, as parts of one."""

    who: str
    outcome: str
    good: bool
    begin: float
    """Where its wait begins."""
    start: float
    end: float
    cells: tuple[str, ...]
    """waited, took, first token, tokens, cost."""


def waterfall_text(attempts: Sequence[Attempt]) -> str:
    """The picture in characters: ░ waits, █ answers, ▒ what came to nothing."""
    bars = _bars(attempts)
    who = max((len(bar.who) for bar in bars), default=0)
    lines = [
        f"{number}. {bar.who:<{who}}  {_drawn(bar)}  {_facts(bar)}"
        for number, bar in enumerate(bars, 1)
    ]
    return "\n".join([*lines, _wasted(attempts)])


def waterfall_html(attempts: Sequence[Attempt]) -> str:
    """The picture as a table; the bars are for the eye, every figure is a cell as well."""
    heads = "".join(f'<th scope="col">{head or "#"}</th>' for head in _HEADS)
    rows = "".join(_row(number, bar) for number, bar in enumerate(_bars(attempts), 1))
    return (
        f'<div class="nbapimgr-trace"><style>{_style()}</style>'
        f"<table><caption>The attempts of the last question</caption>"
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
        f"<p>{escape(_wasted(attempts))}</p></div>"
    )


def _bars(attempts: Sequence[Attempt]) -> list[_Bar]:
    if not attempts:
        return []
    first = min(a.started_at - a.waited for a in attempts)
    last = max(a.started_at + a.duration for a in attempts)
    span = max(last - first, 1e-9)
    return [
        _Bar(
            who=_short(str(a.candidate)) + (" (probe)" if a.probe else ""),
            outcome=_outcome(a),
            good=a.outcome in {"ok", "cached"},
            begin=(a.started_at - a.waited - first) / span,
            start=(a.started_at - first) / span,
            end=(a.started_at + a.duration - first) / span,
            cells=_cells(a),
        )
        for a in attempts
    ]


def _cells(attempt: Attempt) -> tuple[str, ...]:
    usage = attempt.usage
    known = usage is not None and usage.input_tokens is not None
    about = "~" if usage and usage.source == "estimated" else ""
    return (
        f"{attempt.waited:.2f} s" if attempt.waited else "",
        f"{attempt.duration:.2f} s",
        "" if attempt.first_chunk is None else f"{attempt.first_chunk:.2f} s",
        f"{about}{usage.input_tokens}→{usage.output_tokens or 0}" if usage and known else "",
        "" if attempt.cost.amount is None else f"{attempt.cost.sign}{attempt.cost.amount:.6f}",
    )


def _outcome(attempt: Attempt) -> str:
    failure = attempt.failure
    adapted = f", {_short(attempt.adapted)}" if attempt.adapted else ""
    if failure is None:
        return f"{attempt.outcome}{adapted}"
    status = f" {failure.status}" if failure.status else ""
    said = _short(failure.detail or failure.message)
    return f"{failure.category}{status}{adapted}" + (f": {said}" if said else "")


def _short(text: str) -> str:
    flat = " ".join(plain(text).split())
    return flat if len(flat) <= _SAID else flat[: _SAID - 1] + "…"


def _drawn(bar: _Bar) -> str:
    start, end = (
        round(bar.start * _WIDTH),
        max(round(bar.end * _WIDTH), round(bar.start * _WIDTH) + 1),
    )
    begin = min(round(bar.begin * _WIDTH), start)
    mark = "█" if bar.good else "▒"
    line = " " * begin + "░" * (start - begin) + mark * (end - start)
    return f"{line[: _WIDTH + 1]:<{_WIDTH + 1}}"


def _facts(bar: _Bar) -> str:
    waited, took, first, tokens, cost = bar.cells
    named = (
        waited and f"after {waited}",
        took,
        first and f"first token {first}",
        tokens and f"{tokens} tok",
        cost,
        bar.outcome,
    )
    return " · ".join(filter(None, named))


def _row(number: int, bar: _Bar) -> str:
    line = (
        f'<span class="nbt-line" aria-hidden="true">'
        f'<span class="nbt-wait" style="left:{bar.begin:.2%};width:{bar.start - bar.begin:.2%}">'
        f'</span><span class="{"nbt-good" if bar.good else "nbt-bad"}" '
        f'style="left:{bar.start:.2%};width:{max(bar.end - bar.start, 0.005):.2%}"></span></span>'
    )
    waited, took, first, tokens, cost = map(escape, bar.cells)
    cells = (str(number), f"<bdi>{escape(bar.who)}</bdi>", line, waited, took, first, tokens, cost)
    mark = "✓" if bar.good else "✗"
    said = f"{mark} <bdi>{escape(bar.outcome)}</bdi>"
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in (*cells, said)) + "</tr>"


def _wasted(attempts: Sequence[Attempt]) -> str:
    """What the attempts that came to nothing took; probes are sent beside the user's own."""
    vain = [a for a in attempts if a.outcome not in {"ok", "cached"} or a.probe]
    if not vain:
        return "Nothing was wasted."
    seconds = sum(a.duration + a.waited for a in vain if not a.probe)
    known: dict[str, float] = {}
    for cost in (a.cost for a in vain if a.cost.amount is not None):
        known[cost.sign] = known.get(cost.sign, 0.0) + (cost.amount or 0.0)
    unknown = sum(a.cost.amount is None for a in vain)
    spent = " and ".join(f"{sign}{sum_:.6f}" for sign, sum_ in (known or {"$": 0.0}).items())
    spent += f" and {unknown} of unknown cost" if unknown else ""
    probes = sum(a.probe for a in vain)
    of_them = f", {probes} of them a probe" if probes else ""
    count = f"{len(vain)} attempt{'s' * (len(vain) != 1)}"
    return f"Came to nothing: {count}{of_them} · {seconds:.1f} s · {spent}"


@cache
def _style() -> str:
    sheet = (_STATIC / "waterfall.css").read_text("utf-8")
    return " ".join(sheet.partition("*/")[2].split())
