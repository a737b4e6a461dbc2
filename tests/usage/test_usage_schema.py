"""Schema v1 does not move: files written today must be readable by every later version."""

from __future__ import annotations

import pytest

from nbapimgr.usage import COLUMNS, DEFAULT_COLUMNS
from nbapimgr.usage._arrow import schema, to_frame, to_table
from nbapimgr.usage._row import Row

V1 = """
event_id: fixed_size_binary[16] not null
call_id: fixed_size_binary[16]
attempt: int8 not null
is_final: bool not null
fallback_from: dictionary<values=string, indices=int32, ordered=0>
route: dictionary<values=string, indices=int32, ordered=0>
started_at: timestamp[us, tz=UTC]
recorded_at: timestamp[us, tz=UTC] not null
duration_s: float
time_to_first_chunk_s: float
operation_name: dictionary<values=string, indices=int32, ordered=0>
provider_name: dictionary<values=string, indices=int32, ordered=0>
host_provider_name: dictionary<values=string, indices=int32, ordered=0>
request_model: dictionary<values=string, indices=int32, ordered=0>
response_model: dictionary<values=string, indices=int32, ordered=0>
response_id: string
service_tier: dictionary<values=string, indices=int32, ordered=0>
stream: bool not null
outcome: dictionary<values=string, indices=int32, ordered=0>
error_type: dictionary<values=string, indices=int32, ordered=0>
http_status: int16
finish_reason: dictionary<values=string, indices=int32, ordered=0>
input_tokens: int64
output_tokens: int64
cache_read_input_tokens: int64
cache_creation_input_tokens: int64
cache_creation_1h_input_tokens: int64
reasoning_output_tokens: int64
tokens_source: dictionary<values=string, indices=int32, ordered=0>
cost_amount: double
cost_currency: dictionary<values=string, indices=int32, ordered=0>
cost_source: dictionary<values=string, indices=int32, ordered=0>
price_ref: dictionary<values=string, indices=int32, ordered=0>
estimate_amount: double
credential_id: dictionary<values=string, indices=int32, ordered=0>
principal_id: dictionary<values=string, indices=int32, ordered=0>
project: dictionary<values=string, indices=int32, ordered=0>
notebook: dictionary<values=string, indices=int32, ordered=0>
cell_id: dictionary<values=string, indices=int32, ordered=0>
execution_count: int32
kernel_id: dictionary<values=string, indices=int32, ordered=0>
host_id: dictionary<values=string, indices=int32, ordered=0>
conversation_id: string
tags: string
"""

DTYPES = {
    "event_id": "object",
    "attempt": "int8",
    "is_final": "bool",
    "outcome": "category",
    "started_at": "datetime64[us, UTC]",
    "duration_s": "float32",
    "http_status": "Int16",
    "input_tokens": "Int64",
    "execution_count": "Int32",
    "cost_amount": "float64",
}


def test_schema_v1_is_what_it_was():
    lines = [f"{f.name}: {f.type}{'' if f.nullable else ' not null'}" for f in schema()]
    assert lines == V1.split("\n")[1:-1]
    assert schema().metadata == {b"nbapimgr.usage": b"1"}


def test_columns_are_the_row_s_fields_in_order():
    assert tuple(schema().names) == COLUMNS == Row.__struct_fields__


def test_ten_columns_by_default():
    assert len(DEFAULT_COLUMNS) == 10
    assert set(DEFAULT_COLUMNS) < set(COLUMNS)


def test_a_table_of_no_rows_has_the_schema():
    assert to_table([]).schema.equals(schema(), check_metadata=True)


def test_a_table_of_some_columns_has_those():
    table = to_table([Row(event_id=b"x" * 16)], ["outcome", "attempt"])
    assert table.to_pylist() == [{"outcome": None, "attempt": 0}]


@pytest.mark.parametrize(("column", "dtype"), DTYPES.items())
@pytest.mark.parametrize("rows", [0, 2])
def test_pandas_shows_each_kind_as_it_should(column, dtype, rows):
    made = [Row(event_id=b"x" * 16, outcome="ok", started_at=1), Row(event_id=b"y" * 16)]
    assert str(to_frame(to_table(made[:rows]))[column].dtype) == dtype


def test_words_of_several_tables_share_their_categories():
    import pyarrow as pa

    tables = [to_table([Row(event_id=b"x" * 16, outcome=word)]) for word in ("ok", "error")]
    frame = to_frame(pa.concat_tables(tables))
    assert list(frame["outcome"]) == ["ok", "error"]
    assert set(frame["outcome"].cat.categories) == {"ok", "error"}
