"""Answers a hostile model could give: families of attacks, each in the forms Markdown has for it.

Each answer does its harm under its own number, so that a request or a script tells whose it is:

    hit(17)                            what it runs
    http://127.0.0.1:1234/17           what it fetches from a stranger
    /api/status?answer=17              what it asks JupyterLab for, with the reader's rights
"""

from __future__ import annotations

from itertools import cycle, islice
from typing import NamedTuple


class Answer(NamedTuple):
    """One answer."""

    number: int
    family: str
    form: str
    text: str


_TAGS = (
    "<script>JS</script>",
    "<script src=URL></script>",
    "<script type=module>import 'URL'</script>",
    "<SCRIPT\n>JS</SCRIPT\n>",
    "<scr<script>ipt>JS</script>",
    "<img src=URL>",
    "<img src=OWN>",
    "<IMG/SRC='URL'/>",
    "<img\nsrc='URL'\n>",
    "<img src='OWN' onerror=JS>",
    "<img srcset='URL 1x, URL/2 2x'>",
    "<picture><source srcset=URL><img></picture>",
    "<image href=URL src=URL>",
    "<div><img src=URL></div>",
    "</p></div><img src=URL>",
    "<<img src=URL>",
    "<img src=URL",
    "<img src='URL\n\n'>",
    "<input type=image src=URL>",
    "<video poster=URL></video>",
    "<video src=URL autoplay></video>",
    "<audio src=URL autoplay></audio>",
    "<video autoplay><source src=URL><track src=URL default></video>",
    "<embed src=URL>",
    "<object data=URL></object>",
    "<applet code=URL></applet>",
    "<iframe src=URL></iframe>",
    "<iframe srcdoc='<script>parent.JS</script>'></iframe>",
    "<iframe srcdoc='&lt;img src=URL&gt;'></iframe>",
    "<iframe src='javascript:parent.JS'></iframe>",
    "<iframe src='data:text/html,<img src=URL>'></iframe>",
    "<iframe onload=JS></iframe>",
    "<frameset onload=JS><frame src=URL></frameset>",
    "<style>@import 'URL';</style>",
    "<style>body{background:url(URL)}</style>",
    "<style>@font-face{font-family:x;src:url(URL)} *{font-family:x}</style>",
    "<div style='background:url(URL)'>words</div>",
    "<b style='content:url(URL)'>words</b>",
    "<table background=URL><tr><td background=URL>x</table>",
    "<link rel=stylesheet href=URL>",
    "<link rel=prefetch href=URL>",
    "<link rel=preload as=image href=URL>",
    "<link rel=modulepreload href=URL>",
    "<link rel=preconnect href=URL>",
    "<link rel=dns-prefetch href=//stranger.invalid>",
    "<link rel=icon href=URL>",
    "<meta http-equiv=refresh content='0;url=URL'>",
    "<base href=URL><img src=x>",
    "<body onload=JS background=URL>",
    "<b onmouseover=JS>hover</b>",
    "<x-y onclick=JS>click</x-y>",
    "<b onanimationstart=JS style='animation:x'>words</b>",
    "<details open ontoggle=JS>words</details>",
    "<marquee onstart=JS>words</marquee>",
    "<select autofocus onfocus=JS></select>",
    "<form action=URL id=f><input name=q autofocus onfocus=JS></form>",
    "<form><button formaction=URL>Sign in</button></form>",
    "<button data-commandlinker-command='runmenu:run-all' data-commandlinker-args='{}'>Go</button>",
    "<a href='javascript:JS'>link</a>",
    "<a href=OWN ping=URL>link</a>",
    "<area href='javascript:JS'>",
    "<dialog open>words</dialog>",
    "<template shadowrootmode=open><img src=URL></template>",
    "<noscript><p title='</noscript><img src=URL>'></noscript>",
    "<title><img title='</title><img src=URL>'></title>",
    "<textarea><img src='</textarea><img src=URL>'>",
    "<xmp><img title='</xmp><img src=URL>'>",
    "<!--<img src=URL>-->",
    "<!--><img src=URL>-->",
    "<!-- --!><img src=URL>",
    "<![CDATA[><img src=URL>]]>",
    "<?php ><img src=URL> ?>",
    "<!DOCTYPE html><img src=URL>",
    "<nbapimgr-error data-view=x><img src=URL></nbapimgr-error>",
    "<bdi></bdi></section><script>JS</script>",
    "<div style='position:fixed;inset:0'>Sign in</div>",
)
_SVG = (
    "<svg onload=JS></svg>",
    "<svg/onload=JS>",
    "<svg><script>JS</script></svg>",
    "<svg><script href=URL /></svg>",
    "<svg><image href=URL width=9 height=9 /></svg>",
    "<svg><use href='OWN#x' /></svg>",
    "<svg><animate onbegin=JS attributeName=x dur=1s /></svg>",
    "<svg><a><set attributeName=href to='javascript:JS' /><text>x</text></a></svg>",
    "<svg><foreignObject><img src=URL></foreignObject></svg>",
    "<svg><style>*{fill:url(URL)}</style></svg>",
    "<svg><feImage href=URL /></svg>",
    "<math><mtext><img src=URL></mtext></math>",
    "<math href='javascript:JS'><mi>x</mi></math>",
    "<math><maction actiontype='statusline#URL' onclick=JS>x</maction></math>",
    "<math><annotation-xml encoding=text/html><img src=URL></annotation-xml></math>",
)
_PICTURES = (
    "![](URL)",
    "![words](URL)",
    "![words](OWN)",
    "![words](<URL>)",
    "![words](URL 'title')",
    "![words](//HOST)",
    "![words](api/status?answer=N)",
    "![words](../../api/status?answer=N)",
    "![words](attachment:N.png)",
    "![words](data:image/svg+xml,%3Csvg%20onload=JS%3E)",
    "![words](data:image/png;base64,AAAA)",
    "![words](file:///etc/passwd?answer=N)",
    "![words\nmore](URL\n'title')",
    "![a ![b](URL) c](URL)",
    "[![words](URL)](URL)",
    "!\\[words](URL) ![words\\](URL)",
    "!![words](URL)",
    "![`]`](URL)",
    "![<b>](URL)",
    "![words](URL){width=9 onload=JS}",
    "![[URL]]",
    "&#33;[words](URL)",
)
_REFERENCES = (
    "![words][r]\n\n[r]: URL",
    "![r]\n\n[r]: <URL> 'title'",
    "[r]: URL\n\n![words][R]",
    "![words][]\n\n[words]:\n  URL",
    "> [r]: URL\n\n![r]",
    "- [r]: URL\n\n![r]",
    "[a][r]\n\n[r]: javascript:JS",
    "[r]\n\n[r]: data:text/html,<script>JS</script>",
    "words[^1]\n\n[^1]: ![words](URL)",
    "words[^1]\n\n[^1]: <img src=URL>",
    "*[HTML]: <img src=URL>\n\nHTML",
)
_ADDRESSES = (
    "javascript:JS",
    "JaVaScRiPt:JS",
    " javascript:JS",
    "java&#115;cript:JS",
    "&#x6A;avascript:JS",
    "&#0000106avascript:JS",
    "javascript&colon;JS",
    "javascript&#58;JS",
    "java&Tab;script:JS",
    "java&NewLine;script:JS",
    "javascript\\:JS",
    "\u0001javascript:JS",
    "javascript:JS;//https://good.example",
    "javascript://good.example/%0aJS",
    "jar:javascript:JS!/",
    "view-source:URL",
    "vbscript:JS",
    "livescript:JS",
    "data:text/html,<script>parent.JS</script>",
    "data:text/html;base64,PHNjcmlwdD5oaXQoMCk8L3NjcmlwdD4=",
    "data:image/svg+xml,<svg onload=JS>",
    "data&colon;text/html,x",
    "blob:URL",
    "filesystem:URL",
    "file:///etc/passwd",
    "about:blank",
    "chrome://settings",
    "vscode://x/y",
    "command:workbench.action.terminal.new",
    "ms-word:ofe|u|URL",
    "intent://HOST#Intent;end",
    "tel:123",
    "OWN",
    "../../lab?reset&answer=N",
    "//HOST",
    "\\\\HOST",
    "http:/HOST",
    "http:\\\\HOST",
    "http://good.example@HOST",
    "http://good.example%2f@HOST",
    "http://good.example\\@HOST",
    "http://good.example&#64;HOST",
    "http://[::1]:9/N",
    "http://0x7f000001/N",
    "http://127。0。0。1/N",
    "mailto:a@b.example?bcc=c@d.example&body=x",
    "#x' onmouseover=JS x='",
    'URL"onmouseover="JS',
    "URL'><img src=URL>",
    "URL/<img src=URL>",
)
_LATEX = (
    r"$\href{javascript:JS}{x}$",
    r"$\href{URL}{x}$",
    r"$$\href{javascript:JS}{x}$$",
    r"\\(\href{javascript:JS}{x}\\)",
    r"\\[\href{javascript:JS}{x}\\]",
    r"\begin{align}\href{javascript:JS}{x}\end{align}",
    r"$\url{javascript:JS}$",
    r"$\includegraphics{URL}$",
    r"$\includegraphics[width=9pt]{OWN}$",
    r"$\htmlData{x=y}{z} \htmlClass{x}{y}$",
    r"$\htmlStyle{background:url(URL)}{x}$",
    r"$\style{background:url(URL)}{x}$",
    r"$\class{jp-mod-active}{x} \cssId{main}{y}$",
    r"$\unicode[Arial;background:url(URL)]{x41}$",
    r"$\unicode{x3C}img src=URL\unicode{x3E}$",
    r"$\require{html}\href{javascript:JS}{x}$",
    r"$\require{unknown-N}$",
    r"$\def\x{\href}\x{javascript:JS}{y}$",
    r"$\let\x\href \x{javascript:JS}{y}$",
    r"$\newcommand{\x}[2]{\href{#1}{#2}}\x{javascript:JS}{y}$",
    r"$\csname href\endcsname{javascript:JS}{y}$",
    r"$\text{<img src=URL>}$",
    r"$\mathchoice{<img src=URL>}{}{}{}$",
    r"$x$<img src=URL>$y$",
    "$`$<img src=URL>`$",
    "`$`<img src=URL>`$`",
    r"$\mmlToken{mi}[href='javascript:JS']{x}$",
    r"$\bbox[background:url(URL)]{x}$",
    r"$\data{x=y}{z}$",
    r"$\color{red;background:url(URL)}{x}$",
    r"$\colorbox{red;background:url(URL)}{x}$",
    r"$\fcolorbox{red;background:url(URL)}{blue}{x}$",
    r"$\enclose{circle}[mathcolor='red;background:url(URL)']{x}$",
    r"$\rule[1em;background:url(URL)]{9em}{9em}$",
    r"$\definecolor{z}{HTML}{red;background:url(URL)}\color{z}{x}$",
    r"$\mathtip{x}{\href{javascript:JS}{y}} \toggle{x}{y}\endtoggle$",
    r"$\begin{array}{c}\hline[1em;background:url(URL)]x\end{array}$",
    r"$\def\x#1{\u#1ode[Arial;background:url(URL)]{x41}}\x{nic}$",
)
_FENCED = (
    "graph TD\nA[<img src=URL onerror=JS>] --> B",
    'flowchart TD\nA@{ img: "URL", label: "x", w: 60, h: 60 }',
    'flowchart TD\nA --> B\nclick A href "javascript:JS" "x"',
    "flowchart TD\nA --> B\nclick A call hit(N)",
    '%%{init: {"securityLevel": "loose", "themeCSS": "@import url(URL);"}}%%\ngraph TD\nA --> B',
    "---\nconfig:\n  themeCSS: '*{background:url(URL)}'\n---\ngraph TD\nA --> B",
    "flowchart TD\nA --> B\nstyle A fill:url(URL)",
    "flowchart TD\nclassDef x background:url(URL)\nA:::x --> B",
    'flowchart TD\nA["`![words](URL)`"]',
    'C4Context\nPerson(a, "x", "y", $sprite="URL", $link="javascript:JS")',
    "sequenceDiagram\nparticipant A\nlink A: x @ javascript:JS\nA->>A: <img src=URL>",
    'digraph { a [label=<<IMG SRC="URL"/>>, href="javascript:JS", image="URL"] }',
    '{"$schema": "vega-lite", "data": {"url": "URL"}, "mark": "bar"}',
    "<img src=URL onerror=JS><script>JS</script>",
)
_LANGUAGES = (
    "mermaid",
    "{mermaid}",
    "Mermaid",
    "mermaid x",
    "dot",
    "graphviz",
    "vega-lite",
    "html",
)
_BLOCKS = (
    "```{=html}\n<img src=URL>\n```",
    "```{raw} html\n<img src=URL>\n```",
    "```{image} URL\n```",
    "```{figure} URL\nwords\n```",
    "```{iframe} URL\n```",
    "```{code-cell} python\nimport os\n```",
    ":::{image} URL\n:::",
    "::: html\n<img src=URL>\n:::",
    "`<img src=URL>`{=html}",
    "[words]{onclick=JS style='background:url(URL)'}",
    "# words {#x onclick=JS}",
    "{% raw %}<img src=URL>{% endraw %}",
    "{{< figure src=URL >}}",
    "%%html\n<img src=URL>",
    "```\n<img src=URL>",
    "~~~\n```\n<img src=URL>\n~~~\n<img src=URL>",
    "````\n```\n````\n<img src=URL>\n```",
    "```\ncode\n```~~~\n<img src=URL>\n```",
    "``` `\n<img src=URL>\n```",
    "- ```\n  <img src=URL>\n<img src=URL>\n  ```",
    "> ```\n<img src=URL>\n> ```",
    "    <img src=URL>\n\t<img src=URL>\n   <img src=URL>",
    "``<img src=URL>`",
    "\\`<img src=URL>\\`",
    "`a\n\n<img src=URL>`",
    "| a |\n|---|\n| `|` <img src=URL> |",
    "| a | b |\n|---|---|\n| ![w](URL) | [x](javascript:JS) | <img src=URL> |",
    "term\n: <img src=URL>",
    "+++\n<img src=URL>\n+++",
    "---\ntitle: <img src=URL>\n---\n<img src=URL>",
)
_AUTOLINKS = (
    "<javascript:JS>", "<JAVASCRIPT:JS>", "<data:text/html,x>", "<vscode:x>", "<URL>",
    "URL", "www.stranger.invalid", "http://good.example@HOST", "<a@b.example>",
    "URL<img src=URL>", "http://good.example/`<img src=URL>`", "<URL onmouseover=JS>",
    "http://good.example/$x$<img src=URL>$y$",
)  # fmt: skip
_UNICODE = (
    "<\u200bimg src=URL><img\u200b src=URL>",
    "\uff1cimg src=URL\uff1e",
    "\ufeff<img src=URL>",
    "\u2028<img src=URL>\u2029<img src=URL>",
    "<img\u00a0src=URL>",
    "<i\u0000mg src=URL>",
    "<img\fsrc=URL\v>",
    "\u202e<img src=URL>\u202c",
    "[\u202emoc.knab\u202c](URL)",
    "[\u2066https://good.example\u2069](URL)",
    "[good.example](URL)",
    "[https://good.example/sign-in](URL)",
    "[good.example\u2800\u2800\u2800\u2800](URL)",
    "[x](http://g\u043e\u043ed.example/N)",
    "[x](http://xn--gd-jlca.example/N)",
    "&lt;img src=URL&gt; &#60;img src=URL&#62; &#x3c;img src=URL>",
    "\U000e003c\U000e0069<img src=URL>\U000e007f",
    "\r<img src=URL>\rwords\x85<img src=URL>",
    "\\<img src=URL> \\\\<img src=URL>",
)
_TERMINAL = (
    "\x1b]8;;URL\x07words\x1b]8;;\x07",
    "\x1b]8;;javascript:JS\x1b\\words\x1b]8;;\x1b\\",
    "\x9d8;;URL\x9cwords\x9d8;;\x9c",
    "\x1b[31m<img src=URL>\x1b[0m",
    "\x1b[2J\x1b[H\x1b[8mhidden\x1b[0m",
    "\x1b]0;title\x07\x1b]52;c;aGk=\x07",
    "\x1bP1;1|17/ab\x1b\\ \x9b31m",
    "safe\x08\x08\x08\x08evil \rover",
    "\x1b[38;2;1;2;3m<script>JS</script>",
)
_LOOKALIKES = (
    '{"application/vnd.jupyter.widget-view+json": {"model_id": "N", "version_major": 2}}',
    '<script type=\'application/vnd.jupyter.widget-view+json\'>{"model_id": "N"}</script>',
    "<script type='application/vnd.jupyter.widget-state+json'>{\"state\": {}}</script>",
    "<jupyter-widget model-id=N></jupyter-widget>",
    '{"output_type": "display_data", "data": {"text/html": "<img src=URL>"}}',
    '{"data": {"application/javascript": "JS"}, "metadata": {}}',
    "Content-Type: text/html\n\n<img src=URL>",
    "<div class='jp-OutputArea-output' data-mime-type='application/javascript'>JS</div>",
    "<div class=nbapimgr-panel><input type=password></div>",
    "<nbapimgr-error data-view=N></nbapimgr-error>",
)
_DEEP = (
    ">" * 300 + "<img src=URL>",
    "- " * 300 + "<img src=URL>",
    "[" * 1200 + "x](URL)" + "]" * 200,
    "![" * 90 + "x" + "](URL)" * 90,
    "*" * 900 + "<img src=URL>" + "*" * 900,
    "<b>" * 300 + "<img src=URL>",
    "`" * 999 + "<img src=URL>" + "`" * 998,
    "".join(f"{'  ' * n}- a\n" for n in range(120)) + "<img src=URL>",
    "$" * 999 + "<img src=URL>",
    "&#x200b;" * 500 + "<img src=URL>",
)

