"""Text that is still growing: nothing half-written is shown, nothing is read twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbapimgr.inert import _inert, inert
from nbapimgr.inert._sections import sections


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see [doc", "see "),
        ("see [doc](https://e.c", "see "),
        ("see [doc]", "see "),
        ("see ![doc](ht", "see "),
        ("see <im", "see "),
        ("see <https://e.com", "see "),
        ("run `", "run "),
        ("text\n``", "text\n"),
        ("```py\nx = '<b", "```py\nx = '\n```"),
        ("```py\nx = 1", "```py\nx = 1\n```"),
        ("a < b", "a < b"),
        ("[done](https://e.com) x", "[done (e.com)](https://e.com) x"),
        ("```", "```\n```"),
    ],
)
def test_what_is_half_written_is_held_back(text, shown):
    assert inert(text, partial=True) == shown


def test_a_long_bracket_is_not_held_back_for_ever():
    text = "[" + "x" * 300
    assert inert(text, partial=True) == text


def test_a_section_too_long_to_be_read_again_and_again_is_code(monkeypatch):
    monkeypatch.setattr(_inert, "_LONGEST_FRAME", 10)
    text = "A <b>\n\nB `c` and <i> so on"
    assert inert(text, partial=True) == "A &lt;b>\n\n```\nB `c` and <i> so on\n```"


DOCUMENT = """Intro <b>.

## Code

```py
def f():

    return "<b>"

x = 1
```

- item <i>

  more

1. one

> quote

And `<b>` more.

Last <u> words"""


def test_sections_join_to_the_document():
    parts = sections(DOCUMENT)
    assert "".join(parts) == DOCUMENT
    assert [part.split("\n")[0] for part in parts] == [
        "Intro <b>.", "## Code", "And `<b>` more.", "Last <u> words",
    ]  # fmt: skip


def test_a_document_with_definitions_is_one_section():
    text = "[a]\n\nText\n\n[a]: https://e.com\n\nMore"
    assert sections(text) == [text]


@pytest.mark.parametrize(
    "text",
    [
        "```\na\n\nb\n~~~\n\nc\n```\n\nD",
        "~~~\n```\n\nb\n~~~\n\nD",
        "````\n```\n\nb\n```` \n\nD",
        "```\n``` x\n\nb\n```\n\nD",
        "``` `x`\n\nD",
    ],
)
def test_no_section_ends_in_code(text):
    assert sections(text)[-1] == "D"
    assert len(sections(text)) == 2


def test_what_was_read_is_not_read_again(monkeypatch):
    read = []
    monkeypatch.setattr(_inert, "rewrite", lambda text, **_: read.append(text) or "shown")
    _inert._remembered.cache_clear()
    text = "A <b>\n\nB <b>\n\nC <b>"
    for more in ("", " d", " e"):
        inert(text + more, partial=True)
    assert read == ["A <b>\n\n", "B <b>\n\n", "C <b>", "C <b> d", "C <b> e"]
    _inert._remembered.cache_clear()


@given(
    st.lists(st.sampled_from(["A <b>\n\n", "```\n<b>\n\nX\n", "```\n", "- x\n\n", "`<i>`\n", "B "]))
)
def test_a_finished_document_reads_as_it_grew(parts):
    text = "".join(parts) + "\n\nEnd."
    assert inert(text, partial=True) == inert(text)
