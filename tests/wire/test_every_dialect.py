"""What every dialect promises of any answer: whole or cut, damaged, hostile."""

from __future__ import annotations

import tracemalloc
from typing import Any

import msgspec
import pytest
from wire_samples import SAMPLES, STREAMS, TEXT

from nbapimgr.wire import DIALECTS, dialect
from nbapimgr.wire._limits import MAX_BODY

every_sample = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
every_stream = pytest.mark.parametrize("sample", STREAMS, ids=lambda sample: sample.name)
every_dialect = pytest.mark.parametrize("name", DIALECTS)


class Outcome(msgspec.Struct, frozen=True):
    decoded: Any
    text: str
    finished: bool


def decode(name: str, *pieces: bytes, stream: bool = True) -> Outcome:
    decoder = dialect(name).decoder({}, stream=stream, now=0.0)
    deltas = [delta for piece in pieces for delta in decoder.feed(piece)]
    text = "".join(delta.text for delta in deltas if delta.kind == "text")
    finished = decoder.finished
    return Outcome(decoder.end(), text, finished)


def crumbs(data: bytes) -> list[bytes]:
    return [data[i : i + 1] for i in range(len(data))]


def category(outcome: Outcome) -> str | None:
    failure = outcome.decoded.failure
    return failure.category if failure else None


# --- a good answer -----------------------------------------------------------------------------


@every_sample
def test_a_good_answer_is_understood(sample):
    decoded = decode(sample.dialect, sample.body).decoded
    assert decoded.failure is None
    if sample.name == "chat-tool":
        assert decoded.finish_reason == "tool_calls"
        assert [part.arguments for part in decoded.content] == [{"a": 2}]
    else:
        assert decoded.finish_reason == "stop"
        assert decoded.text == TEXT
    assert (decoded.usage.input_tokens, decoded.usage.output_tokens) == (5, 7)


@every_sample
def test_one_byte_at_a_time_says_the_same(sample):
    assert decode(sample.dialect, *crumbs(sample.body)) == decode(sample.dialect, sample.body)


@every_sample
def test_what_came_is_told_from_the_bytes(sample):
    asked, unasked = (decode(sample.dialect, sample.body, stream=said) for said in (True, False))
    assert asked == unasked


@every_stream
def test_a_stream_is_readable_while_it_comes(sample):
    if sample.name != "chat-tool":
        assert decode(sample.dialect, sample.body).text == TEXT


@every_sample
def test_nothing_is_read_after_the_end(sample):
    decoder = dialect(sample.dialect).decoder({}, stream=True, now=0.0)
    decoder.feed(sample.body)
    decoded = decoder.end()
    assert decoder.feed(sample.body) == []
    assert decoder.end() == decoded


# --- a bad one ---------------------------------------------------------------------------------


@every_sample
def test_no_truncated_answer_passes_for_a_whole_one(sample):
    """Cut after any byte: a failure, or all that the whole answer said."""
    whole = decode(sample.dialect, sample.body).decoded
    for end in range(len(sample.body)):
        cut = decode(sample.dialect, sample.body[:end]).decoded
        if cut.failure is None:
            assert (cut.text, cut.content) == (whole.text, whole.content)
            assert cut.finish_reason == whole.finish_reason
        else:
            assert cut.failure.category in {
                "service.stream_broken",
                "service.malformed",
                "service.empty",
            }


