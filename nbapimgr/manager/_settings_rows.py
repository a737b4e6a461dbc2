"""The settings in force as rows for people: each value, and where it comes from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from nbapimgr.secret import scrub

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nbapimgr.settings import Origin

__all__ = ["settings_rows"]

_SHOWN: Final = 60
"""Characters of one value that are shown."""


def settings_rows(origins: Iterable[Origin]) -> list[dict[str, str]]:
    """One row for each setting, and for the fields of a provider that come from one place."""
    rows: dict[tuple[str, str], list[str]] = {}
    for one in origins:
        setting, field = one.place[:2], one.place[2:]
        said = [*field, _shown(one.value)]
        rows.setdefault((".".join(setting), one.source), []).append(" = ".join(said))
    return [
        {"setting": setting, "value": ", ".join(values), "source": source}
        for (setting, source), values in rows.items()
    ]


def _shown(value: Any) -> str:
    said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    said = scrub(said)
    return said if len(said) <= _SHOWN else f"{said[:_SHOWN]}…"
