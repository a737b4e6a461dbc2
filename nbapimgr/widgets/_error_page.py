"""A failure as what a notebook keeps: HTML and plain text that need no kernel and no script.

Everything a provider said is escaped and isolated; the only links are those of the catalogue.
"""

from __future__ import annotations

from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nbapimgr.manager import Recovery
    from nbapimgr.widgets._error_story import Story, Tried

__all__ = ["error_html", "error_text"]

_STATIC: Final = Path(__file__).parent / "static"
_PATHS: Final = {
    "Auth": "M5 1a4 4 0 1 0 3 6.6L9.4 9H11v2h2v2h2V10.4L9 5A4 4 0 0 0 5 1zM4 3h2v2H4z",
    "Rate limit": "M3 1h10v2L9.5 8l3.5 5v2H3v-2l3.5-5L3 3zm2.5 2L8 6.5 10.5 3z",
    "Model": "M8 1l7 3.5v7L8 15l-7-3.5v-7zm0 2.2L4 5.2l4 2 4-2z",
    "Network": "M8 3l7 5-1.3 1.6L8 5.5 2.3 9.6 1 8zm0 4.5l3.5 2.5-1.3 1.6L8 10l-2.2 1.6"
    "L4.5 10zM6.5 12.5h3v2.5h-3z",
    "Service": "M1 2h14v5H1zm2 1.5v2h2v-2zM1 9h14v5H1zm2 1.5v2h2v-2z",
    "Request": "M2 1h8l4 4v10H2zm7 1.5V6h3.5zM4 8h8v1.3H4zm0 3h8v1.3H4z",
    "You": "M8 1a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7zM1 15c0-3.5 3-6 7-6s7 2.5 7 6z",
}
"""One shape of 16 by 16 for each word; the word stands beside it and says the same."""


def error_html(story: Story, ways: Sequence[Recovery], *, view: str = "", note: str = "") -> str:
    """The view as HTML.

    Args:
        story: What is told.
        ways: What can be done, as buttons would say it and as it is typed.
        view: The id by which a live kernel finds the view and gives it its buttons; "" for none.
        note: What has come of it since.
    """
    icon = f'<path fill-rule="evenodd" d="{_PATHS[story.parent]}"/>'
    parts = [
        '<section class="nbapimgr-error" aria-label="Nobody answered">',
        f"<style>{_style()}</style>",
        '<div role="alert"><p class="nbe-kind">',
        f'<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">{icon}</svg> ',
        f"<strong>{escape(story.parent)}</strong> {escape(story.what)}</p>",
        f"<p>{escape(story.happened)}</p></div>",
        _list("What was tried", "ol", map(_tried, story.tried)),
        _list("Who was not asked", "ul", map(_isolated, story.skipped)),
        f'<p class="nbe-head">What to do now</p><p>{_isolated(story.advice)}</p>'
        if story.advice
        else "",
        _list("" if story.advice else "What to do now", "ul", map(_way, ways)),
        f'<p class="nbe-note" role="status">{escape(note)}</p>' if note else "",
        "</section>",
    ]
    page = "".join(parts)
    # An element of our own name: where the kernel lives, the browser itself tells of each one that
    # appears (https://html.spec.whatwg.org/multipage/custom-elements.html); elsewhere it is a span.
    return f'<nbapimgr-error data-view="{escape(view)}">{page}</nbapimgr-error>' if view else page


def error_text(story: Story, ways: Sequence[Recovery], *, note: str = "") -> str:
    """The same as lines of text."""
    lines = [f"[{story.parent}] {story.what}", story.happened]
    for number, tried in enumerate(story.tried, 1):
        said = f": {tried.said}" if tried.said else ""
        lines.append(f"  {number}. {tried.who} · {_facts(tried)}{said}")
    lines += [f"  – {reason}" for reason in story.skipped]
    if story.advice:
        lines.append(f"What to do now: {story.advice}")
    lines += [f"  {way.label}: {way.line}" for way in ways]
    return "\n".join([*lines, note] if note else lines)


def _list(title: str, kind: str, items: Iterable[str]) -> str:
    listed = "".join(item if item.startswith("<li") else f"<li>{item}</li>" for item in items)
    if not listed:
        return ""
    head = f'<p class="nbe-head">{title}</p>' if title else ""
    return f"{head}<{kind}>{listed}</{kind}>"


def _tried(tried: Tried) -> str:
    said = f"<br>{_isolated(tried.said)}" if tried.said else ""
    return f"<strong>{_isolated(tried.who)}</strong> · {escape(_facts(tried))}{said}"


def _facts(tried: Tried) -> str:
    parts = [tried.category, f"{tried.seconds:.1f} s"]
    if tried.waited >= 0.05:  # noqa: PLR2004  # what would be shown as 0.0
        parts.append(f"after a wait of {tried.waited:.1f} s")
    return " · ".join([*parts, *filter(None, [tried.lost])])


def _way(way: Recovery) -> str:
    if way.url:
        address = escape(way.url)
        return (
            f'<a href="{address}" target="_blank" rel="noopener noreferrer">{escape(way.label)}</a>'
        )
    typed = f"{escape(way.label)}: <code>{escape(way.line)}</code>"
    # what a button does need not be read too, as long as the button is there
    return f'<li class="nbe-typed">{typed}</li>' if way.request else typed


def _isolated(text: str) -> str:
    """Words of strangers: characters that turn the direction of writing end with them."""
    return f"<bdi>{escape(text)}</bdi>"


@cache
def _style() -> str:
    """The sheet in one line; it travels with each view, because a saved notebook has no other."""
    sheet = (_STATIC / "error_page.css").read_text("utf-8")
    return " ".join(sheet.partition("*/")[2].split())