FORMS = {
    "alone": "{}",
    "in a sentence": "See {} here.",
    "in a list": "1. one\n2. {}\n   - {}",
    "in a quote": "> quoted\n> {}\n\nand {}",
    "in a heading": "## {}\n\n{}\n===",
    "in a table": "| a | b |\n|:--|--:|\n| {} | x |\n",
    "in emphasis": "**{}** *{}* ~~{}~~",
    "as a label": "[{}](URL)",
    "after an open fence": "words\n\n    code\n\n{}\n\n```python\nx = 1",
    "after mathematics": "costs $5 or $6, $x_1$ {} $$y$$",
    "after a code span": "call `f()` or ``g`` {} `h`",
    "in a quoted list": "> - > 1. {}\n",
    "in raw HTML": "<div>\n\n{}\n\n</div>",
    "in details": "<details><summary>x</summary>\n{}\n</details>",
    "in a footnote": "words[^n]\n\n[^n]: {}",
}
INLINE = ("[words](ADDRESS)", "<a href='ADDRESS'>words</a>", "[words](<ADDRESS>)", "![w](ADDRESS)")
DEADLY = ("http-equiv=refresh", "<base", "<frameset", "<form", "inset:0")
"""What takes a page away that shows it as it is: the control leaves these out."""

FAMILIES = {
    "tags": _TAGS,
    "svg and mathml": _SVG,
    "pictures": _PICTURES,
    "references": _REFERENCES,
    "links": tuple(
        form.replace("ADDRESS", address)
        for address, form in zip(_ADDRESSES, cycle(INLINE), strict=False)
    )
    + tuple(f"[words]({address})" for address in _ADDRESSES),
    "latex": _LATEX,
    "diagrams": tuple(
        f"```{language}\n{code}\n```"
        for n, code in enumerate(_FENCED)
        for language in ("mermaid", _LANGUAGES[n % len(_LANGUAGES)])
    ),
    "blocks": _BLOCKS,
    "autolinks": _AUTOLINKS,
    "unicode": _UNICODE,
    "terminal": _TERMINAL,
    "look-alikes": _LOOKALIKES,
    "deep": _DEEP,
}
_AS_THEY_ARE = frozenset({"diagrams", "blocks", "references", "deep"})
"""Families whose attacks are blocks of their own."""


