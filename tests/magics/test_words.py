"""Values are cut out of a line; prose survives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbapimgr.errors import OptionError
from nbapimgr.magics._words import balanced, bare, value


@pytest.mark.parametrize(
    ("line", "text", "rest", "quoted"),
    [
        ("it's fine", "it's", " fine", False),
        ("'it's fine' so", "it's fine", " so", False),
        ('"say \\"hi\\"\\n\\t\\\\" so', 'say "hi"\n\t\\', " so", False),
        ("'a\\nb'", "a\\nb", "", False),
        ('k="a b" so', "k=a b", " so", True),
        ("'C:\\' so", "C:\\", " so", False),
        ("k='5'", "k=5", "", True),
        ("a'b", "a'b", "", False),
        ('{"a": [1, "}"]} so', '{"a": [1, "}"]}', " so", False),
        ("k=[1, (2)] so", "k=[1, (2)]", " so", False),
        ("k=v=[1, 2]", "k=v=[1,", " 2]", False),
        ("a{{ b c }}d so", "a{{ b c }}d", " so", False),
        ("a{b c", "a{b", " c", False),
        ("{}x y", "{}x", " y", False),
        ("'' so", "", " so", False),
    ],
)
def test_quotes_and_brackets_group(line, text, rest, quoted):
    found = value(line, 0, "-s")
    assert (found.text, line[found.end :], found.quoted) == (text, rest, quoted)


@pytest.mark.parametrize("line", ["'abc", '"abc', "{a", "[(]", "a{{ b", "{'a}"])
def test_what_is_never_closed_is_refused(line):
    with pytest.raises(OptionError, match="after -s is never closed"):
        value(line, 0, "-s")


@pytest.mark.parametrize(
    ("text", "end"),
    [("{}", 2), ("{[()]}x", 6), ("{'}'}", 5), ("{'\\'}'}", 7), ('{"', -1), ("{]", -1), ("{", -1)],
)
def test_brackets_balance(text, end):
    assert balanced(text, 0) == end


def test_a_bare_word_ends_at_white_space():
    assert bare("  a'b\tc") == ("a'b", 5, False)
    assert bare("  ") == ("", 2, False)


@given(st.text(min_size=1).filter(lambda text: not any(c.isspace() or c in "'\"{[" for c in text)))
def test_a_word_without_marks_is_itself(text):
    assert value(text, 0, "-s").text == text
