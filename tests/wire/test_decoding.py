"""The base of all decoders, by a decoder that knows three words."""

from __future__ import annotations

import pytest

from nbapimgr.models import Delta
from nbapimgr.wire import _decoding, _json
from nbapimgr.wire._decoding import BodyDecoder
from nbapimgr.wire._dialect import Decoded
from nbapimgr.wire._limits import MAX_BODY, MAX_LINE


class Plain(BodyDecoder):
    """Each event is a list of words: say, keep, filter, settle, finish."""

    def __init__(self):
        super().__init__({}, now=0.0)
        self.told = []
        self.kept = ""

    def _event(self, name, data):
        self.told.append(name)
        self._document(_json.loads(data))

    def _document(self, value):
        if not isinstance(value, list):
            msg = "no list"
            raise ValueError(msg)  # noqa: TRY004  # as decoders do
        for word in value:
            if word == "settle":
                self.settled = True
            elif word == "finish":
                self.finished = True
            elif word == "filter":
                self.filtered = True
            else:
                self.kept += word
                self._say(Delta(text=word))

    def _decoded(self):
        return Decoded(text=self.kept, failure=self.failure)


class Lines(Plain):
    ndjson = True


def run(decoder, *pieces):
    said = "".join(delta.text for piece in pieces for delta in decoder.feed(piece))
    decoded = decoder.end()
    return said, decoded.text, decoded.failure and decoded.failure.category


GOOD = b'event: a\ndata: ["x"]\n\ndata: ["y", "settle"]\n\ndata: ["finish"]\n\n'


def test_events_come_in_order_with_their_names():
    decoder = Plain()
    assert run(decoder, GOOD) == ("xy", "xy", None)
    assert decoder.told == ["a", "", ""]
    assert decoder.settled
    assert decoder.finished


def test_nothing_after_the_end_mark_is_heard():
    assert run(Plain(), GOOD + b'data: ["z"]\n\n', b"data: {{\n\n") == ("xy", "xy", None)


def test_a_settled_stream_needs_no_end_mark():
    assert run(Plain(), b'data: ["x", "settle"]\n\n') == ("x", "x", None)


def test_an_end_mark_alone_will_do():
    assert run(Plain(), b'data: ["x"]\n\ndata: ["finish"]\n\n') == ("x", "x", None)


def test_a_stream_without_either_is_broken():
    assert run(Plain(), b'data: ["x"]\n\n') == ("x", "x", "service.stream_broken")


def test_a_missing_last_line_end_is_forgiven():
    assert run(Plain(), b'data: ["x"]\n\ndata: ["y", "settle"]') == ("x", "xy", None)


def test_a_cut_last_event_is_a_broken_stream():
    assert run(Plain(), b'data: ["x"]\n\ndata: ["y"') == ("x", "x", "service.stream_broken")


def test_a_cut_after_the_finish_reason_loses_no_answer():
    assert run(Plain(), b'data: ["x", "settle"]\n\ndata: ["y"') == ("x", "x", None)


def test_broken_json_is_malformed_at_once():
    decoder = Plain()
    decoder.feed(b'data: ["x"]\n\ndata: ["y"\n\n')
    assert decoder.finished
    assert decoder.failure.category == "service.malformed"
    assert run(decoder, GOOD) == ("", "x", "service.malformed")


def test_deep_nesting_is_refused_before_it_is_parsed():
    decoder = Plain()
    assert run(decoder, b"data: " + b"[" * 201 + b"]" * 201 + b"\n\n")[2] == "service.malformed"
    assert decoder.told == []


def test_blank_events_are_no_events():
    decoder = Plain()
    run(decoder, b"data:\n\ndata:   \n\n")
    assert decoder.told == []


def test_nothing_said_is_empty():
    assert run(Plain(), b'data: ["settle"]\n\n')[2] == "service.empty"
    assert run(Plain(), b"[]")[2] == "service.empty"
    assert run(Plain())[2] == "service.empty"


def test_what_a_filter_ate_is_no_empty_answer():
    assert run(Plain(), b'["filter"]')[2] == "request.content_policy"
    assert run(Plain(), b'["x", "filter"]') == ("", "x", None)


