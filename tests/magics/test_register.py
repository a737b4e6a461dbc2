"""Loading puts the magics in, unloading leaves a shell as it was, and nothing else is changed."""

from __future__ import annotations

import subprocess
import sys

import pytest
from IPython.core.completer import CompletionContext

from nbapimgr import connect, load_ipython_extension, unload_ipython_extension
from nbapimgr.magics import register, unregister
from nbapimgr.magics._register import _REPLY
from nbapimgr.models import Reply
from tests.magics.replies import answering, reply


def state(shell):
    """All that loading touches."""
    bundles = shell.display_formatter.mimebundle_formatter
    return {
        "magics": {kind: dict(table) for kind, table in shell.magics_manager.magics.items()},
        "cleanup": list(shell.input_transformers_cleanup),
        "post": list(shell.input_transformers_post),
        "ast": list(shell.ast_transformers),
        "matchers": list(shell.Completer.custom_matchers),
        "types": dict(bundles.type_printers),
        "names": dict(bundles.deferred_printers),
        "events": {name: list(called) for name, called in shell.events.callbacks.items()},
        "namespace": {k: v for k, v in shell.user_ns.items() if not k.startswith("_")},
    }


def other(line, cell=None):
    """Another extension's."""
    return "the other's"


@pytest.mark.parametrize("used", [False, True])
def test_unloading_leaves_the_shell_as_it_was(bare, run, used):
    before = state(bare)
    load_ipython_extension(bare)
    loaded = state(bare)
    for key in ("magics", "cleanup", "ast", "matchers", "names"):
        assert loaded[key] != before[key]
    assert {"llm", "nbllm", "llm_value"} <= set(loaded["magics"]["line"])
    if used:
        run("%llm version").ok()
        bare.display_formatter.format(reply())
    unload_ipython_extension(bare)
    assert state(bare) == before


def test_twice_is_once(bare):
    register(bare)
    once = state(bare)
    register(bare)
    assert state(bare) == once
    unregister(bare)
    before = state(bare)
    unregister(bare)
    assert state(bare) == before


def test_a_shell_can_be_loaded_again(bare, run):
    register(bare)
    unregister(bare)
    register(bare)
    assert run("%llm version").ok().value.lines


def test_unloading_closes_the_manager(shell, home, monkeypatch):
    closed = []
    monkeypatch.setattr(connect(home), "close", lambda: closed.append(home))
    unregister(shell)
    assert closed == [home]


def test_unloading_does_not_load_what_it_would_close(bare, monkeypatch):
    register(bare)
    monkeypatch.delitem(sys.modules, "nbapimgr.manager")
    unregister(bare)
    assert "nbapimgr.manager" not in sys.modules


def test_loading_loads_no_more_than_it_needs():
    code = (
        "import sys; from IPython.core.interactiveshell import InteractiveShell as S\n"
        "from traitlets.config import Config\n"
        "shell = S.instance(config=Config(HistoryManager={'enabled': False}))\n"
        "before = set(sys.modules)\n"
        "import nbapimgr; nbapimgr.load_ipython_extension(shell)\n"
        "nbapimgr.unload_ipython_extension(shell)\n"
        "print(sorted(m for m in set(sys.modules) - before if m.startswith('nbapimgr')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603  # ours
    assert done.stdout.strip() == "['nbapimgr', 'nbapimgr.magics', 'nbapimgr.magics._register']"


# the clash with another extension


@pytest.mark.parametrize("kind", ["cell", "line", "line_cell"])
def test_a_clash_is_said_and_undone(bare, run, capsys, kind):
    bare.register_magic_function(other, magic_kind=kind, magic_name="llm")
    before = state(bare)
    register(bare)
    said = capsys.readouterr().err
    assert f"was registered by {__name__} and" in said
    assert said.count("\n") == 1
    assert "%%nbllm is always nbapimgr's" in said
    assert run("%nbllm version").ok().value.lines
    assert run("%llm version").ok().value.lines
    unregister(bare)
    assert state(bare) == before


def test_without_a_clash_nothing_is_said(bare, capsys):
    register(bare)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["llm", "nbllm", "llm_value"])
def test_what_came_later_stays(bare, name):
    register(bare)
    bare.register_magic_function(other, magic_kind="line", magic_name=name)
    unregister(bare)
    assert bare.magics_manager.magics["line"][name] is other
    assert "llm" not in bare.magics_manager.magics["cell"]


