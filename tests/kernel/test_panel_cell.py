"""`%llm panel` in a real kernel: a widget for a person, a table for a program."""

from __future__ import annotations

_VIEW = "application/vnd.jupyter.widget-view+json"


def test_a_program_gets_the_table_and_no_widget_is_made(kernel, providers):
    ran = kernel.run("%llm panel").ok()
    (shown,) = ran.outputs()
    assert set(shown["data"]) == {"text/html", "text/plain"}
    assert shown["data"]["text/plain"].startswith(f"<nbapimgr settings: {len(providers)} provider")
    for name in providers:
        assert name in shown["data"]["text/plain"]
        assert f"<td>{name}</td>" in shown["data"]["text/html"]
    assert not [kind for kind in ran.kinds if kind.startswith("comm")]
    assert kernel.run("%llm panel").ok().outputs()[0]["data"] == shown["data"]
    assert kernel.evaluate("'anywidget' in __import__('sys').modules") == "False"


def test_a_front_end_that_can_ask_for_a_line_gets_the_widget(kernel):
    ran = kernel.finish(kernel.send("%llm panel", allow_stdin=True)).ok()
    live, saved = ran.outputs()
    assert _VIEW in live["data"]
    assert "text/html" in saved["data"]
    assert [kind for kind in ran.kinds if kind == "comm_open"]
