"""The attempts of the last question as a result: a picture to look at, a table to compute with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbapimgr.manager import attempt_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from nbapimgr.models import Attempt

__all__ = ["Trace"]


class Trace:
    """The attempts of one call; `.df` is the table, whose methods are this object's too."""

    def __init__(self, attempts: Sequence[Attempt]) -> None:
        self.attempts = tuple(attempts)

    @property
    def df(self) -> pd.DataFrame:
        """One row for each attempt."""
        import pandas as pd

        return pd.DataFrame(attempt_rows(self.attempts))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # what IPython looks for to show a table is not wanted here
            raise AttributeError(name)
        return getattr(self.df, name)

    def __repr__(self) -> str:
        from nbapimgr.widgets import waterfall_text

        return waterfall_text(self.attempts)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        from nbapimgr.widgets import waterfall_html

        return {"text/plain": repr(self), "text/html": waterfall_html(self.attempts)}