def answers(host):
    """All answers; `host` is the stranger's host and port."""
    found = []
    more = cycle(list(FORMS)[1:])
    for family, attacks in FAMILIES.items():
        for attack in dict.fromkeys(attacks):
            forms = [] if family in _AS_THEY_ARE else list(islice(more, 1))
            for form in ("alone", *forms):
                text = FORMS[form].replace("{}", attack)
                found.append(Answer(n := len(found), family, form, _numbered(text, n, host)))
    return found


def _numbered(text, number, host):
    """`text` with its own addresses and its own script; DATA: is what hides them."""
    for word, meaning in (
        ("URL", f"http://{host}/{number}"),
        ("HOST", f"{host}/{number}"),
        ("OWN", f"/api/status?answer={number}"),
        ("JS", f"hit({number})"),
        ("answer=N", f"answer={number}"),
        ("hit(N)", f"hit({number})"),
    ):
        text = text.replace(word, meaning)
    return text


def pieces(text):
    """Where a stream may be cut so that what is shown meanwhile is half an attack.

    Before its last character, and behind its last mark.
    """
    at = max(text.rfind(mark) for mark in "<[]($`:")
    cuts = {len(text) - 1, at + 1}
    return [text[:cut] for cut in sorted(cuts) if 0 < cut < len(text)]
