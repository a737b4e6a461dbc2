"""The view as HTML and text: complete without a script, and inert whatever a provider says."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbapimgr.errors import AllProvidersFailed
from nbapimgr.manager import Recovery
from nbapimgr.models import Request, user
from nbapimgr.widgets import _error_page, error_html, error_text, story
from nbapimgr.wire.failures import CATEGORIES
from tests.magics.replies import failed

ASKED = Request(messages=(user("hi"),))
AGAIN = Recovery(kind="again", label="Try again", line="run the cell again", request=ASKED)
PAGE = Recovery(
    kind="key_page",
    label="Open the page",
    line="https://a.example/keys",
    url="https://a.example/keys",
)
TYPED = Recovery(kind="set_key", label="Type a key", line="%llm keys set first")
WAYS = (AGAIN, PAGE, TYPED)
FACTS = "first:m1 · rate_limit.short · 0.5 s · after a wait of 1.2 s · broke off after 9 characters"
ADVICE = "Nothing to do: it passes by itself; a second provider makes it unnoticeable"
TAGS = {
    "nbapimgr-error", "section", "style", "div", "p", "svg", "path", "strong", "bdi", "ol", "ul",
    "li", "br", "code", "a",
}  # fmt: skip


class Reader(HTMLParser):
    """Every tag with its attributes, and the words."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.words = [], []
        self._quiet = False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._quiet = tag == "style"

    def handle_endtag(self, tag):
        self._quiet = False

    def handle_data(self, data):
        if not self._quiet:
            self.words.append(data)

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]

    @property
    def text(self):
        return " ".join("".join(self.words).split())


def told(**fields):
    return story(AllProvidersFailed([failed(**fields)], skipped=["second: no key"]))


def test_the_page_tells_everything():
    page = Reader(error_html(told(waited=1.25, text_length=9), WAYS, note="tried again"))
    for words in (
        "Rate limit too many requests", "Nobody answered: first was asked, once.",
        "What was tried", FACTS, "slow down", "Who was not asked", "second: no key",
        "What to do now", ADVICE, "Try again: run the cell again",
        "Open the page", "Type a key: %llm keys set first", "tried again",
    ):  # fmt: skip
        assert words in page.text
    roles = [attrs.get("role") for _, attrs in page.tags if attrs.get("role")]
    assert roles == ["alert", "status"]
    assert page.all("svg")[0]["aria-hidden"] == "true"


def test_the_text_tells_the_same():
    said = error_text(told(waited=1.25, text_length=9), WAYS, note="tried again")
    assert said.splitlines() == [
        "[Rate limit] too many requests or tokens in a short time",
        "Nobody answered: first was asked, once.",
        f"  1. {FACTS}: slow down",
        "  – second: no key",
        f"What to do now: {ADVICE}",
        "  Try again: run the cell again",
        "  Open the page: https://a.example/keys",
        "  Type a key: %llm keys set first",
        "tried again",
    ]


def test_nothing_is_said_where_there_is_nothing():
    bare = story(AllProvidersFailed([]))
    page = Reader(error_html(bare, ()))
    assert "What" not in page.text
    assert error_text(bare, ()).count("\n") == 1
    only = Reader(error_html(bare, (TYPED,)))
    assert "What to do now Type a key" in only.text.replace("now", "now ").replace("  ", " ")


def test_the_only_links_are_ours_and_open_elsewhere():
    page = Reader(error_html(told(message="<a href='https://evil.example'>x</a>"), WAYS))
    assert page.all("a") == [
        {"href": "https://a.example/keys", "target": "_blank", "rel": "noopener noreferrer"}
    ]


def test_a_live_kernel_finds_the_view_by_its_id():
    assert Reader(error_html(told(), (), view="abc")).tags[0] == (
        "nbapimgr-error",
        {"data-view": "abc"},
    )
    assert "nbapimgr-error data-view" not in error_html(told(), ())


def test_what_a_button_does_is_marked_as_that():
    marked = [a for a in Reader(error_html(told(), WAYS)).all("li") if a.get("class")]
    assert marked == [{"class": "nbe-typed"}]


@pytest.mark.parametrize("parent", sorted({known.parent for known in CATEGORIES.values()}))
def test_each_word_has_its_icon(parent):
    assert _error_page._PATHS[parent]
    assert len(set(_error_page._PATHS.values())) == len(_error_page._PATHS)


HARM = st.lists(
    st.sampled_from(
        ["<script>", "</bdi>", "<img src=x onerror=alert(1)>", "&lt;", "'", '"', "</style>", "<!--",
         "-->", "<a href='javascript:x'>", "\u202e", "\x1b]8;;http://x\x07", "</nbapimgr-error>",
         "`", "%llm", "\n", "x" * 400, "<svg/onload=x>", "]]>", "&#x3c;"]
    )
).map("".join)  # fmt: skip


@given(HARM, HARM, HARM)
def test_whatever_is_said_stays_text(message, skipped, note):
    page = error_html(
        story(AllProvidersFailed([failed(message=message)], skipped=[skipped], hint=message)),
        WAYS,
        view="abc",
        note=note,
    )
    read = Reader(page)
    assert {tag for tag, _ in read.tags} <= TAGS
    harmless = {"class", "style", "data-view", "aria-label", "aria-hidden", "role", "href", "rel",
                "target", "viewbox", "width", "height", "fill-rule", "d"}  # fmt: skip
    assert {name for _, attrs in read.tags for name in attrs} <= harmless
    assert len(read.all("a")) == 1
    assert page.count("<style>") == page.count("</style>") == 1


def test_the_watch_over_tags_does_watch():
    page = Reader("<script>x</script><img onerror=y>")
    assert {tag for tag, _ in page.tags} == {"script", "img"}
    assert page.all("img") == [{"onerror": "y"}]
