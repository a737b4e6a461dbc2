"""The usage rows added up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from nbapimgr.errors import UnknownName

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    import pandas as pd

    from nbapimgr.usage import UsageStore

__all__ = ["totals"]

_COLUMN: Final = {
    "provider": "provider_name",
    "model": "request_model",
    "day": "started_at",
    "cell": "cell_id",
}
_SUMS: Final = ("input_tokens", "output_tokens", "cost_amount", "duration_s")


def totals(store: UsageStore, by: str, since: str | timedelta | datetime | None) -> pd.DataFrame:
    """Attempts, successes, tokens, cost (US dollars) and seconds, added up by one thing.

    A sum of which no part is known is unknown, not zero.
    """
    if by not in _COLUMN:
        raise UnknownName("way to add usage up", by, _COLUMN)
    column = _COLUMN[by]
    frame = store.frame(since, [column, "outcome", *_SUMS])
    key = frame[column].dt.date if by == "day" else frame[column].astype("object")
    groups = frame.groupby(key.rename(by), observed=True, dropna=False)
    table = groups[list(_SUMS)].sum(min_count=1)
    table.insert(0, "attempts", groups.size())
    table.insert(1, "ok", groups["outcome"].agg(lambda outcomes: (outcomes == "ok").sum()))
    return table.sort_values("attempts", ascending=False).reset_index()