@every_stream
def test_a_stream_cut_between_two_events_is_broken(sample):
    outcome = decode(sample.dialect, *sample.events[: len(sample.events) // 2])
    assert category(outcome) == "service.stream_broken"


@every_stream
def test_no_broken_event_is_skipped(sample):
    """One event damaged, the rest fine: never a success (the name of an end mark is enough)."""
    for number, event in enumerate(sample.events):
        if sample.dialect == "bedrock":
            damaged = event[:20] + bytes([event[20] ^ 1]) + event[21:]
        else:
            damaged = event.replace(b"{", b"{{", 1)
        if damaged == event or event.startswith(b"event: message_stop"):
            continue
        events = [*sample.events[:number], damaged, *sample.events[number + 1 :]]
        outcome = decode(sample.dialect, *events)
        assert category(outcome) == "service.malformed", number
        assert outcome.finished


BROKEN = {"service.malformed", "service.stream_broken", "service.empty"}


@every_dialect
@pytest.mark.parametrize(
    "body",
    [
        b"null",
        b"[]",
        b"{}",
        b"NaN",
        b'{"a": NaN}',
        b'{"text": "\xff\xfe"}',
        b'"\xed\xa0\x80"',
        b'{"a": 1e999}',
        b"{" * 100_000,
        b'{"a":' * 201 + b"1" + b"}" * 201,
        b"\0\0\0\x10" + bytes(12),
        b"\0\xff\xff\xff" + bytes(40),
        b"\x1f\x8b\x08\x00 still compressed",
        b"upstream connect error or disconnect/reset before headers",
        b"data: \xff\xff\n\n",
        b"data: " + b"[" * 1000 + b"\n\n",
        b"data: 1\n\n",
        b'data: {"choices": 1, "type": [], "candidates": {}}\n\n',
        b"event: error\n\n",
        b"event: message\n\n: nothing\n\n",
        b"data\ndata\n\n",
    ],
    ids=lambda body: repr(body[:24]),
)
def test_hostile_bytes_are_a_classified_failure(name, body):
    assert category(decode(name, body)) in BROKEN
    assert category(decode(name, *crumbs(body[:5000]))) in BROKEN


@every_dialect
def test_nothing_at_all_is_an_empty_answer(name):
    assert category(decode(name)) == "service.empty"
    assert category(decode(name, b" \r\n", b"\t ")) == "service.empty"


@every_dialect
def test_a_web_page_is_no_answer(name):
    """A captive portal answers 200, too."""
    page = b"<!DOCTYPE html><html><body>Sign in to the network</body></html>"
    outcome = decode(name, page)
    assert category(outcome) == "network.proxy"
    assert "a web page" in outcome.decoded.failure.detail


@every_dialect
def test_an_error_inside_a_good_status_is_a_failure(name):
    said = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    if name in {"cohere", "ollama"}:
        said = {"id": "1", "message": "Overloaded", "error": "Overloaded"}
    outcome = decode(name, msgspec.json.encode(said))
    assert outcome.decoded.failure is not None
    assert outcome.decoded.failure.message


@every_dialect
@pytest.mark.parametrize("start", [b"data: {", b"{", b"<", b": "])
def test_an_endless_body_is_cut_off(name, start):
    """Fifty megabytes without an end: refused, and never all held."""
    decoder = dialect(name).decoder({}, stream=True, now=0.0)
    piece = b"a" * 2**20
    tracemalloc.start()
    try:
        decoder.feed(start)
        fed = 0
        while fed < 50 and not decoder.finished:
            decoder.feed(piece)
            fed += 1
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert decoder.finished
    assert decoder.end().failure.category == "service.malformed"
    assert held < MAX_BODY + 4 * 2**20
    assert peak < 3 * MAX_BODY


SPEAKING = {
    "chat": 3,
    "chat-tool": 1,
    "responses": 3,
    "claude": 4,
    "gemini": 1,
    "cohere": 3,
    "converse": 2,
    "invoke": 4,
    "ollama": 1,
}
"""Which event of the sample can be said again and again."""


@every_stream
def test_an_endless_stream_of_good_events_is_cut_off(sample, monkeypatch):
    """What a stream says is bounded too, not only its lines."""
    for place in (
        "_decoding",
        "anthropic._assembly",
        "openai_responses._decode",
    ):
        monkeypatch.setattr(f"nbapimgr.wire.{place}.MAX_BODY", 1000)
    speaking = SPEAKING[sample.name]
    decoder = dialect(sample.dialect).decoder({}, stream=True, now=0.0)
    for event in sample.events[:speaking]:
        decoder.feed(event)
    for _ in range(1000):
        decoder.feed(sample.events[speaking])
    assert decoder.finished
    assert decoder.end().failure.category == "service.malformed"
