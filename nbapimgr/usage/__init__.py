"""What was called and what it cost: journal, Parquet, frames, prices, token estimates.

A row is an attempt. `UsageStore.record` has returned: the row survives `kill -9`. No prompt, no
answer and no key is ever in a row.
"""

from __future__ import annotations

import logging

from nbapimgr.usage._arrow import COLUMNS
from nbapimgr.usage._ids import new_call_id
from nbapimgr.usage._overrides import load_overrides
from nbapimgr.usage._prices import context_window, cost, prepare
from nbapimgr.usage._query import DEFAULT_COLUMNS
from nbapimgr.usage._store import UsageStore
from nbapimgr.usage._tokens import estimate_tokens
from nbapimgr.usage._vendors import is_local

__all__ = [
    "COLUMNS",
    "DEFAULT_COLUMNS",
    "UsageStore",
    "context_window",
    "cost",
    "estimate_tokens",
    "is_local",
    "load_overrides",
    "new_call_id",
    "prepare",
]

logging.getLogger("nbapimgr.usage").addHandler(logging.NullHandler())
