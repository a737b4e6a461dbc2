"""The last look finds what is alive, and sees what JupyterLab sees."""

from __future__ import annotations

import pytest

from nbapimgr.inert._document import fenced_whole
from nbapimgr.inert._jupyterlab import without_math
from nbapimgr.inert._links import judge, removed
from nbapimgr.inert._views import is_inert


@pytest.mark.parametrize(
    "text",
    [
        "<b>",
        "<div>\n",
        "![a](https://e.com)",
        "[a](javascript:x)",
        "[a](x.md)",
        "<javascript:x>",
        "|a|b|\n|-|-|\n|`|<b>`|",
        "- $a\n  ```\n  <p>$<b>\n  ```",
        "`$$` ```<b>\n$$`",
        'http://e.com/$"x$ `<`',
        "  ```$x$\n  <\n  ```",
        "`$$`\n```\n$$<b>\n```",
        "```mermaid\nx\n```",
        "- ~~~ {image} x\n",
        "```mer&#109;aid\nx",
    ],
)
def test_what_is_alive_is_found(text):
    assert not is_inert(text)


@pytest.mark.parametrize(
    "text",
    ["words", "`<b>`", "```\n<b>\n```", "[a](https://e.com)", "$x$ `<b>` $y$", "|a|\n|-|\n|`<b>`|",
     "```\n$$\n```\n<http://e.com>\n```\n$$\n```"],
)  # fmt: skip
def test_what_is_not_is_not(text):
    assert is_inert(text)


# what `removeMath` of JupyterLab 4.6.6 gave for each text, under Node
@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("a $x$ b $y", "a @@0@@ b $y"),
        ("costs $5 and $6", "costs @@0@@6"),
        ("`$a` $b$ `c$`", "`$a` @@0@@ `c$`"),
        ("```\n$a\n```\n$b$", "```\n$a\n```\n@@0@@"),
        ("  ```\n$a\n  ```\n$b$", "  ```\n@@0@@b$"),
        ("- $a\n  ```\n  <p>$</p>\n  ```", "- @@0@@</p>\n  ```"),
        ("$$a\nb$$ $c\n\nd$", "@@0@@ $c\n\nd$"),
        ("$a{b$c}d$ e$", "@@0@@ e$"),
        ("\\\\(x\\\\) and \\\\[y\\\\]", "@@0@@ and @@1@@"),
        ("\\begin{align}x\\end{align} $z$", "@@0@@ @@1@@"),
        ("@@7@@ $x$ @@0@@", "@@0@@ @@1@@ @@2@@"),
        ("\\$a$b$", "\\$a@@0@@"),
        ("~~~\n$a\n~~~\n~ $b$ ~", "~~~\n$a\n~~~\n~ @@0@@ ~"),
        ("\\`a $ b`\n$ `<b>` z", "\\`a @@0@@ `<b>` z"),
        ("$a\n  \nb$", "$a\n  \nb$"),
        ("${$}$ x $", "@@0@@ x $"),
        ("``a$`` $b$", "``a$`` @@0@@"),
        ("$x} y$", "@@0@@"),
        ("\\begin{a}\\begin{b}\\end{b}\\end{a}", "@@0@@"),
        ("$a$$b$ $$c$", "@@0@@ $$c$"),
        ("$a{b$ c\n\nd", "@@0@@ c\n\nd"),
        ("$a{b$ c", "@@0@@ c"),
        ("$a\n\n$b$ c", "$a\n\n@@0@@ c"),
    ],
)
def test_mathematics_is_taken_out_as_jupyterlab_does(text, seen):
    assert without_math(text) == seen


@pytest.mark.parametrize("text", ["", "<b>", "```\n<b>\n```", "`````", "a ``` b"])
def test_code_around_all_holds_all(text):
    lines = fenced_whole(text).split("\n")
    assert lines[0] == lines[-1]
    assert lines[0] not in text
    assert "\n".join(lines[1:-1]) == text


@pytest.mark.parametrize(
    ("href", "kept"),
    [
        ("https://e.com", ("https://e.com", "e.com")),
        ("HTTP://E.com:80/?q#f", ("HTTP://E.com:80/?q#f", "e.com:80")),
        ("http://localhost/", ("http://localhost/", "localhost")),
        ("https://a_b.e.com./", ("https://a_b.e.com./", "a_b.e.com.")),
        ("mailto:a.b+c@d.e", ("mailto:a.b+c@d.e", "a.b+c@d.e")),
        ("#top", ("#top", "")),
        ("#", ("#", "")),
        ("https://", None),
        ("https:///x", None),
        ("https://e.com\\@f.com", None),
        ("https://e%2ecom/", None),
        ("https://[::1]/", None),
        ("https://ä.com/", None),
        ("ftp://e.com", None),
        (" javascript:x", None),
        ("/api/shutdown", None),
        ("?x", None),
        ("", None),
        ("mailto:a", None),
    ],
)
def test_links_are_judged(href, kept):
    assert judge(href) == kept


@pytest.mark.parametrize(
    ("href", "words"),
    [("a/b.md", "a/b.md"), ("\\\\host\\share", "link removed"), ("", "link removed"),
     ("x" * 99, "x" * 80), ("Blob:x", "blob: link removed"), ("http:x", "unclear link removed")],
)  # fmt: skip
def test_what_is_said_of_a_removed_link(href, words):
    assert removed(href) == words
