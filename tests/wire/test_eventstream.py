"""Frames of the AWS event stream: whole, cut, damaged, hostile."""

from __future__ import annotations

import struct
import zlib

import pytest
from aws_frames import event, frame, pack, raw_header, string_header
from hypothesis import given
from hypothesis import strategies as st

from nbapimgr.wire._limits import MAX_LINE
from nbapimgr.wire.bedrock._eventstream import Frame, FrameError, FrameReader


def read(data):
    return list(FrameReader().feed(data))


def prelude(total, headers):
    raw = struct.pack(">II", total, headers)
    return raw + struct.pack(">I", zlib.crc32(raw))


def test_a_frame_is_read():
    assert read(frame(b"body", event_type="x")) == [Frame({":event-type": "x"}, b"body")]


def test_a_frame_may_be_empty():
    assert read(pack(b"", b"")) == [Frame({}, b"")]


def test_frames_come_in_order_and_nothing_is_left():
    reader = FrameReader()
    frames = list(reader.feed(frame(b"1") + frame(b"2") + frame(b"3")))
    assert [f.payload for f in frames] == [b"1", b"2", b"3"]
    assert reader.pending == 0


def test_every_cut_gives_the_same_frames():
    data = frame(b"first", event_type="a") + frame(b"second", event_type="b")
    whole = read(data)
    for at in range(len(data) + 1):
        reader = FrameReader()
        assert [*reader.feed(data[:at]), *reader.feed(data[at:])] == whole


def test_byte_by_byte():
    data = event("messageStop", {"stopReason": "end_turn"}) * 3
    reader = FrameReader()
    frames = [f for at in range(len(data)) for f in reader.feed(data[at : at + 1])]
    assert frames == read(data)


def test_what_is_cut_off_is_pending():
    reader = FrameReader()
    assert list(reader.feed(frame(b"whole") + frame(b"cut")[:-1])) == [Frame({}, b"whole")]
    assert reader.pending == len(frame(b"cut")) - 1


def test_headers_of_other_types_are_passed_over():
    widths = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
    headers = b"".join(raw_header(f"h{kind}", kind, b"\0" * n) for kind, n in widths.items())
    headers += raw_header("blob", 6, b"\x00\x03abc") + string_header("text", "grüße")
    assert read(pack(headers, b"")) == [Frame({"text": "grüße"}, b"")]


def test_every_flipped_bit_is_noticed():
    data = frame(b'{"text":"hello"}', event_type="contentBlockDelta")
    for at in range(len(data)):
        for bit in range(8):
            damaged = bytearray(data)
            damaged[at] ^= 1 << bit
            with pytest.raises(FrameError, match="checksum"):
                read(bytes(damaged))


def test_frames_before_the_damage_are_given():
    seen = []
    with pytest.raises(FrameError):
        seen.extend(FrameReader().feed(frame(b"good") + b"\0" * 12))
    assert seen == [Frame({}, b"good")]


@pytest.mark.parametrize(
    ("total", "headers"),
    [(MAX_LINE + 1, 0), (15, 0), (0, 0), (20, 8), (2**32 - 1, 2**32 - 1), (2**20, 2**17 + 1)],
)
def test_impossible_lengths_are_refused_at_once(total, headers):
    with pytest.raises(FrameError, match="impossible"):
        read(prelude(total, headers))


def test_the_largest_lengths_are_waited_for():
    reader = FrameReader()
    assert list(reader.feed(prelude(MAX_LINE, 2**17))) == []
    assert reader.pending == 12


@pytest.mark.parametrize(
    "headers",
    [
        b"\x05ab",  # a name cut off
        b"\x02ab",  # no type
        b"\x02ab\x07",  # no length
        b"\x02ab\x07\x00",  # half a length
        b"\x02ab\x07\x00\x09short",
        b"\x02ab\x09\x00",  # a UUID of one byte
        b"\x01\xff\x07\x00\x00",  # a name that is not UTF-8
        b"\x01a\x07\x00\x01\xff",
        b"\x01a\x0a",  # no such type
    ],
)
def test_headers_that_cannot_be_read(headers):
    with pytest.raises(FrameError, match="header"):
        read(pack(headers, b""))


def test_no_more_than_a_frame_is_held():
    reader = FrameReader()
    data = frame(b"x" * 1000) * 100
    assert len(list(reader.feed(data))) == 100
    assert reader.pending == 0


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_no_bytes_do_more_than_fail(first, second):
    reader = FrameReader()
    try:
        frames = [*reader.feed(first), *reader.feed(second)]
    except FrameError:
        return
    assert all(isinstance(f, Frame) for f in frames)


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_good_checksums_over_any_headers_do_no_more_than_fail(headers, payload):
    try:
        (found,) = read(pack(headers, payload))
    except FrameError:
        return
    assert found.payload == payload


@given(
    st.lists(
        st.tuples(st.dictionaries(st.text(min_size=1, max_size=20), st.text()), st.binary()),
        max_size=5,
    )
)
def test_botocore_reads_the_same(messages):
    """A second opinion on the format, from those who made it."""
    buffer = pytest.importorskip("botocore.eventstream").EventStreamBuffer()
    data = b"".join(
        pack(b"".join(string_header(n, v) for n, v in headers.items()), payload)
        for headers, payload in messages
    )
    buffer.add_data(data)
    theirs = [(message.headers, message.payload) for message in buffer]
    assert [(f.headers, f.payload) for f in read(data)] == theirs == messages
