"""Reads `application/vnd.amazon.eventstream`: bytes cut anywhere in, checked frames out.

A frame is four bytes of total length, four of header length, a CRC32 of those eight, the headers,
the payload, and a CRC32 of all before it; numbers are big-endian
(smithy.io, "Amazon Event Stream Specification").
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Final

import msgspec

from nbapimgr.wire._limits import MAX_LINE

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CONTENT_TYPE", "Frame", "FrameError", "FrameReader"]

CONTENT_TYPE: Final = "application/vnd.amazon.eventstream"

_PRELUDE: Final = struct.Struct(">III")
_CRC: Final = struct.Struct(">I")
_CRCED: Final = 8
"""How many bytes of the prelude its own CRC covers."""
_SMALLEST: Final = _PRELUDE.size + _CRC.size
_LARGEST_HEADERS: Final = 128 * 1024
"""The specification's limit for the headers of one frame, in bytes."""

_WIDTHS: Final = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Header types of a fixed width, in bytes: two booleans, four integers, a moment, a UUID."""
_BLOB: Final = 6
_STRING: Final = 7


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One message: its headers of type string, and the payload as it came."""

    headers: dict[str, str]
    payload: bytes


class FrameError(ValueError):
    """The bytes are no event stream, or were damaged on the way."""


class FrameReader:
    """Puts frames together. Holds at most one frame, and trusts a length only after its CRC."""

    __slots__ = ("_block", "_buffer", "_headers", "_need")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._need = 0
        self._block = b""
        self._headers: dict[str, str] = {}

    @property
    def pending(self) -> int:
        """How many bytes of an unfinished frame are held."""
        return len(self._buffer)

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take the next bytes and give the frames that are now whole.

        Raises:
            FrameError: A length is impossible, a CRC is wrong, or the headers cannot be read.
        """
        self._buffer += data
        start = 0
        try:
            while len(self._buffer) - start >= (self._need or _PRELUDE.size):
                self._need = self._need or self._length(start)
                if len(self._buffer) - start < self._need:
                    break
                frame = bytes(self._buffer[start : start + self._need])
                start += self._need
                self._need = 0
                yield self._read(frame)
        finally:
            del self._buffer[:start]

    def _length(self, start: int) -> int:
        total, headers, crc = _PRELUDE.unpack_from(self._buffer, start)
        if zlib.crc32(self._buffer[start : start + _CRCED]) != crc:
            raise FrameError("the checksum of a frame's first bytes is wrong")
        if headers > _LARGEST_HEADERS or total > MAX_LINE or total < _SMALLEST + headers:
            raise FrameError(f"a frame of {total} bytes with {headers} of headers is impossible")
        return int(total)

    def _read(self, frame: bytes) -> Frame:
        body = len(frame) - _CRC.size
        if zlib.crc32(frame[:body]) != _CRC.unpack_from(frame, body)[0]:
            raise FrameError("the checksum of a frame is wrong")
        split = _PRELUDE.size + int.from_bytes(frame[4:8], "big")
        block = frame[_PRELUDE.size : split]
        if block != self._block:  # the pieces of one answer mostly have the same headers
            self._headers = _read_headers(block)
            self._block = block
        return Frame(self._headers, frame[split:body])


def _read_headers(block: bytes) -> dict[str, str]:
    try:
        return dict(_headers(block))
    except (IndexError, UnicodeDecodeError) as error:
        raise FrameError("the headers of a frame cannot be read") from error


def _headers(block: bytes) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(block):
        at, name = _piece(block, at + 1, block[at])
        kind = block[at]
        at += 1
        if kind in _WIDTHS:
            at, _ = _piece(block, at, _WIDTHS[kind])
        elif kind in {_BLOB, _STRING}:
            at, value = _piece(block, at + 2, int.from_bytes(block[at : at + 2], "big"))
            if kind == _STRING:
                yield name.decode("utf-8"), value.decode("utf-8")
        else:
            raise FrameError(f"a frame has a header of the unknown type {kind}")


def _piece(block: bytes, at: int, length: int) -> tuple[int, bytes]:
    end = at + length
    if end > len(block):
        raise IndexError
    return end, block[at:end]
