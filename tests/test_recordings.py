"""Recordings: found again by what was asked, scrubbed, never half written."""

from __future__ import annotations

import json
import os

import msgspec
import pytest

from nbapimgr.errors import NbApiMgrError, RecordingMissing
from nbapimgr.models import (
    Attempt,
    Candidate,
    Cost,
    Failure,
    Image,
    Provider,
    Reply,
    Request,
    Text,
    Usage,
    user,
)
from nbapimgr.recordings import Recordings
from nbapimgr.secret import Secret

PROVIDER = Provider(name="mine", dialect="openai-chat", base_url="http://127.0.0.1:1/v1")


def ask(prompt="hello", **fields):
    return Request(messages=(user(prompt),), **fields)


def reply(text="hi", **fields):
    return Reply(
        text=text,
        candidate=Candidate(provider=PROVIDER, model="m"),
        model="m-1",
        content=(Text(text=text),),
        usage=Usage(input_tokens=3, output_tokens=1, raw={"x": 1}),
        cost=Cost(amount=0.5, source="local"),
        elapsed=1.23456,
        **fields,
    )


def test_a_saved_reply_comes_back(tmp_path):
    recordings = Recordings(tmp_path / "r")
    recordings.save(ask(), reply(finish_reason="stop"))
    back = recordings.replay(ask())
    assert (back.text, back.model, back.provider, back.source) == ("hi", "m-1", "mine", "replay")
    assert back.usage.total_tokens == 4
    assert back.cost.amount == 0.5
    assert back.finish_reason == "stop"
    assert back.elapsed == 1.235


def test_what_shapes_the_answer_shapes_the_key(tmp_path):
    key = Recordings(tmp_path).key
    different = [
        ask(), ask("hello!"), ask(system="be brief"), ask(temperature=0.0), ask(route="fast"),
        ask(max_tokens=5), ask(schema={"type": "object"}), ask(extra={"k": 1}), ask(seed=1),
        Request(messages=(user("hello", (Image(data=b"a"),)),)),
        Request(messages=(user("hello", (Image(data=b"b"),)),)),
    ]  # fmt: skip
    assert len({key(r) for r in different}) == len(different)


def test_what_does_not_shape_the_answer_leaves_the_key(tmp_path):
    key = Recordings(tmp_path).key
    same = [ask(), ask(timeout=3.0), ask(stream=False), ask(fallback=False), ask(only=("mine",))]
    assert len({key(r) for r in same}) == 1


def test_a_missing_recording_says_which_and_how_to_make_it(tmp_path):
    recordings = Recordings(tmp_path / "llm-recordings")
    with pytest.raises(RecordingMissing) as e:
        recordings.replay(ask("what is " + "x" * 100))
    assert recordings.key(ask("what is " + "x" * 100)) in str(e.value)
    assert "…" in str(e.value)
    assert "NBAPIMGR_MODE=record" in e.value.hint
    assert recordings.load(Request(messages=())) is None


def test_a_damaged_recording_is_named_and_left_alone(tmp_path):
    recordings = Recordings(tmp_path)
    recordings.path(ask()).write_bytes(b"{broken")
    with pytest.raises(NbApiMgrError, match="cannot be read"):
        recordings.load(ask())
    assert recordings.path(ask()).read_bytes() == b"{broken"


@pytest.mark.parametrize("wrapped", ["{}", "Bearer {}", 'x = "{}"', "a {} b"])
def test_keys_are_scrubbed(tmp_path, wrapped):
    known = "correct-horse-battery"
    shaped = "sk-proj-" + "Ab1" * 12
    recordings = Recordings(tmp_path, secrets=lambda: [Secret(known), Secret("short")])
    for key in (known, shaped):
        request = ask(wrapped.format(key))
        recordings.save(request, reply(f"your key is {key}, short"))
        written = recordings.path(request).read_text()
        assert key not in written
        assert "short" in written
        assert "[secret]" in recordings.replay(request).text


def test_the_file_is_readable_and_deterministic(tmp_path):
    one, two = Recordings(tmp_path / "1"), Recordings(tmp_path / "2")
    one.save(ask(extra={"b": 1, "a": 2}), reply())
    two.save(ask(extra={"a": 2, "b": 1}), reply())
    (a,), (b,) = (list(r.folder.iterdir()) for r in (one, two))
    assert a.name == b.name
    kept = json.loads(a.read_text())
    assert kept["asked"]["messages"][0]["content"][0]["text"] == "hello"
    assert "raw" not in kept["reply"]["usage"]
    assert kept["version"] == 1


def test_a_failed_write_leaves_the_old_recording(tmp_path, monkeypatch):
    recordings = Recordings(tmp_path)
    recordings.save(ask(), reply("old"))

    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(OSError, match="No space"):
        recordings.save(ask(), reply("new"))
    monkeypatch.undo()
    assert recordings.replay(ask()).text == "old"
    assert [p.suffix for p in tmp_path.iterdir() if p.is_file()] == [".json"]


def test_the_trail_is_kept(tmp_path):
    recordings = Recordings(tmp_path)
    broken = Failure(category="service.stream_broken", scope="provider", retryable=True)
    tried = [
        Attempt(
            number=n,
            candidate=Candidate(provider=PROVIDER, model=model, credential="spare"),
            started_at=5.0,
            duration=1.5,
            outcome="error" if failure else "ok",
            failure=failure,
        )
        for n, (model, failure) in enumerate([("a", broken), ("b", None)], 1)
    ]
    recordings.save(ask(), msgspec.structs.replace(reply(), attempts=tuple(tried)))
    back = recordings.replay(ask()).attempts
    assert [(str(a.candidate), a.outcome) for a in back] == [("mine:a", "error"), ("mine:b", "ok")]
    assert back[0].failure == broken
    assert "spare" not in recordings.path(ask()).read_text()


def test_records_survive_the_round_trip(tmp_path):
    recordings = Recordings(tmp_path)
    request = ask("päper 💡")
    recordings.save(request, reply("zwölf 💡"))
    assert recordings.replay(request).text == "zwölf 💡"
    assert msgspec.json.decode(recordings.path(request).read_bytes())["reply"]["provider"] == "mine"


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_a_recording_is_shared_like_any_file_beside_the_notebook(tmp_path):
    recordings = Recordings(tmp_path / "r")
    recordings.save(ask(), reply())
    beside = tmp_path / "notebook.ipynb"
    beside.touch()
    assert recordings.path(ask()).stat().st_mode == beside.stat().st_mode
