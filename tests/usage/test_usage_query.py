"""Reading back: periods, columns, what is opened at all, and a look while others are sealing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbapimgr.errors import OptionError, UnknownName
from nbapimgr.usage import COLUMNS, DEFAULT_COLUMNS, _query
from nbapimgr.usage._journal import Folder, Segment, encode
from nbapimgr.usage._query import chosen, frame, start_of
from nbapimgr.usage._row import Row
from nbapimgr.usage._seal import seal

DAY = 20_000  # 2024-10-04
NOW = (DAY + 0.5) * 86_400
MOMENT = datetime.fromtimestamp(NOW, UTC)


@pytest.fixture
def home(folder):
    return Folder(folder)


@pytest.fixture
def put(home):
    """Writes rows of one day into a segment of their own."""
    number = 0

    def make(day, *keys, sealed=False, **facts):
        nonlocal number
        number += 1
        segment = Segment(home, day, "w", number)
        for key in keys:
            at = int((day + 0.5) * 86_400_000_000) + key
            row = Row(event_id=bytes([key]) * 16, started_at=at, recorded_at=at, **facts)
            segment.append(encode(row))
        segment.close()
        if sealed:
            seal(home, segment.name)
        return segment.name

    return make


def keys(table):
    return [key[0] for key in table["event_id"]]


@pytest.mark.parametrize(
    ("since", "start"),
    [
        ("30d", MOMENT - timedelta(days=30)),
        (" 1.5 h ", MOMENT - timedelta(minutes=90)),
        ("90min", MOMENT - timedelta(minutes=90)),
        ("2w", MOMENT - timedelta(days=14)),
        ("0d", MOMENT),
        ("all", None),
        (None, None),
        (timedelta(days=1), MOMENT - timedelta(days=1)),
        ("2024-09-01", datetime(2024, 9, 1, tzinfo=UTC)),
        ("2024-09-01T02:00+02:00", datetime(2024, 9, 1, tzinfo=UTC)),
        (date(2024, 9, 1), datetime(2024, 9, 1, tzinfo=UTC)),
        (datetime(2024, 9, 1), datetime(2024, 9, 1, tzinfo=UTC)),  # noqa: DTZ001  # the case
        (
            datetime(2024, 9, 1, 3, tzinfo=timezone(timedelta(hours=3))),
            datetime(2024, 9, 1, tzinfo=UTC),
        ),
    ],
)
def test_a_period_or_a_moment_says_where_to_start(since, start):
    assert start_of(since, NOW) == start


@pytest.mark.parametrize(
    "since",
    ["30 fortnights", "30", "d", "-3d", 30, timedelta(days=-1), "9999999999d", "2024-13-01"],
)
def test_a_bad_period_is_answered_in_one_line_with_the_right_form(since):
    with pytest.raises(OptionError, match="is no period of time") as caught:
        start_of(since, NOW)
    assert '"30d"' in caught.value.hint
    assert "\n" not in str(caught.value)


def test_columns_are_the_ten_all_or_those_named():
    assert chosen(None) == list(DEFAULT_COLUMNS)
    assert chosen("all") == list(COLUMNS)
    assert chosen("outcome") == ["outcome"]
    assert chosen(("tags", "outcome", "tags")) == ["tags", "outcome"]


def test_an_unknown_column_is_answered_with_the_nearest():
    with pytest.raises(UnknownName, match="no column named 'cost'") as caught:
        chosen(["cost"])
    assert "cost_" in caught.value.hint


def test_no_columns_is_a_mistake():
    with pytest.raises(OptionError, match="no columns"):
        chosen([])


def test_an_empty_folder_is_an_empty_frame_with_all_dtypes(home):
    found = frame(home, MOMENT, list(COLUMNS))
    assert list(found.columns) == list(COLUMNS)
    assert len(found) == 0
    assert str(found["started_at"].dtype) == "datetime64[us, UTC]"


def test_journal_parquet_and_waiting_rows_are_one_frame_by_time(home, put):
    put(DAY, 3)
    put(DAY - 1, 1, 2, sealed=True)
    waiting = [Row(event_id=b"\x04" * 16, started_at=int((DAY + 0.5) * 86_400e6) + 4)]
    found = frame(home, None, ["event_id"], waiting)
    assert keys(found) == [1, 2, 3, 4]
    assert list(found.index) == [0, 1, 2, 3]


def test_rows_from_before_are_left_out_to_the_microsecond(home, put):
    put(DAY, 1, 2, 3, sealed=True)
    put(DAY, 1, 2, 3)
    found = frame(home, MOMENT + timedelta(microseconds=2), ["event_id"])
    assert keys(found) == [2, 2, 3, 3]


def test_only_files_of_those_days_and_only_those_columns_are_opened(home, put, monkeypatch):
    """`read_parquet` of the whole store is never called."""
    opened = []

    def spy(folder, name, columns):
        opened.append((name.date, columns))
        return original(folder, name, columns)

    original = _query.read
    monkeypatch.setattr(_query, "read", spy)
    for day in (DAY - 40, DAY - 2, DAY):
        put(day, 1, sealed=True)
    old = put(DAY - 40, 2)
    home.segment(old).chmod(0)
    monkeypatch.setattr(_query, "decode", None)  # an old segment that is opened fails the test
    found = frame(home, MOMENT - timedelta(days=2), ["outcome"])
    assert len(found) == 2
    assert opened == [
        ("2024-10-04", ["outcome", "started_at", "recorded_at"]),
        ("2024-10-02", ["outcome", "started_at", "recorded_at"]),
    ]


def test_the_id_of_a_call_is_never_missing(home, put):
    put(DAY, 1, sealed=True)
    put(DAY, 2, call_id=b"c" * 16)
    assert list(frame(home, None, ["call_id"])["call_id"]) == [b"\x01" * 16, b"c" * 16]
    both = frame(home, None, ["call_id", "event_id"])
    assert list(both.columns) == ["call_id", "event_id"]
    assert list(both["event_id"]) == [b"\x01" * 16, b"\x02" * 16]


def test_a_segment_that_is_published_but_not_removed_counts_once(home, put):
    name = put(DAY, 1, 2)
    kept = home.segment(name).read_bytes()
    seal(home, name)
    home.segment(name).write_bytes(kept)
    assert keys(frame(home, None, ["event_id"])) == [1, 2]


@pytest.mark.parametrize("when", ["segments", "parquets"])
def test_a_segment_that_is_sealed_during_the_look_counts_once(home, put, monkeypatch, when):
    """Sealed right after the journal was listed, and right after the files were."""
    name = put(DAY, 1, 2)
    listing = getattr(Folder, when)

    def then_seal(self, *args):
        found = listing(self, *args)
        seal(home, name)
        return found

    monkeypatch.setattr(Folder, when, then_seal)
    assert keys(frame(home, None, ["event_id"])) == [1, 2]


def test_a_segment_that_vanished_altogether_is_no_error(home, put, monkeypatch):
    name = put(DAY, 1)
    listed = home.segments()
    monkeypatch.setattr(Folder, "segments", lambda _: listed)
    home.segment(name).unlink()
    assert len(frame(home, None, ["event_id"])) == 0


def test_a_damaged_file_hides_no_other(home, put):
    bad = put(DAY, 1, sealed=True)
    put(DAY, 2, sealed=True)
    home.parquet(bad).write_bytes(b"PAR1 nothing PAR1")
    assert keys(frame(home, None, ["event_id"])) == [2]


def test_a_damaged_line_hides_no_other_and_is_told(home, put, caplog):
    name = put(DAY, 1, 2, 3)
    path = home.segment(name)
    lines = path.read_bytes().split(b"\n")
    lines[1] = b"0" + lines[1][1:] if lines[1][:1] != b"0" else b"1" + lines[1][1:]
    path.write_bytes(b"\n".join(lines) + b"torn")
    assert keys(frame(home, None, ["event_id"])) == [1, 3]
    assert "1 damaged lines are left out" in caplog.text


@given(st.text(max_size=12))
def test_any_text_is_a_period_or_a_clear_error(since):
    try:
        start = start_of(since, NOW)
    except OptionError:
        return
    assert start is None or start.tzinfo is UTC
