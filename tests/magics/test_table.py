"""Tables of reasons are shown with whole texts."""

from __future__ import annotations

import pickle

import pytest

from nbapimgr.magics._table import whole

LONG = "last resort, open: service.overloaded twice, tried again in 15 s (key default)"


@pytest.fixture
def table():
    return whole([{"order": "1", "reason": LONG}])


def test_no_text_is_cut_off(table):
    import pandas as pd

    assert LONG not in repr(pd.DataFrame(table))  # as pandas does
    assert LONG in repr(table)
    assert LONG in table._repr_html_()
    assert pd.get_option("display.max_colwidth") == 50


def test_what_is_made_of_it_is_an_ordinary_table(table):
    import pandas as pd

    assert isinstance(table, pd.DataFrame)
    assert type(table[["reason"]]) is pd.DataFrame
    assert table.to_dict("records") == [{"order": "1", "reason": LONG}]
    copy = pickle.loads(pickle.dumps(table))  # noqa: S301  # its own
    assert type(copy) is pd.DataFrame
    assert copy.equals(pd.DataFrame(table))
