"""A question from its line to its result: what is asked, shown, kept, and what stops it."""

from __future__ import annotations

import json
import os
from types import SimpleNamespace

import pytest

from nbapimgr import (
    RecordingMissing,
    SchemaError,
)
from nbapimgr.magics import _watch
from nbapimgr.magics._card import Card
from nbapimgr.magics._result import Formed
from nbapimgr.magics._shell import origin
from nbapimgr.manager import Source, connect
from nbapimgr.models import Cost, Delta, Image, Restarted, Started, Usage
from nbapimgr.settings import Settings
from tests.magics.replies import ONE, TWO, answering, failing

REHEARSED = "This answer is rehearsed"


def llm(shell):
    return shell.user_ns["_llm"]


# what is asked


def test_each_option_reaches_the_request(run, script):
    asked = script(*answering())
    run(
        "%%llm first -s 'be brief' -o top_k=4 --temperature 0.5 --top-p 0.9 --max-tokens 7 "
        "--seed 3 --stop END --reasoning low --timeout 30 --no-fallback --only first "
        "--exclude second --no-stream\nWhat is {{ 1 + 1 }}?"
    ).ok()
    ((request, source),) = asked
    assert request.messages[0].text == "What is 2?"
    assert (request.route, request.system, request.extra) == ("first", "be brief", {"top_k": 4})
    assert (request.temperature, request.top_p, request.max_tokens) == (0.5, 0.9, 7)
    assert (request.seed, request.stop, request.reasoning) == (3, ("END",), "low")
    assert (request.timeout, request.fallback, request.stream) == (30, False, False)
    assert (request.only, request.exclude) == (("first",), ("second",))
    assert source == Source()


def test_raw_prompts_stay_as_they_are(run, script):
    asked = script(*answering())
    run("%%llm --raw\n{{ 1 + 1 }}").ok()
    assert asked[0][0].messages[0].text == "{{ 1 + 1 }}"


def test_what_is_attached_stands_before_the_words(run, script, shell):
    asked = script(*answering())
    shell.user_ns["picture"] = b"\x89PNG\r\n\x1a\n"
    run("%%llm -a picture\nWhat is it?").ok()
    picture, words = asked[0][0].messages[0].content
    assert picture == Image(data=b"\x89PNG\r\n\x1a\n")
    assert words.text == "What is it?"


def test_local_variables_are_seen(run, script):
    asked = script(*answering())
    run("def f():\n    place = 'Oslo'\n    %llm where is {{ place }}?\nf()").ok()
    assert asked[0][0].messages[0].text == "where is Oslo?"


@pytest.mark.parametrize(
    ("options", "mode", "source"),
    [
        ("", "live", Source()),
        ("", "record", Source(mode="record")),
        ("--cache", "live", Source(cache=True)),
        ("--refresh", "live", Source(refresh=True)),
        ("--record", "live", Source(mode="record")),
        ("--replay", "record", Source(mode="replay")),
        ("--record", "replay", Source(mode="record")),
        ("--cache", "replay", Source(mode="replay", cache=True)),
    ],
)
def test_where_the_answer_may_come_from(run, script, manager, options, mode, source):
    asked = script(*answering())
    manager.mode = mode
    run(f"%%llm {options}\nhello").ok()
    assert asked[0][1] == source


def test_where_a_call_comes_from(shell, run, script, monkeypatch, tmp_path):
    asked = script(*answering())
    monkeypatch.setenv("JPY_SESSION_NAME", "/some/where/report.ipynb")
    shell.get_parent = lambda: {"metadata": {"cellId": "abc"}}
    run("%%llm\nhello", store_history=True).ok()
    came_from = asked[0][0].origin
    assert (came_from.notebook, came_from.cell_id) == ("report.ipynb", "abc")
    assert came_from.project == tmp_path.name
    assert came_from.execution_count == 1


def terminal(**more):
    return SimpleNamespace(displayhook=SimpleNamespace(prompt_count=3), **more)


@pytest.mark.parametrize("parent", [None, {}, {"metadata": {}}, {"metadata": {"cellId": ""}}])
def test_a_front_end_may_say_nothing_of_the_cell(parent):
    assert origin(terminal(get_parent=lambda: parent)).cell_id is None


def test_a_terminal_says_nothing_of_the_cell():
    came_from = origin(terminal())
    assert (came_from.cell_id, came_from.notebook, came_from.execution_count) == (None, None, 3)


