"""`%llm COMMAND` in a real kernel: each gives one result that reads well as text."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("%llm", "rehearsal-anthropic"),
        ("%llm help", "--temperature"),
        ("%llm help schema", "'name, age int'"),
        ("%llm providers", "rehearsal-gemini"),
        ("%llm models", "rehearsal-gemini:rehearsed-gemini"),
        ("%llm keys", "No key is known"),
        ("%llm why", "tried in this place"),
        ("%llm why rehearsal-gemini", "rehearsal-gemini:rehearsed-gemini"),
        ("%llm trace", "Nothing was asked"),
        ("%llm last", "Nothing was asked"),
        ("%llm usage", "No calls"),
        ("%llm mode", "mode live"),
        ("%llm mode replay", "no network"),
        ("%llm doctor", "ipykernel"),
        ("%llm version", "nbapimgr 0."),
        ("%llm use rehearsal-gemini", "rehearsal-gemini"),
    ],
)
def test_a_command_gives_one_result(kernel, code, says):
    ran = kernel.run(code).ok()
    (shown,) = ran.outputs()
    assert shown["kind"] == "execute_result"
    assert says in shown["data"]["text/plain"]
    assert ran.stderr == ""


def test_after_a_call_trace_last_and_usage_tell_of_it(kernel):
    kernel.run("%%llm\nHello there").ok()
    assert "rehearsed-anthropic" in kernel.run("%llm trace").ok().outputs()[0]["data"]["text/plain"]
    assert "This answer" in kernel.run("%llm last").ok().outputs()[0]["data"]["text/plain"]
    table = kernel.run("%llm usage --by provider").ok().outputs()[0]["data"]["text/plain"]
    assert "rehearsal-anthropic" in table


def test_use_is_obeyed(kernel):
    kernel.run("%llm use rehearsal-gemini").ok()
    kernel.run("%%llm\nHello there").ok()
    assert kernel.evaluate("_llm.provider") == "'rehearsal-gemini'"


def test_record_then_replay_is_the_same_without_a_provider(kernel, rehearsal):
    kernel.run("%llm mode record").ok()
    live, _ = kernel.run("%%llm\nHello there").ok().outputs()
    kernel.run("%llm mode replay").ok()
    before = len(rehearsal.requests())
    ran = kernel.run("%%llm\nHello there").ok()
    assert ran.kinds == ["execute_result"]
    (replayed,) = ran.outputs()
    assert replayed["data"] == live["data"]
    assert len(rehearsal.requests()) == before
    missing = kernel.run("%%llm\nSomething else")
    assert missing.error["ename"] == "RecordingMissing"
    assert "record" in missing.error["traceback"][1]


@pytest.mark.parametrize(
    ("typed", "offers"),
    [
        ("%%llm --temp", "--temperature"),
        ("%llm mod", "models"),
        ("%%llm rehearsal-a", "rehearsal-anthropic"),
        ("%%llm rehearsal-gemini:re", "rehearsal-gemini:rehearsed-gemini"),
        ("%%llm -f co", "code"),
        ("my_variable = 1\n", None),
        ("%%llm\nlook at {{ my_var", "my_variable"),
    ],
)
def test_completion(kernel, typed, offers):
    kernel.run("my_variable = 1").ok()
    reply = kernel.complete(typed)
    assert offers is None or any(offers in match for match in reply["matches"])
