"""What becomes of each piece of Markdown."""

from __future__ import annotations

import pytest

from nbapimgr.inert import inert, plain
from nbapimgr.inert._document import _Document


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Plain words, *em*, **strong**, a < b, 3 <4, x <= y, <- and `code` here.",
        "# Title\n\n- a\n- b\n\n1. c\n\n> quote\n\n---\n\n| a | b |\n|---|---|\n| 1 | 2 |\n",
        "```html\n<img src=x>\n```\n\ntext `<b>` and `a[0](1)`\n",
        "- item\n\n  ```py\n  x = '<b>'\n  ```\n- next\n",
        "> ```\n> <i>\n> ```\n",
        "~~~~\n```\n<b>\n```\n~~~~\n",
        "costs $5 and $6; $x^2$ and $$\\int_0^1 x\\,dx$$\n",
        "$$\n\\begin{aligned}\na &= b < c \\\\\n- d &= e\n\\end{aligned}\n$$\n",
        "- [ ] task\n- [x] done\n\nsee [1] and [^2]\n",
        "https://example.com/x?a=1&b=2 and www.example.com",
        "AT&T &amp; &lt;b&gt; &copy; &#60;img&#62;",
        "line one  \nline two\\\nline three",
        "Setext\n======\n\ntext\n----\n",
        "[frag](#top)",
        "    indented code\n",
    ],
)
def test_what_is_harmless_stays_as_it_is(text):
    assert inert(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        # HTML
        ("a <b>bold</b>", "a &lt;b>bold&lt;/b>"),
        ("<div>\n\n**md**\n\n</div>", "&lt;div>\n\n**md**\n\n&lt;/div>"),
        ("<!-- c --> <?php <![CDATA[", "&lt;!-- c --> &lt;?php &lt;&#33;[CDATA["),
        (r"\<b> \\<b>", r"&lt;b> \\&lt;b>"),
        ("# <b>", "# &lt;b>"),
        ("# <b> ##", "# &lt;b> ##"),
        ("<b>\n===", "&lt;b>\n==="),
        ("> - <b>\n>   <i>\n<u>", "> - &lt;b>\n>   &lt;i>\n&lt;u>"),
        ("#\n\n<b>", "#\n\n&lt;b>"),
        ("\xa0\n`a`\n`<b>`", "\xa0\n&#96;a&#96;\n&#96;&lt;b>&#96;"),
        ("> a\n> \u2003\n> term <b>\n> : x\n> \u2003",
         "> a\n> \u2003\n> term &lt;b>\n> &#58; x\n> \u2003"),
        ("`<b>`\n\u2003\n<c>\n\u3000", "&#96;&lt;b>&#96;\n\u2003\n&lt;c>\n\u3000"),
        ("- | `<a>` | <b> |\n  |---|---|\n  | - | <c> |",
         "- | `<a>` | &lt;b> |\n  |---|---|\n  | - | &lt;c> |"),
        ("| <b> | `<i>` |\n|---|---|\n| a \\| <b> | `x \\| <y>` | <z> |",
         "| &lt;b> | `<i>` |\n|---|---|\n| a \\| &lt;b> | `x \\| <y>` | &lt;z> |"),
        # links
        ("[a](https://e.com/p)", "[a (e.com)](https://e.com/p)"),
        ("[a](https://E.com:8080/p 'title')", "[a (e.com:8080)](https://E.com:8080/p)"),
        ("[**a** `b`](https://e.com)", "[**a** `b` (e.com)](https://e.com)"),
        ("[](https://e.com/)", "[e.com](https://e.com/)"),
        ("[e.com](https://e.com/)", "[e.com](https://e.com/)"),
        ("[https://e.com](https://e.com)", "[https://e.com](https://e.com)"),
        ("[https://good.com](https://e.com)", "[https://good.com (e.com)](https://e.com)"),
        ("[a\nb](<https://e.com/a b>\n'x') c\nd", "[a b (e.com)](https://e.com/a%20b) c\nd"),
        ("[a](https://e.com/(x)_[y]$z$`w|'\")",
         "[a (e.com)](https://e.com/%28x%29_%5By%5D%24z%24%60w%7C%27%22)"),
        ("[a](https://e.com/?a=1&amp;lt;b&c)", "[a (e.com)](https://e.com/?a=1%26lt;b&c)"),
        ("[a](https://e.com/@@0@@)", "[a (e.com)](https://e.com/%40@0%40@)"),
        ("[\\[x\\] \u202ey](https://e.com)", "[&#91;x&#93; y (e.com)](https://e.com)"),
        ("[日本](https://例え.jp/)", "[日本 (xn--r8jz45g.jp)](https://xn--r8jz45g.jp/)"),
        ("[m](mailto:a@b.co?bcc=c@d.e)", "[m (a@b.co)](mailto:a@b.co)"),
        ("[a](javascript:alert(1))", "a (javascript: link removed)"),
        ("[a](JaVaScRiPt&#58;x) [b](java&#115;cript:x)",
         "a (javascript: link removed) b (javascript: link removed)"),
        ("[a](data:text/html,x) [b](vbscript:x) [c](file:///etc/passwd) [d](x)",
         "a (data: link removed) b (vbscript: link removed) c (file: link removed) d (x)"),
        ("[a](https://good.com@evil.com/) [b](https:evil.com) [c](//evil.com)",
         "a (unclear link removed) b (unclear link removed) c (link removed)"),
        ("[read me](docs/README.md) [x](x)", "read me (docs/README.md) x"),
        ("[- x](javascript:1)", "&#8203;- x (javascript: link removed)"),
        ("[](javascript:1)", "(javascript: link removed)"),
        ("<javascript:alert(1)>", "&lt;javascript:alert(1)>"),
        ("<https://e.com/x> <me@e.com>",
         "[https://e.com/x](https://e.com/x) [me@e.com](mailto:me@e.com)"),
        ("<https://e.com/$_y_*[w]>",
         "[https://e.com/\\$&#95;y&#95;&#42;&#91;w&#93;](https://e.com/%24_y_%2A%5Bw%5D)"),
        ("[`a[0]`](https://e.com)", "[&#96;a&#91;0&#93;&#96; (e.com)](https://e.com)"),
        ("[$x$](https://e.com)", "[\\$x\\$ (e.com)](https://e.com)"),
        # references
        ("[a][r] [r] [b][]\n\n[r]: https://e.com 'T'\n[b]: vscode:x",
         "[a (e.com)](https://e.com) [r (e.com)](https://e.com) b (vscode: link removed)\n\n\n"),
        ("> [r]: https://e.com\n> [R]:\n>   https://f.com\n\n[r]",
         "> \n> \n>   \n\n[r (e.com)](https://e.com)"),
        ("[^1] and <b>\n\n[^1]: Note.\n[^2]: Smith",
         "[^1] and &lt;b>\n\n[^1]&#58; Note.\n[^2]&#58; Smith"),
        ("a [^2].\n\n[^2]: Smith", "a [^2].\n\n[^2]&#58; Smith"),
        # pictures
        ("![alt](https://e.com/x.png)", "[image: alt (e.com)](https://e.com/x.png)"),
        ("![](https://e.com/x.png)", "[image (e.com)](https://e.com/x.png)"),
        ("![a](x.png) ![](attachment:x.png) ![b](data:image/png;base64,AA)",
         "(image: a) (image) (image: b)"),
        ("![a][r]\n\n[r]: https://e.com/x", "[image: a (e.com)](https://e.com/x)\n\n"),
        ("[![badge](https://s.io/b.svg)](https://ci.io)", "[(image: badge) (ci.io)](https://ci.io)"),
        ("![`<b>` [x](https://y.z)](https://e.com)",
         "[image: &#96;&lt;b>&#96; &#91;x&#93;&#40;https://y.z) (e.com)](https://e.com)"),
        # where pieces meet
        (r"\![a](https://e.com)", "&#33;[a (e.com)](https://e.com)"),
        ("!![a](https://e.com)", "&#33;[image: a (e.com)](https://e.com)"),
        ("[a][](x:y)", "[a]&#40;x: link removed)"),
        ("[a]: not a definition", "[a]&#58; not a definition"),
        ("](https://e.com) ![ ][", "]&#40;https://e.com) &#33;[ ]&#91;"),
        # code
        ("`` `<b>` ``", "&#96;&#96; &#96;&lt;b>&#96; &#96;&#96;"),
        ("a ` `<b>`", "a ` `&lt;b>&#96;"),
        ("`a\n<b>`", "`a <b>`"),
        ("https://e.com`<b>`", "https://e.com\u200a`<b>`"),
        ("~`<b>`", "~\u200a`<b>`"),
        ("~a `~` <b>", "&#126;a `~` &lt;b>"),
        (r"`<b>\`", r"&#96;&lt;b>&#96;"),
        ("    <b>\n    x\n\ny", "```\n<b>\nx\n```\n\ny"),
        ("> a\n>\n>     <b>\n", "> a\n>\n>     &lt;b>\n"),
        ("```\n<b>", "```\n<b>\n```"),
        ("> 1. ```\n>    <b>", "> 1. ```\n>    <b>\n>    ```"),
        ("```", "```\n```"),
        ("```html\n<b>\n```~~~\n<i>\n```", "````html\n<b>\n```~~~\n<i>\n````"),
        ("```\n<b>\n  `````x\n```\n", "``````\n<b>\n  `````x\n``````\n"),
        ("> q\n```\n<b>\n```", "> q\n\n```\n<b>\n```"),
        ("- q\n> <b>", "- q\n\n> &lt;b>"),
        ("> - q\n> ```\n> <b>\n> ```", "> - q\n> \n> ```\n> <b>\n> ```"),
        ("> - q\n>\n> ```\n> <b>\n> ```", "> - q\n>\n> ```\n> <b>\n> ```"),
        ("1. a\n   - q\n   ```\n   <b>\n   ```", "1. a\n   - q\n   \n   ```\n   <b>\n   ```"),
        ("  ```\n   <b>\n ```", "```\n <b>\n```"),
        # mathematics
        ("$a<b$ $$x</y$$ $![a](b)$", "$a< b$ $$x< /y$$ $! [a] (b)$"),
        ("$a<b> and $5", "\\$a&lt;b> and \\$5"),
        ("\\\\(a<b\\\\) \\\\[x](y\\\\] \\\\(<i>",
         "\\\\(a< b\\\\) \\\\[x] (y\\\\] \\\\&#40;&lt;i>"),
        ("\\begin{x}a<b\\end{x} \\begin{y}<b>", "\\begin{x}a< b\\end{x} \\begin&#123;y}&lt;b>"),
        ("\\\\begin{x}<b>\\end{x} \\\\\\(<i>",
         "\\\\begin&#123;x}&lt;b>\\end&#123;x} \\\\\\&#40;&lt;i>"),
        ("a $$b\nc <d>$$", "a \\$\\$b\nc &lt;d>\\$\\$"),
        ("$$b\nc <d>$$ e", "$$b\nc < d>$$ e"),
        ("$$\na <b\n- c\n$$", "$$\na < b\n- c\n$$"),
        ("x:\n$$ a\n+ <b $$\ny", "x:\n$$ a\n+ < b $$\ny"),
        ("$$a$$ b <c>", "$$a$$ b &lt;c>"),
        ("$$\na\n\nb <c>\n$$", "\\$\\$\na\n\nb &lt;c>\n\\$\\$"),
        ("$$\n`<b>`\n$$", "\\$\\$\n`<b>`\n\\$\\$"),
        ("    $$\n    <b>\n    $$", "```\n$$\n<b>\n$$\n```"),
        ("$\\href{javascript:x}{y}$ $\\\\url x$", "$href{javascript:x}{y}$ $url x$"),
        ("$\\style{position:fixed}{x}$ and \\class", "$style{position:fixed}{x}$ and \\class"),
        ("$`a`<b>$", "\\$`a`&lt;b>\\$"),
        # tables and definitions that only some readers see
        ("`a\n|---|\nb` <b>", "`a |---| b` &lt;b>"),
        ("a <b>\n|---|---|", "a &lt;b>\n&#124;---|---|"),
        ("term <b>\n: x", "term &lt;b>\n&#58; x"),
        ("| a | b |\n|---|---|\nterm <b>\n : x\n| - | - |",
         "| a | b |\n|---|---|\nterm &lt;b>\n &#58; x\n| - | - |"),
        # other characters
        ("a\r\nb\rc\x00\x1b[31m <b>", "a\nb\nc\ufffd\ufffd[31m &lt;b>"),
    ],
)  # fmt: skip
def test_what_is_not_is_rewritten(text, shown):
    assert inert(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        # JupyterLab would take "$ b`\n$" for mathematics, and the code's first mark with it
        ("\\\\`a $ b`\n$ `<img src=x>` z", "\\\\`a $ b`\n\\$ `<img src=x>` z"),
        ("- costs $5\n  ```html\n  <p>$</p>\n  <img>\n  ```",
         "- costs \\$5\n  ```html\n  <p>$</p>\n  <img>\n  ```"),
    ],
)  # fmt: skip
def test_a_dollar_sign_cannot_hide_the_mark_of_code(text, shown, alive):
    assert inert(text) == shown
    assert alive(text)
    assert not alive(shown)


