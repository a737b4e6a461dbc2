"""The panel without a kernel: what a saved or exported notebook shows in its place."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["as_html", "as_text"]

_STYLE: Final = (
    # What JupyterLab says in place of a widget whose kernel is gone, right above what says more …
    ".jp-OutputArea-child:has(+ .jp-OutputArea-child .nbapimgr-static)"
    ":not(:has(.nbapimgr-panel)) { display: none; }"
    # … and this here, where the panel itself is shown.
    ".jp-OutputArea-child:has(.nbapimgr-panel) + .jp-OutputArea-child:has(.nbapimgr-static)"
    " { display: none; }"
    # Front ends right-align tables, which they take for numbers.
    ".nbapimgr-static table :is(th, td) { text-align: left; }"
)
"""In a notebook that is not trusted JupyterLab shows this HTML and takes the style out."""


def as_html(state: Mapping[str, Any], mark: str) -> str:
    """A small table that needs no kernel, no script and no network.

    Args:
        state: What the panel shows.
        mark: By which the live panel finds this and hides it, where the style does not.
    """
    rows = "".join(
        f"<tr><td>{card['place']}</td><td>{escape(card['title'])}</td>"
        f"<td>{escape(_models(card))}</td><td>{escape(_said(card))}</td></tr>"
        for card in state["providers"]
    )
    table = (
        "<table><thead><tr><th>order</th><th>provider</th><th>models</th><th>status</th></tr>"
        f"</thead><tbody>{rows}</tbody></table>"
        if rows
        else "<p>No provider was configured.</p>"
    )
    return (
        f'<div class="nbapimgr-static" data-panel="{escape(mark)}"><style>{_STYLE}</style>'
        "<p>nbapimgr settings, as they were when this cell ran. Run it again to change them.</p>"
        f"{table}</div>"
    )


def as_text(state: Mapping[str, Any]) -> str:
    """The same in one line."""
    cards = state["providers"]
    count = len(cards)
    names = ", ".join(card["name"] for card in cards)
    return f"<nbapimgr settings: {count} provider{'s' * (count != 1)}{': ' * bool(names)}{names}>"


def _models(card: Mapping[str, Any]) -> str:
    first, *others = card["models"] or [""]
    return f"{first} and {len(others)} more" if others else first


def _said(card: Mapping[str, Any]) -> str:
    return f"{card['status']}: {card['why']}" if card["why"] else card["status"]