def test_the_first_failure_counts():
    decoder = Plain()
    decoder._fail_as("service.error", "first", "")
    decoder._fail_as("service.empty", "second", "")
    assert decoder.end().failure.message == "first"


# --- what came is told from the bytes ----------------------------------------------------------


@pytest.mark.parametrize("before", [b"", b"\n\r\n", b" \t", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n"])
@pytest.mark.parametrize("cls", [Plain, Lines])
def test_white_space_and_a_byte_order_mark_may_come_first(before, cls):
    pieces = [before[i : i + 1] for i in range(len(before))]
    for body in (b'["x", "settle"]', b'data: ["x", "settle"]\n\n'):
        assert run(cls(), *pieces, body)[1:] == ("x", None)
        assert run(cls(), before + body)[1:] == ("x", None)


@pytest.mark.parametrize("start", [b": hello\n\n", b"event: a\n", b"id: 1\n", b"retry: 1\n", b""])
def test_a_stream_may_begin_with_any_field(start):
    assert run(Plain(), start + b'data: ["x", "settle"]\n\n') == ("x", "x", None)


def test_lines_of_json():
    """Where a dialect has them, a brace begins a stream of them."""
    decoder = Lines()
    assert run(decoder, b'{"a": 1}\n')[2] == "service.malformed"
    assert "no list" in decoder.failure.message
    assert decoder.told == [""]
    assert Plain().feed(b'{"a": 1}\n') == []


def test_a_document_says_its_text_at_the_end():
    assert run(Plain(), b'["x",', b' "y"]') == ("", "xy", None)


@pytest.mark.parametrize(
    ("body", "words"),
    [(b"{", "not JSON"), (b"<xml>", "not JSON"), (b"{}", "another shape: no list")],
)
def test_another_document_is_malformed(body, words):
    decoder = Plain()
    assert run(decoder, body)[2] == "service.malformed"
    assert words in decoder.failure.message


def test_a_web_page_is_from_something_in_between():
    decoder = Plain()
    page = b"\n<!DOCTYPE html><html><head><title>Sign in to Cafe</title></head></html>"
    assert run(decoder, page[:9], page[9:])[2] == "network.proxy"
    assert decoder.failure.detail == "a web page: Sign in to Cafe"


# --- bounds ------------------------------------------------------------------------------------


def test_a_document_has_a_limit(monkeypatch):
    monkeypatch.setattr(_decoding, "MAX_BODY", 10)
    assert run(Plain(), b'["x"', b',"yyy"]') == ("", "", "service.malformed")
    assert run(Plain(), b'["x"', b',"yy"]') == ("", "xyy", None)


def test_a_line_has_a_limit():
    assert MAX_LINE < MAX_BODY
    decoder = Plain()
    decoder.feed(b'data: ["x"]\n\ndata: [')
    decoder.feed(b" " * MAX_LINE)
    assert decoder.failure.category == "service.malformed"
    assert decoder.end().text == "x"


def test_what_is_said_has_a_limit(monkeypatch):
    monkeypatch.setattr(_decoding, "MAX_BODY", 10)
    decoder = Plain()
    decoder.feed(b'data: ["' + b"x" * 10 + b'"]\n\n')
    assert decoder.failure is None
    decoder.feed(b'data: ["x"]\n\n')
    assert decoder.failure.category == "service.malformed"


class CutShort(Plain):
    def _decoded(self):
        return Decoded(finish_reason="length", failure=self.failure)


def test_an_answer_that_used_its_tokens_up_is_not_asked_for_again():
    decoder = CutShort()
    decoder.feed(b'data: ["settle", "finish"]\n\n')
    for _ in range(2):
        failure = decoder.end().failure
        assert failure == decoder.failure
        assert (failure.category, failure.retryable) == ("service.empty", False)
        assert "max_tokens was used up" in failure.message
        assert failure.remedy.startswith("raise max_tokens")
    other = Plain()
    other.feed(b'data: ["settle", "finish"]\n\n')
    assert other.end().failure.retryable


def test_an_answer_that_was_cut_short_is_none_only_when_it_is_empty():
    decoder = CutShort()
    decoder.feed(b'data: ["x", "settle", "finish"]\n\n')
    assert decoder.end().failure is None
