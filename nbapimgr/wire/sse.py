"""Bytes cut anywhere -> lines, and lines -> events; bounded, never raising.

`SseReader` reads the event-stream format of the WHATWG HTML standard, section 9.2: line ends LF,
CRLF and CR, a byte order mark, comments, fields with and without a space after the colon, several
`data` lines in one event. It differs from the standard in one point: an event whose closing blank
line is missing when the stream ends is delivered and not dropped, since providers forget that line.
"""

from __future__ import annotations

from typing import TypeAlias

from nbapimgr.wire._limits import MAX_LINE

__all__ = ["Event", "LineReader", "NdjsonReader", "SseReader"]

Event: TypeAlias = tuple[str, bytes]
"""The event's name ("" where none was sent) and its data. A plain tuple: one is made per token."""

_BOM = b"\xef\xbb\xbf"
_CR, _LF = 13, 10


class LineReader:
    """Cuts bytes into lines without their ends, whatever the pieces they come in.

    Args:
        limit: The longest line, in bytes.

    Attributes:
        overflow: A line was over the limit; that line and all after it are dropped.
    """

    __slots__ = ("_limit", "_rest", "_skip_lf", "_started", "overflow")

    def __init__(self, limit: int = MAX_LINE) -> None:
        self._limit = limit
        self._rest = bytearray()
        self._skip_lf = False
        self._started = False
        self.overflow = False

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that `data` completes."""
        if self.overflow or not data:
            return []
        if self._skip_lf:
            self._skip_lf = False
            data = data[1:] if data[0] == _LF else data
        if b"\n" not in data and b"\r" not in data:
            # No line ends here: keep the piece. Joining and searching it again with each further
            # piece would be quadratic in the length of the line.
            self._rest += data
            self._check(self._rest)
            return []
        if self._rest:
            data = bytes(self._rest + data)
            self._rest.clear()
        lines = data.splitlines()  # for bytes: LF, CR and CRLF, nothing else
        last = data[-1]
        if last == _CR:
            self._skip_lf = True
        elif last != _LF:
            self._rest += lines.pop()
        if not self._started:
            self._started = True
            lines[0] = lines[0].removeprefix(_BOM)
        if len(data) > self._limit:
            return self._within(lines)
        return lines

    def end(self) -> list[bytes]:
        """The last line, when it had no line end."""
        if self.overflow or not self._rest:
            return []
        line = bytes(self._rest)
        self._rest.clear()
        return [line if self._started else line.removeprefix(_BOM)]

    def _within(self, lines: list[bytes]) -> list[bytes]:
        for number, line in enumerate(lines):
            if self._check(line):
                return lines[:number]
        self._check(self._rest)
        return lines

    def _check(self, line: bytes | bytearray) -> bool:
        if len(line) <= self._limit:
            return False
        self.overflow = True
        self._rest = bytearray()
        return True


class SseReader:
    """Turns the bytes of an event stream into events.

    Args:
        limit: The longest line, and the most data of one event, in bytes.
    """

    __slots__ = ("_data", "_limit", "_lines", "_name", "_size")

    def __init__(self, limit: int = MAX_LINE) -> None:
        self._lines = LineReader(limit)
        self._limit = limit
        self._name = ""
        self._data: list[bytes] = []
        self._size = 0

    @property
    def overflow(self) -> bool:
        """A line or an event was over the limit; it and all after it are dropped."""
        return self._size > self._limit or self._lines.overflow

    def feed(self, data: bytes) -> list[Event]:
        """The events that `data` completes."""
        return self._read(self._lines.feed(data))

    def end(self) -> list[Event]:
        """The last event, when its closing blank line (or its very end) was missing."""
        return [] if self.overflow else self._read([*self._lines.end(), b""])

    def _read(self, lines: list[bytes]) -> list[Event]:
        events: list[Event] = []
        data = self._data
        for line in lines:
            if line[:6] == b"data: ":  # as good as every line; the rest goes the long way
                self._take(line, line[6:])
            elif line:
                self._field(line)
            else:
                if data:
                    events.append((self._name, data[0] if len(data) == 1 else b"\n".join(data)))
                    data.clear()
                    self._size = 0
                self._name = ""
        return events

    def _field(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._take(line, value)
        elif name == b"event":
            self._name = value.decode("utf-8", "replace")
        # A comment has an empty name. `id` and `retry` are for reconnecting; a POST does not.

    def _take(self, line: bytes, value: bytes) -> None:
        self._size += len(line)
        if self._size <= self._limit:
            self._data.append(value)
        else:  # the size stays over the limit, so nothing is delivered any more
            self._data.clear()


class NdjsonReader:
    """Turns newline-delimited JSON into events without a name.

    Args:
        limit: The longest line, in bytes.
    """

    __slots__ = ("_lines",)

    def __init__(self, limit: int = MAX_LINE) -> None:
        self._lines = LineReader(limit)

    @property
    def overflow(self) -> bool:
        """A line was over the limit; it and all after it are dropped."""
        return self._lines.overflow

    def feed(self, data: bytes) -> list[Event]:
        """The lines that `data` completes."""
        return [("", line) for line in self._lines.feed(data)]

    def end(self) -> list[Event]:
        """The last line, when it had no line end."""
        return [("", line) for line in self._lines.end()]