def test_a_folder_that_was_deleted_stops_no_call(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert origin(terminal()).project is None


# what is shown


@pytest.mark.usefixtures("in_notebook")
def test_in_a_notebook_the_answer_grows_and_is_the_hidden_result(run, script, shell):
    script(*answering(usage=Usage(input_tokens=1, output_tokens=2), cost=Cost(amount=0.0)))
    ran = run("%%llm\nhello").ok()
    assert ran.texts == ["An answer.", "✓ first:m1-2026 · 1.2 s · 1→2 tok · $0"]
    assert "An answer." not in ran.stdout
    assert ran.value is llm(shell)
    assert ran.shown[0]["metadata"]["nbapimgr"]["model"] == "m1-2026"
    assert ran.sent[0]["data"]["text/plain"] == "An"


def test_in_a_terminal_the_answer_is_written(run, script, shell):
    script(*answering(cost=Cost(amount=0.5)))
    ran = run("%%llm\nhello", store_history=True).ok()
    assert ran.stdout == "An answer.\n✓ first:m1-2026 · 1.2 s · $0.5000\n"
    assert ran.sent == []
    assert shell.user_ns["_"] is shell.user_ns["Out"][1] is llm(shell)


def test_in_a_terminal_without_streaming_the_answer_is_the_result(run, script):
    script(*answering())
    ran = run("%%llm --no-stream\nhello", store_history=True).ok()
    assert ran.stdout == "Out[1]: An answer.\n"


def test_reasoning_is_no_part_of_what_is_shown(run, script):
    script(Started(candidate=ONE, number=1), Delta(text="hm", kind="reasoning"), *answering()[1:])
    assert run("%%llm -q\nhello").ok().stdout == "An answer.\n"


@pytest.mark.usefixtures("in_notebook")
def test_trouble_stands_in_the_footer(run, script, manager, monkeypatch):
    monkeypatch.setattr(type(manager), "trouble", ("usage is not saved",))
    script(*answering())
    assert run("%%llm\nhello").ok().texts[1].endswith("price unknown · usage is not saved")


@pytest.mark.usefixtures("in_notebook")
def test_a_restart_and_a_long_wait_are_said(run, script):
    script(
        Started(candidate=ONE, number=1),
        Delta(text="half of"),
        failing(wait=0.3, category="service.stream_broken"),
        Restarted(candidate=TWO, kept_text="half of"),
        Started(candidate=TWO, number=2),
        failing(wait=12.4, candidate=TWO, next_=ONE, message="wait\na bit ![x](http://e.invalid)"),
        *answering("whole"),
    )
    ran = run("%%llm -q\nhello").ok()
    notes = [o["data"]["text/plain"].strip() for o in ran.sent if o["data"]["text/plain"][0] == "["]
    assert notes[0] == "[restarted on second:m2 after 2 words]"
    assert notes[1] == (
        "[second:m2 · 0.5 s · rate_limit.short: wait a bit ![x](http://e.invalid)"
        " · asking first:m1 in 12 s]"
    )
    assert "![x]" not in "".join(o["data"].get("text/markdown", "") for o in ran.sent)
    assert ran.texts == ["whole"]


def test_one_word_is_one_word():
    assert _watch._restarted(Restarted(candidate=TWO, kept_text="one")).endswith("after 1 word")
    assert _watch._restarted(Restarted(candidate=TWO, kept_text="")).endswith("after 0 words")


@pytest.mark.parametrize(
    ("event", "is_said"),
    [
        (failing(wait=0.99), False),
        (failing(wait=1.0), True),
        (failing(wait=5.0, next_=None), False),
    ],
)
def test_only_waits_that_one_would_wonder_about_are_said(run, script, event, is_said):
    script(event, *answering())
    assert ("asking" in run("%%llm\nhello").ok().stdout) is is_said


@pytest.mark.usefixtures("in_notebook")
@pytest.mark.parametrize(
    ("form", "text", "shown"),
    [
        ("text", "*a*", "*a*"),
        ("code", "Look:\n```py\nx = 1\n```", "x = 1"),
        ("json", '{"a":1}', '{\n  "a": 1\n}'),
    ],
)
def test_other_forms(run, script, shell, form, text, shown):
    script(*answering(text))
    ran = run(f"%%llm -q -f {form}\nhello").ok()
    assert ran.texts == [shown]
    assert llm(shell).text == text
    replayed = run(f"%%llm --replay -q -f {form}\nhello").ok()
    assert isinstance(replayed.value, Formed)
    assert replayed.value.text == text
    assert shown in replayed.stdout
    assert replayed.sent == []


def test_code_is_put_into_a_new_cell_below(run, script, shell, monkeypatch):
    put = []
    monkeypatch.setattr(shell, "set_next_input", lambda code, replace: put.append((code, replace)))
    script(*answering("Look:\n```py\nx = 1\n```"))
    run("%%llm\nhello").ok()
    assert put == []
    run("%%llm -f code\nhello").ok()
    assert put == [("x = 1", False)]


def test_the_form_none_shows_and_gives_back_nothing(run, script, shell):
    script(*answering())
    ran = run("%%llm -f none\nhello").ok()
    assert (ran.value, ran.stdout, ran.sent) == (None, "", [])
    assert llm(shell).text == "An answer."


# where it is kept


@pytest.mark.parametrize(
    ("line", "names", "value"),
    [
        ("x <<", ["x"], False),
        ("x= <<", ["x"], True),
        ("--out y", ["y"], True),
        ("x << --out y", ["x", "y"], False),
    ],
)
def test_the_answer_is_kept_where_it_is_said(run, script, shell, line, names, value):
    script(*answering())
    ran = run(f"%%llm {line}\nhello").ok()
    assert all(shell.user_ns[name] is llm(shell) for name in names)
    assert (shell.user_ns["_"] is llm(shell)) is value
    assert bool(ran.stdout) is value


@pytest.mark.parametrize("options", ["", "-f none", "-f code", "-f json"])
def test_what_is_assigned_is_the_reply_and_not_shown(run, script, shell, options):
    script(*answering())
    ran = run(f"x = %llm {options} hello there").ok()
    assert shell.user_ns["x"] is llm(shell)
    assert llm(shell).text == "An answer."
    assert (ran.stdout, ran.sent) == ("", [])


@pytest.mark.parametrize("cell", ["%%llm -n\nhello", "x = %llm -n hello", "%%llm x << -n\nhello"])
def test_a_dry_run_sends_nothing_however_it_is_written(run, script, shell, cell):
    asked = script(*answering())
    ran = run(cell).ok()
    card = shell.user_ns.get("x", ran.value)
    assert isinstance(card, Card)
    assert card.lines[0] == "dry run: nothing is sent"
    assert asked == []
    assert "_llm" not in shell.user_ns


# schemas


@pytest.mark.usefixtures("in_notebook")
def test_an_answer_with_a_schema_is_shown_as_its_data(run, script, shell, manager):
    script(*answering('```json\n{"name": "Ada", "age": 36}\n```'))
    ran = run("%%llm -q --schema 'name, age int' -f md\nWho?").ok()
    assert json.loads(ran.texts[0]) == {"name": "Ada", "age": 36}
    assert llm(shell).df.to_dict("records") == [{"name": "Ada", "age": 36}]
    assert manager.last is llm(shell)


def test_a_list_of_that_shape_and_a_shape_of_the_notebook(run, script, shell):
    script(*answering('{"items": [{"name": "Ada"}, {"name": "Bob"}]}'))
    run("from typing import TypedDict\nclass Person(TypedDict):\n    name: str").ok()
    asked = script(*answering('{"items": [{"name": "Ada"}, {"name": "Bob"}]}'))
    run("%%llm -q --schema Person --many\nWho?").ok()
    assert [row["name"] for row in llm(shell).data] == ["Ada", "Bob"]
    assert asked[0][0].schema["properties"]["items"]["type"] == "array"


@pytest.mark.usefixtures("in_notebook")
def test_an_answer_of_another_shape_is_an_error_and_is_kept(run, script, shell):
    script(*answering("I do not know who."))
    ran = run("%%llm --schema 'name, age int' --out x\nWho?")
    assert isinstance(ran.error, SchemaError)
    assert llm(shell).text == "I do not know who."
    assert ran.texts == ["I do not know who."]
    assert "x" not in shell.user_ns


# recordings and the cache, with providers that answer


def test_record_replay_cache_and_refresh(run, rehearsed, rehearsal, shell, tmp_path):
    def sent():
        return len(rehearsal.requests())

    start = sent()
    run("%%llm --record -q\nhello").ok()
    assert (sent() - start, llm(shell).source) == (1, "live")
    assert len(list((tmp_path / "llm-recordings").glob("*.json"))) == 1
    ran = run("%%llm --replay\nhello").ok()
    assert (sent() - start, llm(shell).source) == (1, "replay")
    assert ran.stdout.startswith(f"Out[0]: {REHEARSED}")
    run("%%llm --cache\nhello").ok()
    assert (sent() - start, llm(shell).source) == (2, "live")
    ran = run("%%llm --cache\nhello").ok()
    assert (sent() - start, llm(shell).source) == (2, "cache")
    assert ran.stdout.endswith("from the cache, free\n")
    run("%%llm --refresh\nhello").ok()
    assert (sent() - start, llm(shell).source) == (3, "live")


def test_replay_needs_no_provider(run, shell, home):
    connect(home, settings=Settings())
    ran = run("%%llm --replay\nnever asked")
    assert isinstance(ran.error, RecordingMissing)


def test_under_a_test_runner_the_answer_is_the_one_result(shell, script):
    assert "PYTEST_CURRENT_TEST" in os.environ
    script(*answering())
    done = shell.run_cell("%%llm\nhello")
    assert done.result is llm(shell)
    assert shell.display_pub.outputs == []