def test_what_ipython_took_out_is_not_missed(bare):
    register(bare)
    bare.input_transformers_cleanup.clear()
    bare.ast_transformers.clear()
    bare.Completer.custom_matchers.clear()
    unregister(bare)
    assert bare.ast_transformers == []


# assigned lines


@pytest.mark.parametrize(
    "code",
    [
        "x = %llm hello there",
        "x: object = %llm hello there",
        "x = %nbllm hello there",
        "def f():\n    x = %llm hello there\n    return x\nx = f()",
        "x = get_ipython().run_line_magic('llm', 'hello there')",
    ],
)
def test_an_assigned_answer_is_the_value_and_quiet(run, script, shell, code):
    script(*answering())
    ran = run(code).ok()
    assert ran.stdout == ""
    assert isinstance(shell.user_ns["x"], Reply)


@pytest.mark.parametrize(
    ("code", "x"),
    [
        ("x = 1", 1),
        ("x: int = 2", 2),
        ("x = str(3)", "3"),
        ("x = %lsmagic", None),
        ("x = spy.run_line_magic()", ((), {})),
        ("x = spy.run_line_magic('llm')", (("llm",), {})),
        ("x = spy.run_line_magic(magic_name='llm')", ((), {"magic_name": "llm"})),
        ("x = spy.run_line_magic(str(1), 'a')", (("1", "a"), {})),
        ("x = spy.other('llm', 'a')", (("llm", "a"), {})),
        ("x = run_line_magic('llm', 'a')", (("llm", "a"), {})),
        ("x: int\nx = 4", 4),
    ],
)  # fmt: skip
def test_other_assignments_are_left_alone(run, shell, code, x):
    class Spy:
        def run_line_magic(self, *args, **named):
            return args, named

        other = run_line_magic

    shell.user_ns.update(spy=Spy(), run_line_magic=Spy().run_line_magic)
    transformers = list(shell.ast_transformers)
    ran = run(code).ok()
    assert ran.stderr == ""
    assert shell.ast_transformers == transformers
    assert x is None or shell.user_ns["x"] == x


def test_a_line_that_is_not_assigned_shows_its_answer(run, script):
    script(*answering())
    assert run("%llm -q hello there").ok().stdout == "An answer.\n"


# cells of others


def test_cells_of_others_are_not_read(bare, monkeypatch):
    register(bare)
    monkeypatch.setitem(sys.modules, "nbapimgr.magics._transform", None)  # importing it fails
    assert bare.transform_cell("x = 1\n") == "x = 1\n"
    with pytest.raises(ImportError):
        bare.transform_cell("%llm what is it?\n")
    with pytest.raises(ImportError):
        bare.transform_cell("%%nbllm\nwhat is it?\n")


def test_a_question_stays_one(run, script):
    asked = script(*answering())
    run("%llm what is a monad?").ok()
    assert asked[0][0].messages[0].text == "what is a monad?"


def matched(shell, text):
    """What our matcher, and all of them, offer at the end of a cell."""
    lines = text.split("\n")
    context = CompletionContext(
        token=text.split(" ")[-1], full_text=text, cursor_position=len(lines[-1]),
        cursor_line=len(lines) - 1, limit=None,
    )  # fmt: skip
    return shell.Completer.custom_matchers[-1](context)


def test_completion_is_off_in_cells_of_others(shell, monkeypatch):
    monkeypatch.setitem(sys.modules, "nbapimgr.magics._matcher", None)  # importing it fails
    assert matched(shell, "import o") == {"completions": []}
    with pytest.raises(ImportError):
        matched(shell, "%nbllm mo")


def test_completion_is_there_in_ours(shell, manager):
    offered = [completion.text for completion in matched(shell, "%llm mo")["completions"]]
    assert offered == ["mode", "models"]


# how a reply is shown


def test_a_reply_is_shown_with_its_facts(shell):
    data, metadata = shell.display_formatter.format(reply())
    assert data == {"text/plain": "An answer.", "text/markdown": "An answer."}
    assert metadata["nbapimgr"]["provider"] == "first"


def test_the_name_it_is_shown_by_is_its_name():
    assert f"{Reply.__module__}.{Reply.__qualname__}" == _REPLY
