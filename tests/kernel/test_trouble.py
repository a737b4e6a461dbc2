"""What a cell that goes wrong sends: a red cell, an `error` output, few lines, and a way on."""

from __future__ import annotations

import ast

import pytest


@pytest.mark.parametrize(
    ("code", "name", "said", "hint"),
    [
        ("%%llm --temprature 1\nhi", "OptionError", "--temprature", "--temperature"),
        ("%%llm\n   ", "PromptError", "asks nothing", ""),
        ("%%llm", "PromptError", "asks nothing", ""),
        ("%%llm nobody:m\nhi", "UnknownName", "nobody:m", ""),
        ("%%llm rehearsal-antropic\nhi", "UnknownName", "antropic", "rehearsal-anthropic"),
        ("%%llm\n{{ undefined_name }}", "PromptError", "undefined_name", ""),
        ("%llm modles", "OptionError", "modles", "models"),
        ("%llm mode reply", "OptionError", "reply", "replay"),
    ],
)
def test_wrong_use_is_one_line_with_the_nearest_right_one(kernel, code, name, said, hint):
    ran = kernel.run(code)
    assert ran.status == "error"
    assert ran.error["ename"] == name
    first, *rest = ran.error["traceback"]
    assert said in first
    assert len(rest) <= (2 if code.startswith("%llm ") else 1)  # it could be asked after all
    assert hint in "\n".join(ran.error["traceback"])
    assert ran.outputs() == []


def test_when_nobody_answers_there_is_a_line_an_attempt_and_a_hint(kernel, rehearsal, providers):
    for name in providers:
        rehearsal.break_(name, "down")
    ran = kernel.run("%%llm\nHello there")
    assert ran.status == "error"
    assert ran.error["ename"] == "AllProvidersFailed"
    lines = ran.error["traceback"]
    attempts = [line for line in lines if "✗" in line]
    assert list(dict.fromkeys(line.split()[1].split(":")[0] for line in attempts)) == providers
    assert all("service.overloaded 503" in line for line in attempts)
    assert len(lines) <= len(attempts) + 2
    assert "Traceback" not in "".join(lines)


def test_nothing_configured_offers_three_ways_on(start, home):
    kernel = start()
    kernel.run("%load_ext nbapimgr").ok()
    ran = kernel.run("%%llm\nHello there")
    assert ran.status == "error"
    lines = ran.error["traceback"]
    assert [line.split(".")[0].strip() for line in lines[1:]] == ["1", "2", "3"]
    (shown,) = kernel.run("%llm").ok().outputs()
    assert shown["data"]["text/plain"] == "\n".join(lines)


def test_a_key_in_the_environment_is_offered_by_name(start, home):
    kernel = start(GROQ_API_KEY="gsk_" + "x" * 48)
    kernel.run("%load_ext nbapimgr").ok()
    ran = kernel.run("%%llm\nHello there")
    assert "%llm use groq" in ran.error["traceback"][1]
    assert "gsk_" not in str(ran.messages)


def test_the_stop_button_keeps_what_had_arrived(kernel, rehearsal, providers):
    rehearsal.break_(providers[0], "silent")
    ran = kernel.send("%%llm\nHello there")
    kernel.until(ran, lambda m: m["msg_type"] in {"display_data", "update_display_data"})
    kernel.interrupt()
    kernel.finish(ran)
    assert ran.status == "error"
    assert ran.error["ename"] == "CallInterrupted"
    assert len(ran.error["traceback"]) == 1
    partial = ast.literal_eval(kernel.evaluate("_llm.text"))
    assert partial
    assert "This answer is rehearsed: a server".startswith(partial)
    assert kernel.evaluate("_llm.attempts[-1].outcome") == "'cancelled'"
    rehearsal.break_(providers[0], "mend")
    kernel.run("%%llm\nHello there").ok()
    outcomes = kernel.evaluate("[*__import__('nbapimgr').connect().usage()['outcome']]")
    assert outcomes == "['cancelled', 'ok']"


def test_leaving_takes_everything_along(kernel):
    kernel.run("%%llm\nHello there").ok()
    kernel.run("%unload_ext nbapimgr").ok()
    left = kernel.evaluate(
        "[n for n in ('llm', 'nbllm') for t in get_ipython().magics_manager.magics.values()"
        " if n in t]"
        "+ [f for f in get_ipython().input_transformers_cleanup if 'nbapimgr' in f.__module__]"
        "+ [m for m in get_ipython().Completer.custom_matchers if 'nbapimgr' in m.__module__]"
        "+ [k for k in get_ipython().display_formatter.mimebundle_formatter.type_printers"
        " if 'nbapimgr' in k.__module__]"
        "+ [t.name for t in __import__('threading').enumerate() if 'nbapimgr' in t.name]"
    )
    assert left == "[]"
    kernel.run("%load_ext nbapimgr\n%reload_ext nbapimgr").ok()
    kernel.run("%%llm\nHello there").ok()


def test_another_magic_of_the_name_is_given_back(start, providers):
    kernel = start()
    kernel.run(
        "from IPython.core.magic import register_cell_magic\n"
        "@register_cell_magic\ndef llm(line, cell): return 'the other'"
    ).ok()
    ran = kernel.run("%load_ext nbapimgr").ok()
    assert "%%nbllm" in ran.stderr
    kernel.run("%unload_ext nbapimgr").ok()
    (shown,) = kernel.run("%%llm\nhi").ok().outputs()
    assert shown["data"]["text/plain"] == "'the other'"


def test_without_a_person_the_view_is_html_and_no_widget_is_made(kernel, rehearsal, providers):
    for name in providers:
        rehearsal.break_(name, "down")
    is_loaded = "'anywidget' in __import__('sys').modules"
    before = kernel.evaluate(is_loaded)  # other tests have used this kernel
    ran = kernel.run("%%llm --no-fallback --timeout 5\nHello there")
    (shown,) = ran.outputs()
    assert set(shown["data"]) == {"text/html", "text/plain"}
    assert shown["data"]["text/plain"].startswith("[")
    assert "What was tried" in shown["data"]["text/html"]
    assert not [kind for kind in ran.kinds if kind.startswith("comm")]
    assert kernel.evaluate(is_loaded) == before
    assert ran.error["ename"] == "AllProvidersFailed"


def test_outputs_that_are_compared_are_the_error_alone(start, rehearsal, providers):
    for name in providers:
        rehearsal.break_(name, "down")
    kernel = start(NBAPIMGR_STREAM="0")
    kernel.run("%load_ext nbapimgr").ok()
    ran = kernel.run("%%llm --no-fallback --timeout 5\nHello there")
    assert ran.kinds == ["error"]
