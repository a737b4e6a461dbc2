"""Hundreds of hostile answers in JupyterLab: nothing is fetched, nothing runs, no link disguises.

The same answers are shown as they came too: then the page does fetch and run, family by family, so
that the silence of the first is known to mean something.
"""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from urllib.parse import unquote, urlsplit

import pytest

from tests.browser.hostile_answers import DEADLY, FAMILIES, answers, pieces
from tests.browser.lab import TIMEOUT, Notebook
from tests.engine.faultserver import error

PER_CELL = 45
"""JupyterLab shows the first 50 outputs of a cell."""
SETTLED = 1500
"""Milliseconds for what a page does after it has drawn: pictures, diagrams, timers of scripts."""
WATCH = """
window.hits = [];
window.hit = (number) => { window.hits.push(number); };
for (const kind of ["click", "auxclick", "submit"])
    addEventListener(kind, (event) => event.preventDefault());
"""
SHOW = """
import json
from pathlib import Path
from IPython.display import display
from nbapimgr.magics._bundle import bundle, partial
from nbapimgr.magics._footer import footer, footer_bundle
from nbapimgr.models import Candidate, Provider, Reply

one = Provider(name="p", dialect="openai-chat", base_url="http://127.0.0.1:9", models=("m",))

def reply(text, model="m"):
    return Reply(text=text, candidate=Candidate(provider=one, model="m"), model=model)

WAYS = {
    "complete": lambda text: bundle(reply(text)),
    "text": lambda text: bundle(reply(text), "text"),
    "code": lambda text: bundle(reply(text), "code"),
    "json": lambda text: bundle(reply(text), "json"),
    "partial": lambda text: partial(text, "md"),
    "footer": lambda text: (footer_bundle(footer(reply("", model=text))), {}),
    "as it is": lambda text: ({"text/markdown": text}, {}),
    "as HTML": lambda text: ({"text/html": text}, {}),
}
different = {}
for way, text in json.loads(Path("hostile.json").read_text("utf-8")):
    data, metadata = WAYS[way](text)
    different.setdefault((way == "text", *list(data.values())[-1:]), (data, metadata))
different = list(different.values())

def show(first, end):
    for data, metadata in different[first:end]:
        display(data, metadata=metadata, raw=True)
    print(f"shown up to {end}")
print(f"ready to show {len(different)} in all")
"""
TOUCH = """() => {
    for (const one of document.querySelectorAll(".jp-OutputArea-output *"))
        for (const kind of ["mouseover", "focus", "click", "toggle", "animationstart", "start"])
            one.dispatchEvent(new Event(kind, { bubbles: true, cancelable: true }));
}"""
ALIVE = """() => {
    const fine = new Set(("a p em strong code pre ul ol li h1 h2 h3 h4 h5 h6 blockquote hr br " +
        "table thead tbody tr th td del div span dl dt dd input section small").split(" "));
    const found = [];
    for (const output of document.querySelectorAll(".jp-OutputArea-output")) {
        for (const one of output.querySelectorAll("*")) {
            const name = one.localName, maths = one.closest("mjx-container");
            const said = one.outerHTML.slice(0, 300);
            if (!maths && !fine.has(name)) found.push(`<${name}>: ${said}`);
            if (maths && /^(a|img|image|script|style|iframe|foreignobject)$/i.test(name))
                found.push(`mathematics <${name}>: ${said}`);
            if (name === "input" && !(one.type === "checkbox" && one.disabled))
                found.push(`input: ${said}`);
            for (const { name, value } of one.attributes) {
                if (/^on|^(src|srcset|action|formaction|ping|background|poster)$/.test(name)
                    || name.startsWith("commandlinker") || name.startsWith("data-commandlinker")
                    || /url\\(|expression|javascript:/i.test(name === "style" ? value : "")
                    || (/href/.test(name) && one.localName !== "a"))
                    found.push(`${name}: ${said}`);
            }
        }
    }
    return found;
}"""
LINKS = """() => [...document.querySelectorAll(".jp-OutputArea-output a")].map((a) => ({
    href: a.getAttribute("href") ?? "", text: a.textContent, target: a.target, rel: a.rel,
    scheme: a.protocol, user: a.username, to: a.host || a.pathname,
    plain: Boolean(a.closest("pre")) }))"""


