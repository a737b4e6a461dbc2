"""The line of a fault is the line in which it is said, however the file is written."""

from __future__ import annotations

import tomllib

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from nbapimgr.settings._lines import line_of, line_of_fault

FILE = '''\
# a comment
default = "a"

[routes]
fast = "x"   # why
long = [
  "one",
  "two",
]
text = """
[providers.not]
"""

[providers.mine]
dialect = "d"
options = {a = 1, b = {c = 2}}

[providers."with.dot"]
base_url = "u"
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (["default"], 2),
        (["routes"], 4),
        (["routes", "fast"], 5),
        (["routes", "long"], 6),
        (["routes", "text"], 10),
        (["providers"], 14),
        (["providers", "not"], 14),
        (["providers", "mine", "dialect"], 15),
        (["providers", "mine", "options", "b", "c"], 16),
        (["providers", "with.dot"], 18),
        (["providers", "with.dot", "base_url"], 19),
        (["nothing", "of", "it"], None),
        ([], None),
    ],
)
def test_the_line_in_which_something_is_said(path, line):
    assert line_of(FILE, path) == line
    assert line_of(FILE.replace("\n", "\r\n"), path) == line


keys = st.text("abc", min_size=1, max_size=3)


@given(
    before=st.dictionaries(keys, st.text("x\n\u2028#\"'[]=", max_size=5), max_size=4),
    after=st.integers(0, 5),
)
def test_it_is_found_between_anything(before, after):
    start = tomlkit.dumps(before)
    text = start + "zz = [\n1,\n]\n" + "".join(f"after{n} = {n}\n" for n in range(after))
    tomllib.loads(text)
    assert line_of(text, ["zz"]) == start.count("\n") + 1


@pytest.mark.parametrize(
    ("text", "line"),
    [("a = 1\nb = \n\n", 2), ("a = 1\n\n[b", 3), ("a = [\n1\n\n", 2), ("a=1\na=2\nb=3", 2)],
)
def test_the_line_of_a_fault_of_the_language(text, line):
    with pytest.raises(tomllib.TOMLDecodeError) as caught:
        tomllib.loads(text)
    assert line_of_fault(str(caught.value), text) == line
