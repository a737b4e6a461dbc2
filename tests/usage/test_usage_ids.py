"""Ids of calls."""

from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from nbapimgr.usage import new_call_id

MOMENTS = st.floats(0, 253_402_300_799)


@given(MOMENTS)
def test_an_id_is_a_uuid_of_version_7_that_tells_its_time(now):
    made = uuid.UUID(bytes=new_call_id(now))
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert made.int >> 80 == int(now * 1_000_000) // 1000


@given(MOMENTS, st.integers(1, 10**9))
def test_ids_sort_by_time_to_the_microsecond(now, later):
    assert new_call_id(now)[:8] <= new_call_id(now + later / 1_000_000)[:8]


def test_two_ids_of_one_moment_differ():
    assert len({new_call_id(1e9) for _ in range(1000)}) == 1000


def test_the_microsecond_counts():
    assert new_call_id(1e9)[:8] < new_call_id(1e9 + 0.000_002)[:8]
