"""What a cell that is answered sends: one output that grows, one final answer, one footer."""

from __future__ import annotations

import itertools
from datetime import datetime

REHEARSED = "This answer is rehearsed"


def times(ran, kind):
    """When the messages of a kind were sent, in seconds."""
    dates = [m["header"]["date"] for m in ran.messages if m["msg_type"] == kind]
    moments = [d if isinstance(d, datetime) else datetime.fromisoformat(d) for d in dates]
    return [m.timestamp() for m in moments]


def test_an_answer_is_one_output_that_grows_and_a_footer(kernel):
    ran = kernel.run("%%llm\nHello there").ok()
    answer, footer = ran.outputs()
    assert answer["data"]["text/plain"].startswith(REHEARSED)
    assert answer["data"]["text/plain"].endswith("takes over.")
    assert answer["data"]["text/markdown"].strip()
    assert set(answer["data"]) == {"text/plain", "text/markdown"}
    assert footer["data"]["text/plain"].startswith("✓ rehearsal-anthropic:")
    assert ran.kinds.count("update_display_data") > 2
    assert "execute_result" not in ran.kinds
    assert ran.stderr == ""


def test_facts_are_in_the_metadata(kernel):
    answer, _ = kernel.run("%%llm\nHello there").ok().outputs()
    facts = answer["metadata"]["nbapimgr"]
    assert facts["provider"] == "rehearsal-anthropic"
    assert facts["model"] == "rehearsed-anthropic"
    assert facts["attempts"][0]["outcome"] == "ok"
    assert facts["output_tokens"] > 0


def test_updates_are_paced(kernel):
    ran = kernel.run("%%llm\nHello there").ok()
    *growing, _final = times(ran, "update_display_data")
    gaps = [b - a for a, b in itertools.pairwise(growing)]
    assert gaps
    assert sum(gaps) / len(gaps) >= 1 / 12


def test_every_message_belongs_to_its_cell(kernel):
    ran = kernel.run("%%llm\nHello there").ok()
    assert [m["msg_type"] for m in ran.strangers if m["msg_type"] != "status"] == []


def test_the_answer_is_the_result_without_being_shown_twice(kernel):
    kernel.run("%%llm\nHello there").ok()
    assert REHEARSED in kernel.evaluate("_.text")
    assert REHEARSED in kernel.evaluate("_llm.text")
    again = kernel.run("_llm").ok()
    (shown,) = again.outputs()
    assert shown["kind"] == "execute_result"
    assert shown["data"]["text/plain"].startswith(REHEARSED)


def test_the_next_result_is_shown_again_after_a_hidden_one(kernel):
    kernel.run("%%llm\nHello there").ok()
    kernel.run("1").ok()
    (shown,) = kernel.run("_llm").ok().outputs()
    assert shown["kind"] == "execute_result"


def test_saving_silently_shows_nothing(kernel):
    ran = kernel.run("%%llm answer <<\nHello there").ok()
    assert ran.outputs() == []
    assert REHEARSED in kernel.evaluate("answer.text")


def test_saving_and_showing(kernel):
    ran = kernel.run("%%llm answer= <<\nHello there").ok()
    assert ran.outputs()[0]["data"]["text/plain"].startswith(REHEARSED)
    assert REHEARSED in kernel.evaluate("answer.text")


def test_a_line_can_be_assigned(kernel):
    ran = kernel.run("x = %llm tell me, what is a monad?").ok()
    assert ran.outputs() == []
    assert REHEARSED in kernel.evaluate("x.text")


def test_a_question_mark_at_the_end_of_a_line_is_a_question(kernel):
    ran = kernel.run("%llm what is a monad?").ok()
    assert ran.outputs()[0]["data"]["text/plain"].startswith(REHEARSED)


def test_a_quiet_cell_has_no_footer(kernel):
    (answer,) = kernel.run("%%llm -q\nHello there").ok().outputs()
    assert answer["data"]["text/plain"].startswith(REHEARSED)


def test_without_streaming_there_is_one_display(kernel):
    ran = kernel.run("%%llm --no-stream\nHello there").ok()
    assert "update_display_data" not in ran.kinds
    assert ran.outputs()[0]["data"]["text/plain"].startswith(REHEARSED)


def test_where_outputs_are_compared_the_answer_is_the_one_result(start, providers):
    kernel = start(PYTEST_CURRENT_TEST="a notebook under nbval")
    kernel.run("%load_ext nbapimgr").ok()
    ran = kernel.run("%%llm\nHello there").ok()
    assert ran.kinds == ["execute_result"]
    (answer,) = ran.outputs()
    assert set(answer["data"]) == {"text/plain", "text/markdown"}
    assert answer["metadata"]["nbapimgr"]["provider"] == "rehearsal-anthropic"


def test_a_rescue_is_seen(kernel, rehearsal, providers):
    rehearsal.break_(providers[0], "stream")
    ran = kernel.run("%%llm\nHello there").ok()
    texts = [c["data"]["text/plain"] for c in ran.of("update_display_data")]
    assert any("restarted on rehearsal-gemini" in text for text in texts)
    answer, footer = ran.outputs()
    assert answer["data"]["text/plain"].startswith(REHEARSED)
    assert answer["data"]["text/plain"].count(REHEARSED) == 1
    assert footer["data"]["text/plain"].startswith("✓ rehearsal-gemini:")
    assert (
        "via rehearsal-anthropic:rehearsed-anthropic ✗ service.stream_broken"
        in (footer["data"]["text/plain"])
    )


def test_braces_and_dollars_stay_and_expressions_are_rendered_once(kernel):
    kernel.run("x = '{{ 1 + 1 }}'").ok()
    ran = kernel.run("%%llm -n\nf{a} $5 {% if %} {{ x }} {{ 40 + 2 }}").ok()
    (shown,) = ran.outputs()
    assert "f{a} $5 {% if %} {{ 1 + 1 }} 42" in shown["data"]["text/plain"]


def test_a_dry_run_sends_nothing(kernel, rehearsal):
    before = len(rehearsal.requests())
    (shown,) = kernel.run("%%llm --dry-run -s 'be brief'\nHello there").ok().outputs()
    text = shown["data"]["text/plain"]
    assert "system: be brief" in text
    assert "1. rehearsal-anthropic:rehearsed-anthropic" in text
    assert len(rehearsal.requests()) == before


def test_usage_rows_tell_of_the_cell(kernel):
    kernel.run("%%llm\nHello there").ok()
    rows = kernel.evaluate(
        "nbapimgr.connect().usage().to_dict('records')".replace(
            "nbapimgr", "__import__('nbapimgr')"
        )
    )
    assert "'provider_name': 'rehearsal-anthropic'" in rows
    assert "'outcome': 'ok'" in rows


def test_loading_the_extension_loads_nothing_heavy(start, providers):
    kernel = start()
    kernel.run("import sys; before = set(sys.modules)").ok()
    kernel.run("%load_ext nbapimgr").ok()
    loaded = kernel.evaluate(
        "sorted({m.split('.')[0] for m in set(sys.modules) - before} & "
        "{'httpx','aiohttp','anywidget','pandas','pyarrow','altair','cryptography',"
        "'genai_prices','msgspec','jinja2'})"
    )
    assert loaded == "[]"