def test_where_two_readers_cannot_be_had_it_is_all_code(alive):
    # JupyterLab sees mathematics from the dollar of one piece of code to that of the other
    text = "- ```\n  $\n  ```\n  \\\\`a $ b` c\n  ```\n  <img>\n  ```"
    shown = inert(text)
    assert shown == f"````\n{text}\n````"
    assert not alive(shown)


def test_mathematics_goes_where_it_cannot_stay(alive):
    text = 'see www.e.com/$"x$ and <b>'
    assert inert(text) == 'see www.e.com/\\$"x\\$ and &lt;b>'
    assert not alive(inert(text))


def test_a_text_beyond_all_measure_is_code(monkeypatch):
    monkeypatch.setattr("nbapimgr.inert._inert._LONGEST", 10)
    assert inert("<b>" * 4) == f"```\n{'<b>' * 4}\n```"
    assert inert("word " * 4) == "word " * 4


def test_brackets_beyond_all_measure_are_words():
    assert inert("[" * 1001 + "<b>") == "&#91;" * 1001 + "&lt;b>"


def test_a_container_too_deep_to_read_is_words():
    deep = "> " * 120
    assert inert(f"{deep}<b> `<i>`") == f"{deep}&lt;b> &#96;&lt;i>&#96;"


def test_a_row_whose_cells_are_not_to_be_found_is_words():
    document = _Document("x", math=True)
    assert document._row("| <b> |", ["other"]) == "| &lt;b> |"