class Stranger:
    """A server that nobody should ever speak to: counts who does, and is silent."""

    def __init__(self):
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.host = "{}:{}".format(*self._listening.getsockname())
        self.heard = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while True:
            try:
                talking, _ = self._listening.accept()
            except OSError:  # closed
                return
            with talking:
                talking.settimeout(5)
                try:
                    said = talking.recv(4096).decode("latin-1")
                    talking.sendall(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
                except OSError:
                    said = ""
                self.heard.append(said.partition("\r\n")[0])

    def close(self):
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()


@pytest.fixture(scope="module")
def stranger():
    running = Stranger()
    yield running
    running.close()


@pytest.fixture(scope="module")
def corpus(stranger):
    return answers(stranger.host)


@pytest.fixture
def tab(chromium):
    page = chromium.new_page(viewport={"width": 1100, "height": 900})
    page.add_init_script(WATCH)
    yield page
    page.close()


def displayed(tab, lab, name, shown):
    """A notebook in which these (way, text) are shown, and its page has come to rest."""
    (lab.work / "hostile.json").write_text(json.dumps(shown), "utf-8")
    notebook = Notebook(tab, lab, lab.notebook(name)).open()
    told = notebook.saw(notebook.start(SHOW), "ready", "in all")
    notebook.requests.clear()
    for first in range(0, int(re.search(r"\d+", told)[0]), PER_CELL):
        cell = notebook.start(f"show({first}, {first + PER_CELL})")
    tab.wait_for_function(
        """([cell, end]) => cell.textContent.includes(end)
            || document.querySelector(".jp-OutputArea-output[data-mime-type*=stderr]")""",
        arg=[cell.element_handle(), f"shown up to {first + PER_CELL}\n"],
        polling=250,
    )
    tab.evaluate(TOUCH)
    tab.wait_for_timeout(SETTLED)  # that nothing comes has no event to wait for
    return notebook


def asked_for(notebook):
    """What the page asked for that an answer named: of strangers, or of its own server."""
    own = urlsplit(notebook.page.url).netloc
    return [
        url
        for url in notebook.requests
        if urlsplit(url).scheme not in {"data", "blob"}
        and (urlsplit(url).netloc != own or "answer=" in url or "attachment" in url)
    ]


def ways(corpus):
    """Every answer complete, growing, cut where it hurts, and as each form; each text once."""
    shown = {}
    for answer in corpus:
        shown["complete", answer.text] = shown["partial", answer.text] = 0
        if answer.family in {"terminal", "unicode", "autolinks"}:
            shown["text", answer.text] = shown["footer", answer.text] = 0
        if answer.family in {"diagrams", "blocks"}:
            shown["code", answer.text] = shown["json", answer.text] = 0
        if answer.form == "alone":
            shown.update({("partial", piece): 0 for piece in pieces(answer.text)})
    return list(shown)


def test_there_are_hundreds_of_answers_of_every_family(corpus):
    assert len({answer.text for answer in corpus}) > 600
    assert {answer.family for answer in corpus} == set(FAMILIES)


def test_hostile_answers_fetch_nothing_and_run_nothing(tab, lab, stranger, corpus, out):
    notebook = displayed(tab, lab, "hostile.ipynb", ways(corpus))
    assert asked_for(notebook) == []
    assert stranger.heard == []
    assert tab.evaluate("() => window.hits") == []
    assert tab.evaluate(ALIVE) == []
    found = tab.evaluate(LINKS)
    assert len(found) > 100
    assert [link for link in found if not is_fine(link)] == []
    tab.screenshot(path=out / "hostile-answers.png")


def is_fine(link):
    """Whether a link leads where it says, and cannot reach back to the page it is on."""
    if link["href"].startswith("#"):
        return link["target"] in {"", "_self"}
    opens = link["target"] == "_blank" and "noopener" in link["rel"]
    if link["plain"]:  # JupyterLab's own doing: what looks like an address, under its own name
        return opens and unquote(link["href"]).endswith(unquote(link["text"]))
    told = {link["to"], urlsplit(link["href"]).netloc} - {""}
    return (
        opens
        and link["scheme"] in {"http:", "https:", "mailto:"}
        and not link["user"]
        and any(host.casefold() in link["text"].casefold() for host in told)
    )


def test_shown_as_they_are_they_fetch_and_run(tab, lab, stranger, corpus):
    """The watch sees what it is for: without being made inert, every family does harm."""
    stranger.heard.clear()
    shown = [
        (way, answer.text)
        for answer in corpus
        if answer.form == "alone" and not any(mark in answer.text for mark in DEADLY)
        for way in ("as it is", "as HTML")
    ]
    notebook = displayed(tab, lab, "harm.ipynb", shown)
    silent = set(FAMILIES)
    deadline = time.monotonic() + TIMEOUT
    while silent and time.monotonic() < deadline:
        tab.wait_for_timeout(100)
        ran = set(tab.evaluate("() => window.hits"))
        asked = {int(n) for url in asked_for(notebook) for n in re.findall(r"(?:r=|\d/)(\d+)", url)}
        silent = set(FAMILIES) - {corpus[number].family for number in ran | asked}
    assert silent == set()
    assert len(asked) > 90
    assert len(ran) > 10
    assert len(stranger.heard) > 90
    assert len(tab.evaluate(ALIVE)) > 300
    assert len([link for link in tab.evaluate(LINKS) if not is_fine(link)]) > 50


TABLES = """
%load_ext nbapimgr
import json, nbapimgr
from pathlib import Path
llm = nbapimgr.connect()
names = json.loads(Path("hostile-names.json").read_text("utf-8"))
llm.providers.add("strange", base_url="http://127.0.0.1:9", models=names, keyless=True)
print("ready")
"""
SHOWN = ("%llm trace", "%llm errors", "%llm why", "%llm models", "%llm providers", "%llm panel",
         "%llm why strange", "llm.health()", "llm.usage()")  # fmt: skip


def test_nor_do_hostile_errors_and_names(tab, wild_lab, hostile, stranger, corpus):
    """What a provider says of a failure, and what models are called, in every table and view."""
    firsts = {answer.family: answer.text for answer in reversed(corpus) if answer.form == "alone"}
    (wild_lab.work / "hostile-names.json").write_text(json.dumps(list(firsts.values())), "utf-8")
    notebook = Notebook(tab, wild_lab, wild_lab.notebook("tables.ipynb")).open()
    stranger.heard.clear()
    notebook.run(TABLES, until="ready")
    notebook.requests.clear()
    hostile.script(*(error(400, text, type=text, code=text) for text in firsts.values()))
    for _ in firsts:  # one after the other: an error empties the queue of cells
        cell = notebook.start("%%llm hostile --no-fallback\nHello there")
        notebook.saw(cell, "AllProvidersFailed")
    for line in SHOWN:
        notebook.start(line)
    notebook.run("print('the end')", until="the end")
    tab.locator('.nbapimgr-panel [data-provider="strange"]').first.wait_for()
    tab.evaluate(TOUCH)
    tab.wait_for_timeout(SETTLED)
    said = tab.locator(".jp-Notebook").inner_text()
    assert firsts["tags"] in said
    assert len(hostile.seen) >= len(firsts)
    assert asked_for(notebook) == []
    assert stranger.heard == []
    assert tab.evaluate("() => window.hits") == []
    for link in tab.evaluate(LINKS):
        # JupyterLab makes paths in a traceback into links without an address
        leads = not link["href"] or (link["scheme"] == "https:" and "noopener" in link["rel"])
        assert leads or is_fine(link), link
