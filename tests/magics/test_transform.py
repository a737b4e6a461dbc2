"""What IPython makes of a cell once our transformer has been through it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.inputtransformer2 import TransformerManager

from nbapimgr.magics._transform import transform


@pytest.fixture
def run():
    """IPython's own transformation of a cell, ours included."""
    manager = TransformerManager()
    manager.cleanup_transforms.append(transform)
    return manager.transform_cell


def line_magic(text):
    return f"get_ipython().run_line_magic('llm', {text!r})\n"


@pytest.mark.parametrize(
    ("cell", "result"),
    [
        ("%llm what is it?", line_magic("what is it?")),
        ("%llm what??", line_magic("what??")),
        ("%llm models?", line_magic("models?")),
        ("x = %llm what is it?", "x = " + line_magic("what is it?")),
        ("d['x'] = %llm why?", "d['x'] = " + line_magic("why?")),
        ("a.b = %llm why?\ny = 1", "a.b = " + line_magic("why?") + "y = 1\n"),
        ("if 1:\n    %llm so?\n", "if 1:\n    " + line_magic("so?")),
        ("%llm a \\\nb?", line_magic("a  b?")),
        ("%llm a?  ", line_magic("a?")),
    ],
)
def test_a_question_mark_asks_the_model(run, cell, result):
    assert run(cell) == result
    theirs = cell.replace("%llm", "%nbllm")
    assert run(theirs) == result.replace("('llm'", "('nbllm'")


@pytest.mark.parametrize("cell", ["%llm?", "%%llm?", "%llm??", "%llm ?", "x.y?"])
def test_help_stays_help(run, cell):
    assert run(cell) == TransformerManager().transform_cell(cell)


def test_without_us_the_question_is_lost():
    # the reason for this transformer; should IPython change it, it can go
    assert "pinfo" in TransformerManager().transform_cell("%llm what is it?")


@pytest.mark.parametrize(
    "cell",
    [
        "s = '''\n%llm what is it?\n'''\n",
        's = """\n%llm what is it?\n"""\n%time x\n',
        "%%bash\n%llm what is it?\n",
        "y = 5  # %llm what is it?\n",
        "s = 'a = %llm b?'\n",
        "%llmx what\n",
        "",
        "# only a comment\n",
    ],
)
def test_other_code_is_left_alone(cell):
    lines = cell.splitlines(keepends=True)
    assert transform(lines) == lines


def test_a_string_on_one_line_does_not_hide_the_next():
    assert transform(["s = '''x'''\n", "%llm a b?\n"]) == ["s = '''x'''\n", "%llm a b? \n"]


@pytest.mark.parametrize(
    ("cell", "line", "body"),
    [
        ("%%llm fast\nhi?\n", "fast", "hi?\n"),
        ("# NBVAL_SKIP\n\n  # two\n%%llm fast\n# Title\nhi", "fast", "# Title\nhi\n"),
        ("%%llm fast \\\n   -s 'x' \\\n -q\nhi \\\nyou", "fast -s 'x' -q", "hi \\\nyou\n"),
        ("%%llm -s \\  \n x", "-s x", "\n"),
        ("%%llm \\", "", "\n"),
        ("    # c\n    %%llm\n    hi", "", "hi\n"),
    ],
)
def test_comments_above_and_lines_that_go_on(run, cell, line, body):
    assert run(cell) == f"get_ipython().run_cell_magic('llm', {line!r}, {body!r})\n"


def test_other_cell_magics_keep_their_backslashes(run):
    assert run("%%bash\nls \\\n -l") == TransformerManager().transform_cell("%%bash\nls \\\n -l")
    assert transform(["# c\n", "%%bash\n"]) == ["# c\n", "%%bash\n"]
    assert transform(["%%llmx \\\n", "b\n"]) == ["%%llmx \\\n", "b\n"]


@given(st.lists(st.sampled_from(["%llm a b?", "x = 1", "'''", "# c", "%llm a \\", "%%llm", ""])))
def test_twice_is_once(lines):
    cell = [line + "\n" for line in lines]
    assert transform(transform(cell)) == transform(cell)


@pytest.mark.parametrize("cell", [["%%llm"], ["%%llm fast\n"], ["# a comment\n", "%%llm"]])
def test_a_cell_without_a_body_gets_an_empty_one(cell):
    head, body = transform(cell)
    assert head.startswith("%%llm")
    assert head.endswith("\n")
    assert body == "\n"


def test_help_on_the_cell_magic_stays_help():
    assert transform(["%%llm?"]) == ["%%llm?"]
