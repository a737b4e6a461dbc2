"""Renders Markdown as front ends do and lists whatever is alive in the HTML."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt
from nbconvert.filters.markdown_mistune import markdown2html_mistune

from nbapimgr.inert._jupyterlab import without_math

_TAGS = re.compile(
    r"p|em|strong|code|pre|a|ul|ol|li|h[1-6]|blockquote|hr|br|table|thead|tbody|tr|th|td"
    r"|del|s|input|span|div|dl|dt|dd"
)
_ATTRIBUTES = {"href", "class", "style", "id", "align", "type", "disabled", "checked", "start"}
_ADDRESS = re.compile(r"(https?://|mailto:|#)", re.IGNORECASE)


class _Finder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.alive: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag, attrs):
        if not _TAGS.fullmatch(tag):
            self.alive.append(f"<{tag}>")
        for name, value in attrs:
            if name not in _ATTRIBUTES:
                self.alive.append(f"{tag} {name}={value}")
            if name == "href":
                self.addresses.append(value)
                if not _ADDRESS.match(value or ""):
                    self.alive.append(f"{tag} to {value}")
            if name == "style" and not re.fullmatch(r"text-align: ?\w+", value or ""):
                self.alive.append(f"style {value}")

    def handle_comment(self, data):
        self.alive.append(f"<!--{data}-->")

    def handle_decl(self, decl):
        self.alive.append(f"<!{decl}>")

    def handle_pi(self, data):
        self.alive.append(f"<?{data}>")

    unknown_decl = handle_decl


def _open(preset, *more):
    reader = MarkdownIt(preset, {"html": True, "maxNesting": 100}).enable(list(more))
    reader.validateLink = lambda _: True
    return reader


_COMMONMARK, _GFM = _open("commonmark"), _open("commonmark", "table", "strikethrough")


def _find(html: str) -> _Finder:
    finder = _Finder()
    finder.feed(html)
    finder.close()
    return finder


def _renderings(markdown: str) -> list[str]:
    return [
        _COMMONMARK.render(markdown),
        _GFM.render(markdown),
        _GFM.render(without_math(markdown)),
        markdown2html_mistune(markdown),
    ]


@pytest.fixture(scope="session")
def alive():
    """A function: Markdown -> what is alive in it, in any of four renderings."""
    return lambda markdown: [x for html in _renderings(markdown) for x in _find(html).alive]


@pytest.fixture(scope="session")
def addresses():
    """A function: Markdown -> where its links lead, as CommonMark has it."""
    return lambda markdown: _find(_GFM.render(markdown)).addresses


@pytest.fixture(scope="session")
def codes():
    """A function: Markdown -> the contents of its code."""

    def find(markdown: str) -> list[str]:
        tokens = _GFM.parse(markdown)
        inline = [child for token in tokens for child in token.children or ()]
        kinds = {"fence", "code_block", "code_inline"}
        return [t.content for t in (*tokens, *inline) if t.type in kinds]

    return find
