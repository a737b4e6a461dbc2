from __future__ import annotations

import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbapimgr.wire.sse import LineReader, SseReader


def events(*pieces: bytes, limit: int = 1000) -> list[tuple[str, bytes]]:
    reader = SseReader(limit)
    return [event for piece in pieces for event in reader.feed(piece)] + reader.end()


def lines(*pieces: bytes, limit: int = 1000) -> list[bytes]:
    reader = LineReader(limit)
    return [line for piece in pieces for line in reader.feed(piece)] + reader.end()


# --- lines -------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_every_line_end_ends_a_line(end):
    assert lines(b"a" + end + b"b" + end + end + b"c") == [b"a", b"b", b"", b"c"]


def test_a_line_end_cut_in_two_is_one():
    assert lines(b"a\r", b"\nb\r", b"\r", b"\n", b"\n") == [b"a", b"b", b"", b""]


def test_other_separators_are_text():
    """`str.splitlines` would cut here; the standard does not."""
    text = "a\x0b\x0c\x1c\x85\u2028b".encode()
    assert lines(text + b"\n") == [text]


def test_a_byte_order_mark_is_no_text():
    mark = b"\xef\xbb\xbf"
    assert lines(mark + b"a\n" + mark) == [b"a", mark]
    assert lines(mark[:1], mark[1:] + b"a") == [b"a"]


def test_a_line_in_many_pieces_is_joined():
    assert lines(*[b"x"] * 999, b"\n") == [b"x" * 999]


@pytest.mark.parametrize("pieces", [(b"b" * 11,), (b"b" * 6, b"b" * 5), (b"b" * 11 + b"\nc\n",)])
def test_an_over_long_line_ends_the_reading(pieces):
    reader = LineReader(10)
    assert reader.feed(b"a" * 10 + b"\n") == [b"a" * 10]
    assert not reader.overflow
    assert [line for piece in pieces for line in reader.feed(piece)] == []
    assert reader.overflow
    assert reader.feed(b"c\n") == []
    assert reader.end() == []


def test_lines_before_an_over_long_one_are_delivered():
    reader = LineReader(3)
    assert reader.feed(b"a\nb\ncccc\nd\n") == [b"a", b"b"]
    assert reader.overflow
    reader = LineReader(3)
    assert reader.feed(b"a\nb\ncccc") == [b"a", b"b"]
    assert reader.overflow


def test_an_over_long_line_is_not_kept():
    reader = LineReader(2**20)
    tracemalloc.start()
    for _ in range(20):
        reader.feed(b"x" * 2**20)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 2**20


# --- events ------------------------------------------------------------------------------------


def test_an_event_has_a_name_and_data():
    assert events(b"event: ping\ndata: {}\n\ndata: 1\n\n") == [("ping", b"{}"), ("", b"1")]


def test_one_blank_after_the_colon_is_no_data():
    assert events(b"data:a\n\ndata: a\n\ndata:  a\n\n") == [("", b"a"), ("", b"a"), ("", b" a")]


def test_several_data_lines_are_one_event():
    assert events(b"data: a\ndata\ndata: b\n\n") == [("", b"a\n\nb")]


def test_comments_and_unknown_fields_are_skipped():
    stream = b": keep-alive\n\n:\nid: 7\nretry: 10\nsomething: else\ndata: a\n: in between\n\n"
    assert events(stream) == [("", b"a")]


def test_a_name_without_data_is_no_event_and_names_no_other():
    assert events(b"event: error\n\ndata: a\n\n") == [("", b"a")]


def test_empty_data_is_an_event():
    assert events(b"data:\n\n") == [("", b"")]


@pytest.mark.parametrize("tail", [b"", b"\n", b"\r"])
def test_a_missing_end_is_forgiven(tail):
    assert events(b"data: a\n\nevent: x\ndata: b" + tail) == [("", b"a"), ("x", b"b")]


def test_a_bad_name_is_replaced():
    assert events(b"event: \xff\ndata: a\n\n") == [("\ufffd", b"a")]


def test_too_much_data_in_one_event_ends_the_reading():
    reader = SseReader(20)
    assert reader.feed(b"data: a\n\n") == [("", b"a")]
    assert reader.feed(b"data: bbbbbbb\ndata: ccccccc\n\ndata: d\n\n") == []
    assert reader.overflow
    assert reader.feed(b"data: e\n\n") == []
    assert reader.end() == []


def test_an_event_with_an_over_long_line_is_not_delivered_in_part():
    assert events(b"data: a\ndata: " + b"b" * 20 + b"\n", limit=20) == []
    assert events(b"data: a\ndata: " + b"b" * 20, limit=20) == []


def test_an_over_long_line_ends_the_events():
    reader = SseReader(20)
    assert reader.feed(b"data: a\n\ndata: " + b"b" * 20) == [("", b"a")]
    assert reader.overflow
    assert reader.end() == []


WORDS = [b"data: ", b"data:", b"event: x", b"\n", b"\r", b"\r\n", b": c", b"a", b"\xef\xbb\xbf"]
STREAMS = st.lists(st.sampled_from(WORDS)).map(b"".join)


@given(stream=STREAMS, cuts=st.lists(st.integers(0, 60)), limit=st.sampled_from([8, 1000]))
def test_pieces_make_no_difference(stream, cuts, limit):
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    pieces = [stream[a:b] for a, b in pairwise(edges)]
    assert events(*pieces, limit=limit) == events(stream, limit=limit)
    assert lines(*pieces, limit=limit) == lines(stream, limit=limit)


@given(stream=STREAMS)
def test_events_are_those_of_the_standard(stream):
    assert events(stream) == plain_events(stream)


def plain_events(stream: bytes) -> list[tuple[str, bytes]]:
    """The standard's algorithm, word for word, with the closing blank line forgiven."""
    text = stream.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    out, name, data = [], "", None
    for line in [*text.split(b"\n"), b""]:
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if not line:
            if data is not None:
                out.append((name, data.removesuffix(b"\n")))
            name, data = "", None
        elif field == b"event":
            name = value.decode()
        elif field == b"data":
            data = (data or b"") + value + b"\n"
    return out
