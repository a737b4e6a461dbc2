"""What went wrong, looked back on: the history of failures, and a report to be shown around."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from nbapimgr.errors import UnknownName
from nbapimgr.manager._errors_report import report
from nbapimgr.secret import scrub
from nbapimgr.wire.failures import CATEGORIES

if TYPE_CHECKING:
    from collections import deque
    from datetime import datetime, timedelta

    import pandas as pd

    from nbapimgr.manager._in_force import InForce
    from nbapimgr.models import Attempt
    from nbapimgr.usage import UsageStore
    from nbapimgr.vault import Credentials

__all__ = ["KEPT", "Failing", "history"]

KEPT: Final = 20
"""Failed attempts that a kernel remembers for a report: usage rows have no request ids."""
_ROWS: Final = {
    "started_at": "when",
    "notebook": "notebook",
    "cell_id": "cell",
    "provider_name": "provider",
    "request_model": "model",
    "error_type": "class",
}
_BY: Final = {"class": "class", "provider": "provider"}


class Failing:
    """What a manager can tell of failures."""

    _failures: deque[Attempt]
    _in_force: InForce
    _keys: Credentials
    _usage: UsageStore

    def errors(
        self, since: str | timedelta | datetime | None = "30d", by: str | None = None
    ) -> pd.DataFrame:
        """The failed attempts, newest first, those of this kernel included.

        `resolved_by` is who answered in the same call, "" where nobody did; `lost` says that the
        call ended without an answer and was not stopped by the user.

        Args:
            since: How far back: "7d", "12h", a timedelta, a moment; None is all.
            by: "class" or "provider" gives one row for each, the most failures first.

        Raises:
            UnknownName: It cannot be counted by that.
        """
        return history(self._usage, since, by)

    def error_report(self) -> str:
        """Text for a bug tracker: versions, the shape of the settings, the newest failures.

        It holds no key, no prompt, no answer, no words of a provider, and no name or address of the
        user's own.
        """
        counts = history(self._usage, "30d", "class")
        return report(self._in_force.settings, tuple(self._failures), counts, self.scrubbed)

    def scrubbed(self, text: str) -> str:
        """`text` without this kernel's keys and what looks like one."""
        return scrub(text, self._keys.values(self._in_force.settings.providers))


def history(
    store: UsageStore, since: str | timedelta | datetime | None, by: str | None = None
) -> pd.DataFrame:
    """The failed attempts of the usage rows; see `Manager.errors`."""
    if by is not None and by not in _BY:
        raise UnknownName("way to count errors", by, _BY)
    frame = store.frame(since, [*_ROWS, "outcome", "call_id"])
    answered, stopped = _ends(frame)
    failed = frame[frame["error_type"].notna()].iloc[::-1]
    calls = failed["call_id"]
    table = failed[list(_ROWS)].rename(columns=_ROWS).reset_index(drop=True)
    classes = table["class"].astype("object")
    table["class"] = classes
    table["remedy"] = [_remedy(name) for name in classes]
    table["resolved_by"] = [answered.get(call, "") for call in calls]
    table["lost"] = [call not in answered and call not in stopped for call in calls]
    table = table.astype({"lost": "bool"})  # also where there are none
    return table if by is None else _counted(table, list(calls), by)


def _ends(frame: pd.DataFrame) -> tuple[dict[bytes, str], set[bytes]]:
    """Who answered each call, and the calls that the user stopped."""
    answered: dict[bytes, str] = {}
    stopped: set[bytes] = set()
    columns = ("call_id", "outcome", "provider_name", "request_model")
    for call, outcome, provider, model in zip(*(frame[c] for c in columns), strict=True):
        if outcome == "ok":
            answered[call] = f"{provider}:{model}"
        elif outcome == "cancelled":
            stopped.add(call)
    return answered, stopped


def _remedy(name: str) -> str:
    known = CATEGORIES.get(name)  # a row of a later version may have a class that is new
    return known.remedy if known else ""


def _counted(table: pd.DataFrame, calls: list[Any], by: str) -> pd.DataFrame:
    """One row for each class or provider: failed attempts, their calls, how many were lost."""
    table = table.assign(call=calls)
    groups = table.groupby(table[by].astype("object"), dropna=False)
    counted = groups["class"].size().rename("failures").to_frame()
    counted["calls"] = groups["call"].nunique()
    lost = table[table["lost"]].groupby(table[by].astype("object"), dropna=False)["call"].nunique()
    counted["lost"] = lost.reindex(counted.index, fill_value=0).astype("int64")
    counted["last"] = groups["when"].max()
    counted = counted.sort_values(["failures", "last"], ascending=False).reset_index()
    if by == "class":
        counted["remedy"] = [_remedy(name) for name in counted["class"]]
    return counted