def test_plain_text_cannot_drive_a_terminal():
    assert plain("a\x1b]8;;http://e.com\x07b\r\nc\rd\x9b31m\te") == (
        "a\ufffd]8;;http://e.com\ufffdb\nc\nd\ufffd31m\te"
    )


@pytest.mark.parametrize(
    "language",
    [
        "mermaid",
        "Mermaid",
        " mermaid x",
        "mer&#109;aid",
        "dot",
        "math",
        "{image} https://e.example",
        "{=html}",
        "vega-lite",
        "\\{raw} html",
    ],
)
@pytest.mark.parametrize("marks", ["```", "~~~", "> ```", "- ````", "1. ~~~"])
def test_code_that_front_ends_would_draw_is_shown_as_code(language, marks, codes):
    fence = marks.lstrip(">-1. ")
    indent = "> " if marks[0] == ">" else " " * (len(marks) - len(fence))
    text = f"{marks}{language}\n{indent}graph <b>\n{indent}{fence}\n"
    for shown in (inert(text), inert(text, partial=True), inert(text.rpartition(fence)[0])):
        assert f"{fence}text\n" in shown
        assert codes(shown) == ["graph <b>\n"]


@pytest.mark.parametrize("language", ["", "python", "c++", "dotenv", "mathematica", "js title=x"])
def test_other_code_keeps_its_language(language):
    text = f"```{language}\nx\n```"
    assert inert(text) == text


@pytest.mark.parametrize("macro", ["unicode[x;y]", "bbox[x:y]", "mmlToken{mi}[href='x']"])
def test_mathematics_takes_no_styles(macro):
    assert inert(f"$\\{macro}{{z}}$") == f"${macro}{{z}}$"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see https://good.example@evil.example/x", "see https&#58;//good.example@evil.example/x"),
        ("<http://good.example%2f@e.example>", "&lt;http&#58;//good.example%2f@e.example>"),
        ("http://good.example&#64;e.example", "http&#58;//good.example&#64;e.example"),
        ("www.good.example:x@e.example", "www&#46;good.example:x@e.example"),
        ("https://e.example/@me", "https://e.example/@me"),
        (
            "https://e.example?q=a@b.c and WWW.e.example/@x",
            "https://e.example?q=a@b.c and WWW.e.example/@x",
        ),
    ],
)
def test_a_bare_address_with_a_user_name_is_no_link(text, shown):
    assert inert(text) == shown
