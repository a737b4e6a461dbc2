"""Reads the places: each text of a file with the words for where in it that is."""

from __future__ import annotations

import sqlite3  # this module is loaded when a scan begins
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from nbapimgr.scan._places import Place

__all__ = ["LARGEST", "texts_of"]

LARGEST: Final = 32_000_000
"""Bytes of a file that is read."""
_CELLS: Final = 200_000
"""Cells of a history, the newest first."""


def texts_of(place: Place, worth: Callable[[str], bool]) -> Iterator[tuple[str, str]]:
    """(where, text) of each part of a file; nothing of a file whose text is not worth it.

    Raises:
        OSError: It cannot be read.
        sqlite3.Error: It is no history.
    """
    if place.kind == "ipython history":
        yield from _history(place.path)
        return
    text = _text(place.path)
    if not worth(text):  # most files: taking them apart is what costs
        return
    if place.kind == "notebook":
        yield from _notebook(text)
    else:
        yield from ((f"line {n}", line) for n, line in enumerate(text.splitlines(), 1))


def _text(path: Path) -> str:
    with path.open("rb") as f:
        return f.read(LARGEST).decode("utf-8", "replace")


def _notebook(text: str) -> Iterator[tuple[str, str]]:
    try:
        found = msgspec.json.decode(text)
        cells = found["cells"]
        for number, cell in enumerate(cells, 1):
            yield f"cell {number}", _joined(cell.get("source"))
            yield f"output of cell {number}", str(cell.get("outputs", ""))
        yield "metadata", str(found.get("metadata", ""))
    except (msgspec.DecodeError, RecursionError, LookupError, AttributeError, TypeError):
        yield "somewhere in it", text  # no notebook as it should be, but a file with text


def _joined(source: Any) -> str:
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


def _history(path: Path) -> Iterator[tuple[str, str]]:
    """IPython's history, opened so that nothing can be written and nobody waits."""
    url = f"{path.resolve().as_uri()}?mode=ro"
    connection = sqlite3.connect(url, uri=True, timeout=1.0)
    try:
        query = "SELECT session, line, source_raw FROM history ORDER BY session DESC LIMIT ?"
        for session, line, source in connection.execute(query, (_CELLS,)):
            yield f"session {session}, cell {line}", str(source)
        query = "SELECT session, line, output FROM output_history ORDER BY session DESC LIMIT ?"
        for session, line, output in connection.execute(query, (_CELLS,)):
            yield f"session {session}, output of cell {line}", str(output)
    finally:
        connection.close()
