"""Any bytes, in any pieces, to any dialect: never an exception, always the same outcome."""

from __future__ import annotations

import base64
import os
import struct
from copy import deepcopy
from itertools import pairwise

import aws_frames
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wire_samples import SAMPLES

from nbapimgr.wire import DIALECTS, Decoded, dialect, failures

EXAMPLES = int(os.environ.get("NBAPIMGR_FUZZ_EXAMPLES", "60"))
quickly = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
every_dialect = pytest.mark.parametrize("name", DIALECTS)

TOKENS = st.sampled_from(
    [
        *(b"data: ", b"event: error\n", b"\r", b"\n\n", b"\xef\xbb\xbf", b": ", b"[DONE]"),
        *(b"{", b"}", b"[", b"]", b'"', b"null", b"NaN", b"-1", b"1e400", b'""', b"[[[[[["),
        *(b'"error":', b'"usage":', b'"content":', b'"type":', b'"id":', b"9" * 40),
        *(b"\\ud800", b"\xff", b"\0"),
    ]
)


@st.composite
def mutated(draw, body: bytes) -> bytes:
    """A good answer with a few things in it removed, repeated, replaced or put in."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(body)))
        end = min(len(body), start + draw(st.integers(0, 40)))
        with_what = draw(st.sampled_from(["nothing", "twice", "token", "bytes"]))
        if with_what == "nothing":
            piece = b""
        elif with_what == "twice":
            piece = body[start:end] * 2
        elif with_what == "token":
            piece = draw(TOKENS)
        else:
            piece = draw(st.binary(max_size=8))
        body = body[:start] + piece + body[end:]
    return body


@st.composite
def retyped(draw, body: bytes) -> bytes:
    """A good document in which some values are of another kind: the JSON stays good."""
    value = msgspec.json.decode(body)
    for _ in range(draw(st.integers(1, 3))):
        holder = value
        while isinstance(holder, dict | list) and holder:
            keys = list(holder) if isinstance(holder, dict) else range(len(holder))
            key = draw(st.sampled_from(list(keys)))
            if not isinstance(holder[key], dict | list) or draw(st.booleans()):
                holder[key] = draw(ODD)
                break
            holder = holder[key]
    return msgspec.json.encode(value)


ODD = st.sampled_from([None, True, 0, -1, 1.5, 2**70, "", "x", [], [None], {}, {"a": 1}, [[]]]).map(
    deepcopy
)


def opened(event: bytes):
    """The JSON in an event, and what puts other JSON in its place."""
    if event[:1] == b"\0":
        end = 12 + struct.unpack(">I", event[4:8])[0]
        payload = event[end:-4]
        if inner := msgspec.json.decode(payload).get("bytes"):
            return base64.b64decode(inner), lambda new: aws_frames.chunk(msgspec.json.decode(new))
        return payload, lambda new: aws_frames.pack(event[12:end], new)
    start, end = event.find(b"{"), event.rfind(b"}") + 1
    return event[start:end], lambda new: event[:start] + new + event[end:]


def decode(name: str, pieces: list[bytes]) -> tuple[Decoded, dict[str, str], bool]:
    decoder = dialect(name).decoder({}, stream=True, now=0.0)
    said = {"text": "", "reasoning": "", "tool": ""}
    for piece in pieces:
        for delta in decoder.feed(piece):
            assert delta.text
            said[delta.kind] += delta.text
    finished = decoder.finished
    return decoder.end(), said, finished


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(c % (len(data) + 1) for c in cuts)})
    return [data[a:b] for a, b in pairwise(edges)]


def check(name: str, body: bytes, cuts: list[int]) -> None:
    decoded, said, finished = decode(name, [body])
    assert decode(name, cut(body, cuts)) == (decoded, said, finished)
    if decoded.failure is not None:
        assert decoded.failure.category in failures.CATEGORIES
    else:
        assert decoded.text or decoded.content or decoded.refusal
    msgspec.json.encode(decoded)  # what is kept of it can be written down


CUTS = st.lists(st.integers(0, 10_000), max_size=12)


@every_dialect
@quickly
@given(body=st.binary(max_size=300), cuts=CUTS)
def test_any_bytes(name, body, cuts):
    check(name, body, cuts)


@every_dialect
@quickly
@given(tokens=st.lists(TOKENS, max_size=30), cuts=CUTS)
def test_pieces_of_the_grammar(name, tokens, cuts):
    check(name, b"".join(tokens), cuts)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
@quickly
@given(data=st.data(), cuts=CUTS)
def test_damaged_answers(sample, data, cuts):
    check(sample.dialect, data.draw(mutated(sample.body)), cuts)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
@quickly
@given(data=st.data(), cuts=CUTS)
def test_answers_of_another_shape(sample, data, cuts):
    """Good JSON whose fields hold what nobody expects there."""
    number = data.draw(st.integers(0, len(sample.events) - 1))
    payload, close = opened(sample.events[number])
    odd = close(data.draw(retyped(payload)) if payload else b"")
    events = [*sample.events[:number], odd, *sample.events[number + 1 :]]
    check(sample.dialect, b"".join(events), cuts)


@every_dialect
@quickly
@given(body=st.binary(max_size=200) | st.lists(TOKENS, max_size=30).map(b"".join))
def test_lists_of_models(name, body):
    """A model list or `ValueError`, nothing else."""
    try:
        models, following = dialect(name).read_models(body)
    except ValueError:
        return
    assert all(isinstance(model.id, str) for model in models)
    assert following is None or isinstance(following, str)
