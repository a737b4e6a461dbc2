"""Schema v1 of the usage rows: columns, their Arrow types, rows to tables and tables to frames."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from nbapimgr.usage._ids import ID_BYTES
from nbapimgr.usage._row import Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd
    import pyarrow as pa

__all__ = ["COLUMNS", "part_of_schema", "release", "schema", "to_frame", "to_table"]

COLUMNS: tuple[str, ...] = Row.__struct_fields__
"""All columns, in order."""

_TYPES = {
    "event_id": "id",
    "call_id": "id",
    "attempt": "int8",
    "is_final": "bool",
    "started_at": "moment",
    "recorded_at": "moment",
    "duration_s": "float32",
    "time_to_first_chunk_s": "float32",
    "response_id": "string",
    "stream": "bool",
    "http_status": "int16",
    "input_tokens": "int64",
    "output_tokens": "int64",
    "cache_read_input_tokens": "int64",
    "cache_creation_input_tokens": "int64",
    "cache_creation_1h_input_tokens": "int64",
    "reasoning_output_tokens": "int64",
    "cost_amount": "float64",
    "estimate_amount": "float64",
    "execution_count": "int32",
    "conversation_id": "string",
    "tags": "string",
}
"""Every other column is a word: dictionary-encoded, a category in pandas."""

_NEVER_NULL = {"event_id", "attempt", "is_final", "recorded_at", "stream"}


@functools.cache
def schema() -> pa.Schema:
    """The Arrow schema of a sealed file."""
    import pyarrow as pa

    types = {
        "id": pa.binary(ID_BYTES),
        "bool": pa.bool_(),
        "int8": pa.int8(),
        "int16": pa.int16(),
        "int32": pa.int32(),
        "int64": pa.int64(),
        "float32": pa.float32(),
        "float64": pa.float64(),
        "string": pa.string(),
        "moment": pa.timestamp("us", tz="UTC"),
        "word": pa.dictionary(pa.int32(), pa.string()),
    }
    return pa.schema(
        [
            pa.field(name, types[_TYPES.get(name, "word")], nullable=name not in _NEVER_NULL)
            for name in COLUMNS
        ],
        metadata={"nbapimgr.usage": "1"},
    )


def part_of_schema(columns: Iterable[str]) -> pa.Schema:
    """The schema of a table with these columns."""
    import pyarrow as pa

    return pa.schema([schema().field(name) for name in columns], metadata=schema().metadata)


def to_table(rows: Iterable[Row], columns: Sequence[str] = COLUMNS) -> pa.Table:
    """Rows as an Arrow table with these columns."""
    import pyarrow as pa

    rows, part = list(rows), part_of_schema(columns)
    return pa.table(
        [pa.array([getattr(row, f.name) for row in rows], type=f.type) for f in part], schema=part
    )


def release() -> None:
    """Give the memory of tables that are gone back to the system.

    Arrow keeps it for the next one, which comes with another 5,000 rows: some 18 MiB till then.
    """
    import pyarrow as pa

    pa.default_memory_pool().release_unused()


def to_frame(table: pa.Table) -> pd.DataFrame:
    """A table as pandas shows it best: words are categories, counts stay whole beside nulls."""
    import pandas as pd
    import pyarrow as pa

    whole = {
        pa.int16(): pd.Int16Dtype(),
        pa.int32(): pd.Int32Dtype(),
        pa.int64(): pd.Int64Dtype(),
    }
    table = table.unify_dictionaries()
    frame: pd.DataFrame = table.to_pandas(types_mapper=whole.get, ignore_metadata=True)
    return frame
