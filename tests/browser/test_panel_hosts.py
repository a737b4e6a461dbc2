"""The panel and the error view under the colours of VS Code and of Colab, which cannot run here.

Their pages are imitated: the names of their colours, and what they put around a widget. VS Code has
it on white whatever its theme (https://github.com/microsoft/vscode-jupyter/issues/7161), Colab in a
frame of another origin.
"""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from nbapimgr.health import Checked
from nbapimgr.manager import Manager, Recovery
from nbapimgr.widgets import Story, Tried, error_html
from nbapimgr.widgets._linked import linked, static
from nbapimgr.widgets._panel_state import shown, vendors
from tests.browser.afm import Host

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
VSCODE = (
    "body { background: GROUND; --vscode-editor-background: GROUND; --vscode-foreground: INK; }"
)
COLAB = (
    "body { background: GROUND; --colab-primary-surface-color: GROUND;"
    " --colab-primary-text-color: INK; }"
)
HOSTS = {  # the sheet, VS Code's name of the theme, ground, ink, what it is
    "vscode-light": (VSCODE, "vscode-light", "#ffffff", "#3b3b3b", "light"),
    "vscode-dark": (VSCODE, "vscode-dark", "#1f1f1f", "#cccccc", "dark"),
    "vscode-black": (VSCODE, "vscode-high-contrast", "#000000", "#ffffff", "dark"),
    "colab-light": (COLAB, "", "#ffffff", "#212121", "light"),
    "colab-dark": (COLAB, "", "#383838", "#e3e3e3", "dark"),
}
STORY = Story(
    parent="Service",
    category="service.overloaded",
    what="the provider has more work than it can do",
    happened="Nobody answered: openai was asked.",
    tried=(
        Tried(
            who="openai:m",
            category="service.overloaded 503",
            parent="Service",
            seconds=0.2,
            waited=0,
            lost="",
            said="Busy",
        ),
    ),
    skipped=(),
    advice="",
)
WAYS = (
    Recovery(kind="switch", label="Ask another", line="%%llm groq"),
    Recovery(
        kind="key_page", label="Open the page of keys", line="", url="https://console.groq.com/keys"
    ),
)
FRAMED = """([module, css, state]) => {
    const frame = document.createElement("iframe");
    frame.setAttribute("sandbox", "allow-scripts allow-forms");
    frame.srcdoc = `<!doctype html><div id="cell"></div><script type="module">
        addEventListener("message", async ({ data: [module, css, state] }) => {
            const sheet = document.createElement("style");
            sheet.textContent = css;
            document.head.append(sheet);
            const url = URL.createObjectURL(new Blob([module], { type: "text/javascript" }));
            const widget = (await import(url)).default;
            const model = { get: (name) => state[name], on() {}, off() {}, send() {} };
            const { signal } = new AbortController();
            widget.render({ model, el: document.getElementById("cell"), signal });
        });
    </scr` + `ipt>`;
    frame.onload = () => frame.contentWindow.postMessage([module, css, state], "*");
    document.getElementById("cell").append(frame);
}"""


@pytest.fixture
def manager(home):
    made = Manager(home)
    made.providers.add("openai", key="sk-proj-" + "a" * 24 + "1b2c", priority=10)
    made.providers.add("anthropic", priority=20, env=["NONE_SUCH"])
    refused = Checked(provider="openai", verdict="rejected", reason="Invalid API Key")
    made.monitor.checked = lambda provider: refused if provider.name == "openai" else None
    made.monitor.check = lambda *_, **__: ()
    yield made
    made.close()


def dressed(page, sheet, kind, ground, ink, theme):
    """The page of such a host, in place of JupyterLab's."""
    sheet = sheet.replace("GROUND", ground).replace("INK", ink)
    page.evaluate(
        """([sheet, kind, theme]) => {
            document.querySelector("style").textContent = sheet
                + ".cell-output-ipywidget-background { background: white; }"
                + "h1 { clip-path: inset(50%); position: absolute; }";
            if (!kind) return document.documentElement.setAttribute("theme", theme);
            document.body.dataset.vscodeThemeKind = kind;
            document.getElementById("cell").className = "cell-output-ipywidget-background";
        }""",
        [sheet, kind, theme],
    )


def faults(page):
    found = Axe().run(page, options={"runOnly": RULES}).response["violations"]
    return [(rule["id"], rule["nodes"][0]["html"]) for rule in found]


@pytest.mark.parametrize("name", HOSTS)
def test_its_colours_are_read(chromium, manager, monkeypatch, out, name):
    theme = HOSTS[name][-1]
    page = chromium.new_page(viewport={"width": 700, "height": 900}, reduced_motion="reduce")
    # the system's own theme is the other one: the host's counts
    page.emulate_media(color_scheme="dark" if theme == "light" else "light")
    host = Host(page, manager.panel, monkeypatch)
    dressed(page, *HOSTS[name])
    root = page.locator(".nbapimgr-panel")
    host.until(lambda: root.get_attribute("data-theme") == theme, theme)
    page.get_by_role("button", name="Settings of OpenAI").click()
    html = error_html(STORY, WAYS)
    page.evaluate(
        "(html) => document.querySelector('main').insertAdjacentHTML('beforeend', html)", html
    )
    host.pump()
    assert faults(page) == []
    page.screenshot(path=out / f"panel-{name}.png", full_page=True)
    page.close()


def test_in_a_frame_without_an_origin_a_key_can_be_typed(chromium, manager, monkeypatch):
    page = chromium.new_page()
    host = Host(page, manager.panel, monkeypatch)
    page.evaluate("() => document.getElementById('cell').replaceChildren()")
    state = {"state": shown(manager, ()), "vendors": vendors(), "mark": "", "calls": {}}
    page.evaluate(FRAMED, [linked("panel.js"), static("panel.css"), state])
    frame = page.frame_locator("iframe")
    field = frame.get_by_label("Add a provider: paste its API key")
    field.fill("gsk_" + "F4keKeyOfTheFrame" * 3 + "q")
    frame.get_by_text("Looks like a key of Groq.").wait_for()
    assert page.frames[-1].evaluate("() => origin === 'null' && isSecureContext")
    assert host.errors == []
    page.close()
