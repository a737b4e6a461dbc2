"""Hostile answers: nothing is alive in what is shown of them, and their code is untouched."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from nbapimgr.inert import inert

CORPUS = [
    json.loads(line)
    for line in (Path(__file__).parent / "hostile.jsonl").read_text("utf-8").splitlines()
]
CASES = [case["text"] for case in CORPUS]
NO_HTML = {"<img src=x", "&lt;img src=x>", "\\<img src=x>", "<svg/onload=alert(1)>"}
"""Those of the tags that CommonMark takes for words."""


def test_there_are_many_of_them():
    assert len(set(CASES)) > 150


@pytest.mark.parametrize("text", CASES)
@pytest.mark.parametrize("around", ["{}", "a {} b", "- {}", "> {}", "# T\n\n{}\n\n`<b>` $x$\n"])
def test_nothing_is_alive(text, around, alive):
    if "{" in around:
        text = around.replace("{}", text)
    assert not alive(inert(text))
    assert not alive(inert(text, partial=True))


@pytest.mark.parametrize("text", [case["text"] for case in CORPUS if case["kind"] == "tags"])
def test_the_renderers_of_this_test_see_what_is_alive(text, alive):
    assert bool(alive(text)) != (text in NO_HTML)


@pytest.mark.parametrize("text", CASES)
def test_every_link_says_where_it_leads(text):
    inline = [
        child
        for token in MarkdownIt("commonmark").parse(inert(text))
        for child in token.children or ()
    ]
    for n, token in enumerate(inline):
        if token.type == "link_open" and token.attrs["href"].startswith("http"):
            host = re.match(r"https?://([^/?#]*)", token.attrs["href"])[1]
            end = next(m for m in range(n, len(inline)) if inline[m].type == "link_close")
            assert host in "".join(child.content for child in inline[n:end])


FRAGMENTS = st.sampled_from(
    [*CASES, "`", "``", "```", "```\n", "~~~\n", "\n", "\n\n", "    ",
     "> ", "- ", "1. ", "| a | b |\n|---|---|\n", "|", "$", "$$", "\\", "\\\\(", "\\\\[",
     "\\begin{x}", "\\end{x}", "[", "]", "](", "!", "(", ")", "<", "text", " ", "*", "_", "~", "~~",
     "[r]: https://evil.example\n", "[r]", "https://e.example/", "&#96;", ":::", "\t", "\n: "]
)  # fmt: skip


@given(st.lists(FRAGMENTS, max_size=12).map("".join))
def test_no_mixture_is_alive(alive, text):
    assert not alive(inert(text))


@given(st.text(alphabet="<>[]()!`~$\\|-:\n ab/&#;.\"'*_", max_size=60))
def test_no_soup_is_alive(alive, text):
    assert not alive(inert(text))


LANGUAGES = st.sampled_from(["", "py", "html", "js title=x"])
WORDS = st.text(alphabet="ab <>[](){}!$&\\*_~|#-:/.'\"\n", max_size=40)


@given(st.lists(st.tuples(WORDS, LANGUAGES, WORDS), min_size=1, max_size=4))
def test_fenced_code_comes_out_as_it_went_in(codes, blocks):
    text = "\n\n".join(f"{words}\n\n```{lang}\n{code}\n```" for words, lang, code in blocks)
    before = [code for code in codes(text) if code.endswith("\n")]
    after = codes(inert(text))
    if not inert(text).startswith("````"):
        for code in before:
            assert code in after


@given(st.text(alphabet="ab <>[](){}!$&*_#-:/.'\"", min_size=1, max_size=40).filter(str.strip))
def test_a_span_of_code_comes_out_as_it_went_in(codes, code):
    text = f"Call `{code}` like <b>this</b>.\n\nThen `{code}`."
    shown = inert(text)
    assert shown.count(f"`{code}`") == 2
    assert codes(shown) == codes(text)
