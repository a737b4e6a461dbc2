"""A table of reasons: no text is cut off and no column left out, as pandas does."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["whole"]


def whole(table: Any) -> pd.DataFrame:
    """Rows, or a DataFrame, as a DataFrame that is shown with whole texts.

    What is made of it by its methods is shown as every other.
    """
    kind: type[pd.DataFrame] = _kind()
    return kind(table)


@cache
def _kind() -> Any:
    import pandas as pd

    def shown() -> Any:
        return pd.option_context("display.max_colwidth", None, "display.max_columns", None)

    class Whole(pd.DataFrame):
        def __repr__(self) -> str:
            with shown():
                return super().__repr__()

        def _repr_html_(self) -> Any:
            with shown():
                return super()._repr_html_()  # type: ignore[misc]  # the stubs lack it

        def __reduce__(self) -> Any:
            return pd.DataFrame, (dict(self.items()),)

    return Whole
