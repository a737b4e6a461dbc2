"""Prompts are filled in once, by type, and say what they cannot fill in."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import linecache

import numpy as np
import pandas as pd  # noqa: TID253  # frames are what is tested
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell
from PIL import Image as Pillow

from nbapimgr.errors import PromptError
from nbapimgr.magics._template import render, render_text
from nbapimgr.models import Candidate, Image, Provider, Reply, Text


def text(source, **namespace):
    (part,) = render(source, namespace)
    return part.text


def refused(source, **namespace):
    with pytest.raises(PromptError) as caught:
        render(source, namespace)
    return caught.value


class TestWhatMeansSomething:
    @pytest.mark.parametrize(
        "source",
        [
            "{} {a} {0!r} $x $5 ${x} %s",
            "{% raw %} {% for x in y %} {# no comment #} #}",
            "${{ github.ref }} and ${{",
            r"\frac{1}{2} \{\{ }}",
            "a } }} b",
        ],
    )
    def test_all_else_is_the_users_text(self, source):
        assert text(source) == source

    def test_an_expression_is_put_in(self):
        assert text("Hi {{ name }}, {{name}}!{{ n+1 }}", name="Ada", n=1) == "Hi Ada, Ada!2"

    def test_what_is_put_in_is_not_looked_at_again(self):
        inner = "{{ secret }} {% set x = 1 %} ${{ y }}"
        assert text("{{ a }}{{ b }}", a=inner, b="{{ a }}", secret="!") == inner + "{{ a }}"

    def test_a_brace_can_be_written(self):
        assert text("{{ '{{' }} x {{ '}}' }}") == "{{ x }}"

    def test_braces_of_a_dictionary_do_not_end_it(self):
        assert text("{{ {'a': {'b': 1}}['a']['b'] }}") == "1"

    @pytest.mark.parametrize(
        ("expression", "value"),
        [
            ("len(words)", "2"),
            ("words[0].upper()", "A"),
            ("words | join('+')", "a+b"),
            ("'yes' if words else 'no'", "yes"),
            ("missing | default('d')", "d"),
            ("missing is defined", "False"),
            ("sorted(words, reverse=True)", "['b', 'a']"),
            ("'%03d' % 7", "007"),
            ("thing._own", "mine"),
        ],
    )
    def test_expressions_are_much_like_python(self, expression, value):
        thing = type("Thing", (), {"_own": "mine"})()
        assert text(f"{{{{ {expression} }}}}", words=["a", "b"], thing=thing) == value


class TestWhatIsWrong:
    def test_an_unknown_name_brings_up_the_nearest(self):
        error = refused("{{ nmae }}", name=1, _nmae=2)
        assert str(error) == "{{ nmae }} names 'nmae', which is not defined"
        assert error.hint == "did you mean name? To send {{ }} as it is: --raw"
        assert refused("{{ xyzzy + 1 }}").hint == "To send {{ }} as it is: --raw"

    def test_the_line_is_named(self):
        assert str(refused("a\nb {{ c }}")).startswith("line 2: {{ c }} names 'c'")

    def test_an_unknown_attribute(self):
        assert "has no attribute 'nope'" in str(refused("{{ d.nope }}", d=3))

    @pytest.mark.parametrize(
        "source", ["{{ a b }}", "{{ }}", "{{1,2},{3,4}}", "{{ 1 | nofilter }}"]
    )
    def test_what_is_no_expression(self, source):
        error = refused(source)
        assert "is no expression" in str(error)
        assert "--raw" in error.hint

    @pytest.mark.parametrize("source", ["{{ a", "x {{ 'a }}", "{{ a } }", "{{ it's }}"])
    def test_what_is_never_closed(self, source):
        error = refused("\n" + source)
        assert str(error).startswith("line 2: no expression: {{")
        assert "--raw" in error.hint

    @pytest.mark.parametrize(
        "expression",
        ["x.__class__", "x['__class__']", "x|attr('__class__')", "'{0.__class__}'.format(x)",
         "f.__globals__", "x.__init__()"],
    )  # fmt: skip
    def test_names_with_two_underscores_are_out_of_reach(self, expression):
        error = refused(f"{{{{ {expression} }}}}", x="s", f=text)
        assert "__" in str(error)
        assert "class 'str'" not in str(error)

    def test_nor_can_a_filter_reach_them(self):
        assert text("{{ [x] | map(attribute='__class__') | list }}", x="s") == "[Undefined]"

    def test_an_error_in_the_users_code_is_one_line_without_its_group(self):
        def boom():
            raise ExceptionGroup("many", [ValueError("x")])

        error = refused("{{ boom() }}", boom=boom)
        assert "fails: ExceptionGroup: many (1 sub-exception)" in str(error)
        # an exception group in the context would make IPython hide the message from nbval
        assert error.__context__ is None

    @pytest.mark.parametrize("source", ["{{ '' }}", " \n{{ e }}\t"])
    def test_nothing_left_to_ask(self, source):
        assert "empty" in str(refused(source, e=""))


class Opaque:
    """A class without a text of its own."""

    def method(self):
        return 1


@dataclasses.dataclass
class Point:
    x: int


class TestTypes:
    def test_a_reply_is_its_text(self):
        candidate = Candidate(provider=Provider(name="p", dialect="d", base_url=""), model="m")
        assert text("{{ r }}", r=Reply(text="hello", candidate=candidate, model="m")) == "hello"

    def test_a_frame_is_a_table_that_says_how_long_it_is(self):
        frame = pd.DataFrame({"a": [1.5, float("nan")], "b": ["x|y", "two\nlines"]})
        assert text("{{ f }}", f=frame) == (
            "| a | b |\n| --- | --- |\n| 1.5 | x\\|y |\n|  | two lines |"
        )
        long = text("{{ f }}", f=pd.DataFrame({"n": range(1234)}))
        assert long.endswith("| 49 |\n\n(the first 50 of 1,234 rows)")

    def test_an_index_that_says_something_is_kept(self):
        series = pd.Series([1, 2], index=["p", "q"], name="n")
        assert text("{{ s }}", s=series) == ("| index | n |\n| --- | --- |\n| p | 1 |\n| q | 2 |")

    def test_a_function_is_its_source(self):
        assert text("{{ f }}", f=text).startswith("def text(source, **namespace):\n    (part,)")
        assert text("{{ o.method }}", o=Opaque()) == "def method(self):\n    return 1"
        assert text("{{ C }}", C=Point) == "@dataclasses.dataclass\nclass Point:\n    x: int"

    def test_what_was_typed_into_a_cell_has_a_source_too(self):
        shell = InteractiveShell()
        cells = [
            "def f():\n    return 1",
            "class Old: x = 1",
            "import dataclasses\n%time\n@dataclasses.dataclass\nclass Old:\n    x: int = 2\nY = 1",
            "class Old(: broken",
            "# class Old, in a comment",
            "z = 0",
        ]
        for cell in cells:
            shell.run_cell(cell, store_history=True)
        space = shell.user_ns
        assert text("{{ f }}", **space) == "def f():\n    return 1"
        assert text("{{ Old }}", **space) == "@dataclasses.dataclass\nclass Old:\n    x: int = 2"
        assert "source is not to be found" in str(refused("{{ Old }}", Old=space["Old"]))
        linecache.clearcache()

    @pytest.mark.parametrize("value", [len, int])
    def test_a_builtin_has_no_source(self, value):
        error = refused("{{ f }}", f=value)
        assert "source is not to be found" in str(error)
        assert error.hint == "did you mean to call it? {{ f() }}"

    def test_bytes_and_modules_are_no_text(self):
        error = refused("{{ b }}", b=b"x")
        assert error.hint == "attach it: -a b; or decode it: {{ b.decode() }}"
        assert "is a module" in str(refused("{{ json }}", json=json))

    def test_an_object_without_a_text_is_refused(self):
        error = refused("{{ o }}", o=Opaque())
        assert "is a Opaque, which has no text of its own" in str(error)
        assert "0x" not in str(error)

    def test_a_picture_stands_where_it_was_named(self):
        picture = Pillow.new("RGB", (4, 4))
        before, image, between, array, after = render(
            "a {{ p }} b {{ q }} c{{ '' }}", {"p": picture, "q": np.zeros((9, 9, 3), "uint8")}
        )
        assert (before, between, after) == (Text(text="a "), Text(text=" b "), Text(text=" c"))
        assert isinstance(image, Image)
        assert isinstance(array, Image)
        assert render("{{ p }}", {"p": picture}) == (image,)

    def test_a_matrix_is_numbers(self):
        assert text("{{ m }}", m=np.eye(2)) == "[[1. 0.]\n [0. 1.]]"


class Model(pydantic.BaseModel):
    x: int


class TestFilters:
    @pytest.mark.parametrize(
        ("value", "result"),
        [
            ({"a": [1, None]}, '{"a":[1,null]}'),
            (pd.DataFrame({"a": [1], "b": ["x"]}), '[{"a":1,"b":"x"}]'),
            (pd.Series([1, 2]), '{"0":1,"1":2}'),
            (np.array([1, 2]), "[1,2]"),
            (np.int64(3), "3"),
            (Model(x=1), '{"x":1}'),
            (Point(1), '{"x":1}'),
            (pd.Period("2026-01"), '"2026-01"'),
            (dt.date(2026, 1, 2), '"2026-01-02"'),
        ],
    )
    def test_json(self, value, result):
        assert text("{{ v | json }}", v=value) == result

    def test_json_can_be_spread_out(self):
        assert text("{{ v | json(1) }}", v={"a": 1}) == '{\n "a": 1\n}'

    @pytest.mark.parametrize(
        ("value", "result"),
        [
            (pd.DataFrame({"a": [1], "b": ["x,y"]}), 'a,b\n1,"x,y"'),
            ([{"a": 1, "b": 2}, {"a": 3, "c": 4}], "a,b\n1,2\n3,"),
            ([[1, 2], (3, 4), 5], "1,2\n3,4\n5"),
            ([], ""),
        ],
    )
    def test_csv(self, value, result):
        assert text("x{{ v | csv }}", v=value) == "x" + result

    def test_head(self):
        frame = pd.DataFrame({"n": range(9)})
        assert text("{{ f | head(1) }}", f=frame) == "| n |\n| --- |\n| 0 |"
        assert text("{{ f | head | csv }}", f=frame) == "n\n0\n1\n2\n3\n4"
        assert text("{{ t | head(2) }}", t="a\nb\nc") == "a\nb"
        assert text("{{ l | head(2) }}", l=[1, 2, 3]) == "[1, 2]"

    def test_chars_says_what_it_cut(self):
        assert text("{{ t | chars(3) }}", t="abcdef") == "abc… [the first 3 of 6 characters]"
        assert text("{{ t | chars }}", t="abc") == "abc"

    def test_src_and_repr(self):
        assert text("{{ f | src }}", f=text).startswith("def text(")
        assert text("{{ s | repr }}", s="a\n") == "'a\\n'"

    def test_a_picture_has_no_text(self):
        assert "picture has no text" in str(refused("{{ p | chars }}", p=Pillow.new("L", (2, 2))))


class TestOptionValues:
    def test_they_are_filled_in_too(self):
        assert render_text("a {{ x }} b", {"x": 1}) == "a 1 b"
        assert render_text("", {}) == ""

    def test_a_picture_is_none(self):
        with pytest.raises(PromptError, match="a picture cannot be the value of an option"):
            render_text("{{ p }}", {"p": Pillow.new("L", (2, 2))})


@given(st.text().filter(lambda source: "{{" not in source and source.strip()))
def test_a_prompt_without_expressions_is_untouched(source):
    assert render(source, {}) == (Text(text=source),)


@given(st.text())
def test_any_value_comes_out_as_it_went_in(value):
    assert render_text("{{ v }}", {"v": value}) == value


@given(st.text(alphabet="{}$%#'\" ax|.()[]\\\n"))
def test_every_prompt_is_rendered_or_refused(source):
    try:
        parts = render(source, {"a": "A", "x": "X"})
    except PromptError:
        return
    assert parts
