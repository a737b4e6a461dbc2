"""What the dialect `ollama` reads: chats and completions, lists, vectors, and what breaks."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbapimgr.models import Reasoning, Text, ToolCall
from nbapimgr.wire import _decoding, dialect
from nbapimgr.wire.ollama import _decode

ollama = dialect("ollama")
END = {
    "model": "m",
    "done": True,
    "done_reason": "stop",
    "total_duration": 900,
    "prompt_eval_count": 8,
    "eval_count": 3,
}
USAGE = {"total_duration": 900, "prompt_eval_count": 8, "eval_count": 3}


def decode(*pieces):
    decoder = ollama.decoder({}, stream=True, now=1000.0)
    deltas = [delta for piece in pieces for delta in decoder.feed(piece)]
    return decoder.end(), deltas


def lines(*values):
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


def said(message, **more):
    return {"model": "m", "message": {"role": "assistant", **message}, "done": False, **more}


HELLO = lines(said({"content": "Hel"}), said({"content": "lo"}), said({"content": ""}) | END)


def test_a_whole_answer():
    got, _ = decode(json.dumps(said({"content": "Hi"}) | END).encode())
    assert (got.text, got.model, got.finish_reason) == ("Hi", "m", "stop")
    assert got.content == (Text(text="Hi"),)
    assert (got.usage.input_tokens, got.usage.output_tokens) == (8, 3)
    assert got.usage.raw == USAGE
    assert (got.failure, got.response_id) == (None, None)


def test_a_stream():
    got, deltas = decode(HELLO)
    assert got.text == "Hello"
    assert [d.text for d in deltas] == ["Hel", "lo"]
    assert (got.native_finish_reason, got.failure) == ("stop", None)


def test_a_stream_in_crumbs():
    assert decode(*(HELLO[at : at + 1] for at in range(len(HELLO)))) == decode(HELLO)


def test_a_last_line_without_its_end():
    assert decode(HELLO[:-1]) == decode(HELLO)


def test_what_is_known_when():
    decoder = ollama.decoder({}, stream=True, now=0.0)
    decoder.feed(lines(said({"content": "x"})))
    assert (decoder.settled, decoder.finished) == (False, False)
    decoder.feed(lines(END))
    assert (decoder.settled, decoder.finished) == (True, True)
    assert decoder.feed(HELLO) == []


def test_a_completion():
    got, deltas = decode(lines({"response": "Pa"}, {"response": "ris"}, {"response": ""} | END))
    assert (got.text, got.failure) == ("Paris", None)
    assert len(deltas) == 2


def test_thinking_comes_first():
    got, deltas = decode(
        lines(
            said({"content": "", "thinking": "h"}),
            said({"content": "", "thinking": "m"}),
            said({"content": "so"}),
            END,
        )
    )
    assert got.content == (Reasoning(text="hm", raw={"thinking": "hm"}), Text(text="so"))
    assert [d.kind for d in deltas] == ["reasoning", "reasoning", "text"]
    assert got.text == "so"


def test_thoughts_alone_are_an_answer_of_their_kind():
    got, _ = decode(lines(said({"thinking": "hm"}), END | {"done_reason": "length"}))
    assert (got.text, got.finish_reason, got.failure) == ("", "length", None)


def test_tool_calls():
    calls = [
        {"id": "c1", "function": {"index": 0, "name": "add", "arguments": {"x": 1}}},
        {"function": {"name": "now"}},
    ]
    got, deltas = decode(lines(said({"content": "I add.", "tool_calls": calls}), END))
    assert got.content == (
        Text(text="I add."),
        ToolCall(id="c1", name="add", arguments={"x": 1}),
        ToolCall(name="now", arguments={}),
    )
    assert (got.finish_reason, got.native_finish_reason) == ("tool_calls", "stop")
    assert [d.text for d in deltas if d.kind == "tool"] == ['{"x":1}', "{}"]


@pytest.mark.parametrize(
    ("given", "raw", "parsed"),
    [
        ('{"x": 1}', '{"x": 1}', {"x": 1}),
        ('{"cut', '{"cut', None),
        ([1], None, None),
        (7, None, None),
    ],
)
def test_arguments_of_imitators(given, raw, parsed):
    call = {"function": {"name": "a", "arguments": given}}
    got, _ = decode(lines(said({"tool_calls": [call]}), END))
    assert got.content == (ToolCall(name="a", arguments=parsed, raw_arguments=raw),)


def test_a_cut_by_length_with_a_tool_call_is_a_cut():
    call = {"function": {"name": "a", "arguments": {}}}
    got, _ = decode(lines(said({"tool_calls": [call]}), END | {"done_reason": "length"}))
    assert got.finish_reason == "length"


@pytest.mark.parametrize(
    ("reason", "ours"), [("stop", "stop"), ("length", "length"), ("", "stop"), ("new", "other")]
)
def test_why_it_stopped(reason, ours):
    got, _ = decode(lines(said({"content": "x"}), END | {"done_reason": reason}))
    assert (got.finish_reason, got.native_finish_reason) == (ours, reason or None)


def test_an_old_server_gives_no_reason():
    end = {name: value for name, value in END.items() if name != "done_reason"}
    got, _ = decode(lines(said({"content": "x"}), end))
    assert (got.finish_reason, got.native_finish_reason) == ("stop", None)


def test_counts_may_be_missing():
    end = {"done": True, "eval_count": 3}
    got, _ = decode(lines(said({"content": "x"}), end))
    assert (got.usage.input_tokens, got.usage.output_tokens) == (None, 3)
    assert decode(lines(said({"content": "x"}), {"done": True}))[0].usage is None


# --- what is no answer -------------------------------------------------------------------------


@pytest.mark.parametrize("data", [HELLO.rpartition(b"{")[0], lines(said({"content": "x"}))])
def test_a_stream_that_ends_early(data):
    got, _ = decode(data)
    assert got.failure.category == "service.stream_broken"
    assert got.finish_reason is None


def test_a_line_that_is_cut():
    got, _ = decode(HELLO[:-20])
    assert got.failure.category == "service.stream_broken"
    assert got.text == "Hello"


@pytest.mark.parametrize("data", [b"", b"\n\n"])
def test_nothing_at_all(data):
    assert decode(data)[0].failure.category == "service.empty"


def test_an_end_without_an_answer():
    got, _ = decode(lines(END))
    assert got.failure.category == "service.empty"


@pytest.mark.parametrize("reason", ["load", "unload"])
def test_an_empty_prompt_only_moves_the_model(reason):
    got, _ = decode(lines(said({"content": ""}) | END | {"done_reason": reason}))
    assert got.failure.category == "service.empty"
    assert f"the model was only {reason}ed" in got.failure.message


@pytest.fixture
def events(monkeypatch):
    """What the room of failures is handed for an error inside an answer."""
    seen = []
    original = _decode.from_event

    def spy(dialect, payload, headers, *, now):
        seen.append((dialect, payload, headers, now))
        return original(dialect, payload, headers, now=now)

    monkeypatch.setattr(_decode, "from_event", spy)
    return seen


@pytest.mark.parametrize("error", ["out of memory", {"message": "out of memory"}])
def test_an_error_line_is_an_end_at_once(events, error):
    decoder = ollama.decoder({"x-request-id": "1"}, stream=True, now=7.0)
    shown = decoder.feed(lines(said({"content": "so far"}), {"error": error}, END))
    assert [d.text for d in shown] == ["so far"]
    assert decoder.finished
    assert decoder.failure.category == "service.error"
    assert decoder.failure.message == "out of memory"
    assert events == [("ollama", {"error": error}, {"x-request-id": "1"}, 7.0)]
    assert decoder.end().text == "so far"


@pytest.mark.parametrize(
    "data",
    [
        b"<xml>",
        b"[]",
        b"7",
        b"{}\n",
        b'{"x": 1}\n',
        b"{nonsense}\n",
        b'{"response": NaN}\n',
        b'{"response": "\xff"}\n',
        b'{"a":' * 5000 + b"\n",
        b"data: {}\n\n",
        b"data: [1]\n\n",
    ],
)
def test_a_body_that_is_no_answer(data):
    assert decode(data)[0].failure.category == "service.malformed"


def test_a_line_without_end_is_bounded():
    piece = b'{"response": "' + b"x" * 2**20
    decoder = ollama.decoder({}, stream=True, now=0.0)
    for _ in range(20):
        decoder.feed(piece)
    assert decoder.finished
    assert decoder.failure.category == "service.malformed"


@pytest.mark.parametrize(
    "message",
    [
        {"tool_calls": [{}] * 100},
        {"tool_calls": [{"function": {"name": "x" * 10_000}}] * 5},
        {"thinking": "x", "content": "y"},
    ],
)
def test_many_small_things_are_bounded(monkeypatch, message):
    monkeypatch.setattr(_decoding, "MAX_BODY", 20_000)
    decoder = ollama.decoder({}, stream=True, now=0.0)
    for _ in range(50):
        decoder.feed(lines(said(message)))
    assert decoder.finished
    assert decoder.failure.category == "service.malformed"
    assert len(decoder.end().content) < 50


def test_odd_values_are_no_trouble():
    odd = {"model": 1, "message": {"content": 2, "thinking": [], "tool_calls": [1, {}]}, "done": 1}
    got, _ = decode(lines(odd, said({"content": "x"}), END | {"eval_count": "many"}))
    assert (got.text, got.failure) == ("x", None)
    assert got.usage.output_tokens is None
    assert got.content[:2] == (ToolCall(arguments={}), ToolCall(arguments={}))


def test_a_duplicate_key_counts_the_last_time():
    got, _ = decode(b'{"response":"a","response":"b","done":true}\n')
    assert got.text == "b"


@given(st.lists(st.binary(max_size=40), max_size=6))
def test_no_bytes_raise(pieces):
    got, _ = decode(*pieces)
    assert got.failure is not None


WORDS = st.sampled_from(
    """model message response content thinking tool_calls function name arguments id done
    done_reason error eval_count prompt_eval_count""".split()  # noqa: SIM905  # a list of words
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(st.dictionaries(WORDS, JSON, max_size=5), max_size=5))
def test_no_lines_raise(values):
    got, _ = decode(lines(*values))
    assert got.failure is not None or got.content


# --- lists and vectors -------------------------------------------------------------------------


def test_models_are_read():
    listed = {"models": [{"name": "a:1b", "model": "a:1b"}, {"name": "b"}, {"size": 1}, "odd"]}
    models, following = ollama.read_models(json.dumps(listed).encode())
    assert [(model.id, model.context_window) for model in models] == [("a:1b", None), ("b", None)]
    assert models[0].raw == {"name": "a:1b", "model": "a:1b"}
    assert following is None


@pytest.mark.parametrize("odd", [b"", b"[]", b'{"error":"no"}', b"<html>", b'{"models":1}'])
def test_what_is_no_list_is_said_to_be_none(odd):
    with pytest.raises(ValueError, match=r"."):
        ollama.read_models(odd)


def test_vectors():
    body = {"model": "e", "embeddings": [[0.5, -1], [1, 2]], "prompt_eval_count": 4}
    got = ollama.read_embeddings(json.dumps(body).encode())
    assert got.vectors == ([0.5, -1], [1, 2])
    assert (got.model, got.usage.input_tokens, got.failure) == ("e", 4, None)


def test_a_vector_of_the_older_api():
    got = ollama.read_embeddings(b'{"embedding": [0.5, 1.5]}')
    assert (got.vectors, got.model, got.usage) == (([0.5, 1.5],), None, None)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "The response is"),
        (b"[]", "no vectors"),
        (b'{"embeddings": []}', "no vectors"),
        (b'{"embeddings": [1]}', "no vectors"),
        (b'{"embeddings": [[]]}', "no vectors"),
        (b'{"error": "not an embedding model"}', "not an embedding model"),
    ],
)
def test_what_holds_no_vectors(body, message):
    failure = ollama.read_embeddings(body).failure
    assert failure.category == "service.malformed"
    assert message in failure.message
