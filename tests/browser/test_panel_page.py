"""The panel in a browser: what can be done there, by keyboard or mouse, light or dark.

The widget is the real one in this process; `test_panel_lab.py` has it in JupyterLab.
"""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from nbapimgr.health import Checked
from nbapimgr.manager import Manager
from nbapimgr.widgets import _panel_actions
from nbapimgr.widgets._panel_answer import Answer
from nbapimgr.widgets._panel_imports import ImportActions
from nbapimgr.wire.catalogue import CATALOGUE
from tests.browser.afm import Host
from tests.engine.faultserver import FaultServer, error, status

KEY = "gsk_" + "C4naryOfThePage0" * 3 + "x7Qz"
MODELS = status(200, {"data": [{"id": "m-one"}, {"id": "m-two"}]})
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def server():
    with FaultServer() as running:
        yield running


@pytest.fixture
def manager(home, monkeypatch):
    for name in ("CI", "GITHUB_ACTIONS", "GITLAB_CI"):  # where keys would not rest on the disk
        monkeypatch.delenv(name, raising=False)
    made = Manager(home)
    yield made
    made.close()


@pytest.fixture
def open_panel(chromium, manager, monkeypatch):
    """Show the panel in a page."""
    pages = []

    def show(width=900, **about):
        page = chromium.new_page(
            viewport={"width": width, "height": 900},
            reduced_motion=about.pop("reduced_motion", "no-preference"),
        )
        pages.append(page)
        return Host(page, (about.pop("whose", None) or manager).panel, monkeypatch, **about)

    yield show
    for page in pages:
        page.close()


def groq_at(manager, server, **fields):
    """Groq's account, at a server of this test."""
    fields = {
        "base_url": server.url,
        "models": ["m"],
        "env": ["NONE_SUCH"],
        "keyless": False,
    } | fields
    return manager.providers.add("groq", vendor="groq", **fields)


def key_field(host):
    return host.page.get_by_label("Add a provider: paste its API key")


def card(host, name):
    return host.page.locator(f".card[data-provider={name}]")


def paste(host, text):
    key_field(host).click()
    host.page.keyboard.insert_text(text)


def unasked(manager):
    """Nobody is asked: these providers are on the real Internet."""
    manager.monitor.check = lambda names, **_: tuple(
        Checked(provider=name, verdict="unknown", reason="not asked") for name in names
    )


def five(manager):
    """A provider in each state."""
    manager.providers.add("openai", key="sk-proj-" + "a" * 24 + "1b2c", priority=10)
    manager.providers.add("anthropic", priority=20, env=["NONE_SUCH"])
    manager.providers.add("groq", key=KEY, priority=30)
    manager.providers.add("mistral", key="m" * 32, priority=40, enabled=False)
    manager.providers.add("ollama", priority=50)
    checked = {
        "openai": Checked(provider="openai", verdict="valid", models=57),
        "groq": Checked(provider="groq", verdict="rejected", reason="Invalid API Key"),
    }
    manager.monitor.checked = lambda provider: checked.get(provider.name)
    unasked(manager)


@pytest.mark.parametrize("width", [320, 640, 1200])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing(open_panel, manager, monkeypatch, out, width, dark):
    five(manager)
    calls = {"openai": [0, 3, 5, 1, 0, 0, 8, 13, 4, 2, 9, 12, 0, 7]}
    monkeypatch.setattr(_panel_actions, "calls_by_day", lambda _: calls)
    host = open_panel(width, dark=dark, reduced_motion="reduce")
    told = {"what": "key", "name": "groq", "found": "as it was told here", "source": ".env"}
    preview = Answer(data={"rows": [told], "changes": 1})
    monkeypatch.setattr(ImportActions, "_find", lambda _: preview)
    host.until(lambda: host.page.get_by_role("img", name="64 calls in 14 days, 7 today").count())
    assert host.page.locator(".nbapimgr-panel").get_attribute("data-theme") == (
        "dark" if dark else "light"
    )
    for opened in (False, True):
        if opened:
            card(host, "openai").get_by_role("button", name="Settings of OpenAI").click()
            host.page.get_by_text("or choose from").click()
            host.page.get_by_role("button", name="Import from other tools").click()
            host.saw("as it was told here")
            paste(host, "AIza" + "x" * 35)  # several look like it
        host.pump()
        found = Axe().run(host.page, options={"runOnly": RULES}).response["violations"]
        assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found] == []
    wide = host.page.evaluate("() => document.documentElement.scrollWidth")
    assert wide <= width
    host.page.screenshot(
        path=out / f"panel-{width}-{'dark' if dark else 'light'}.png", full_page=True
    )


def test_the_watch_over_accessibility_does_watch(open_panel, manager):
    host = open_panel()
    host.page.evaluate(
        """() => document.querySelector(".nbapimgr-panel").insertAdjacentHTML("beforeend",
            "<input><p style='color: #999; background: #aaa'>grey</p>")"""
    )
    found = Axe().run(host.page, options={"runOnly": RULES}).response["violations"]
    assert {"label", "color-contrast"} <= {rule["id"] for rule in found}


def test_a_pasted_key_is_recognised_sealed_checked_and_shown_by_its_mask(
    open_panel, manager, server
):
    server.script(MODELS)
    groq_at(manager, server)
    host = open_panel()
    host.saw("Needs a key")
    paste(host, f'export GROQ_API_KEY="{KEY}"')
    host.saw("Looks like a key of Groq.", "Save key of Groq")
    host.page.keyboard.press("Enter")
    assert key_field(host).input_value() == ""  # in the same tick, before anything was answered
    host.saw(
        "the key …x7Qz is kept in this kernel's memory. Groq answers and lists 2 models.", "Ready"
    )
    asked = server.seen[-1]
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    frames = "\n".join(host.frames)
    assert "key.save" in frames
    seen = frames + host.page.content() + str(host.widget.get_state())
    assert not [KEY[at : at + 8] for at in range(len(KEY) - 8) if KEY[at : at + 8] in seen]


def test_a_key_of_a_vendor_that_is_not_there_yet_adds_it(open_panel, manager):
    host = open_panel()
    host.saw("No provider yet")
    unasked(manager)
    paste(host, "sk-or-v1-" + "0123456789abcdef" * 4)
    host.saw("Looks like a key of OpenRouter.")
    host.page.get_by_role("button", name="Add OpenRouter").click()
    host.until(lambda: card(host, "openrouter").count() == 1)
    assert manager.providers["openrouter"].base_url == CATALOGUE["openrouter"].base_url


def test_a_key_that_could_be_several_vendors_is_given_to_the_chosen_one(open_panel, manager):
    host = open_panel()
    unasked(manager)
    paste(host, "AIza" + "x" * 35)
    host.saw("Keys of several providers look like this. Whose is it?", "Google Gemini")
    assert "key.begin" not in "".join(host.frames)  # nothing was sent
    host.page.get_by_role("button", name="Google Vertex AI", exact=True).first.click()
    host.saw("For Google Vertex AI; or another provider.")
    host.page.keyboard.press("Enter")
    host.until(lambda: card(host, "vertex").count() == 1)
    assert "google" not in manager.providers


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("sk-…a1b2", "This is a masked key"),
        ("sk-****************", "This is a masked key"),
        ("two words", "A key has no spaces"),
        ("schlüssel", "A key has no such letters"),
        ("nobodys-key-at-all-123", "No known provider's keys look like this"),
    ],
)
def test_what_is_no_key_is_said_at_once_and_sent_nowhere(open_panel, typed, said):
    host = open_panel()
    paste(host, typed)
    host.saw(said)
    host.page.keyboard.press("Enter")
    host.pump()
    assert "key.begin" not in "".join(host.frames)


def test_a_provider_is_found_by_search_and_added_without_a_key(open_panel, manager, server):
    host = open_panel()
    unasked(manager)
    host.page.get_by_text("or choose from 31 providers").click()
    search = host.page.get_by_label("Search providers")
    search.fill("11434")
    host.saw("1 found")
    search.press("Enter")
    host.saw("Ollama needs no key.", "Add Ollama")
    host.page.get_by_role("button", name="Add Ollama").click()
    host.until(lambda: card(host, "ollama").count() == 1)
    host.saw("Ollama is added.")
    assert manager.providers["ollama"].keyless


def test_a_server_of_ones_own_is_added_by_its_address(open_panel, manager, server):
    server.script(MODELS)
    host = open_panel()
    host.page.get_by_text("or choose from").click()
    host.page.get_by_label("Search providers").fill("no such provider")
    host.saw("0 found", "A server of your own")
    host.page.get_by_role("button", name="A server of your own").click()
    host.page.get_by_label("Name").fill("mine")
    host.page.get_by_label("Base URL").fill(server.url)
    host.page.get_by_label("Base URL").press("Enter")
    host.saw("mine answers and lists 2 models", "m-one")
    assert manager.providers["mine"].base_url == server.url


def test_an_address_with_a_gap_is_asked_for(open_panel, manager):
    host = open_panel()
    host.page.get_by_text("or choose from").click()
    host.page.get_by_label("Search providers").fill("azure")
    host.page.get_by_role("button", name="Azure OpenAI").click()
    paste(host, "0123456789abcdef" * 2)
    host.page.keyboard.press("Enter")
    host.saw("Write the address of Azure OpenAI in full.")
    assert "key.begin" not in "".join(host.frames)


def test_a_key_of_the_environment_needs_no_typing(open_panel, manager, monkeypatch):
    monkeypatch.setenv("MISTRAL_API_KEY", "m" * 32)
    host = open_panel()
    unasked(manager)
    host.page.get_by_role("button", name="Use MISTRAL_API_KEY").click()
    host.saw("The environment has MISTRAL_API_KEY: no key need be typed.")
    host.page.get_by_role("button", name="Add Mistral").click()
    host.until(lambda: card(host, "mistral").count() == 1)
    (key,) = manager.credentials.list("mistral")
    assert "MISTRAL_API_KEY" in key.source


def test_over_plain_http_nothing_is_typed_and_other_ways_are_told(open_panel, manager, server):
    groq_at(manager, server)
    host = open_panel(origin="http://notebook.example")
    host.saw("%llm keys set openai", "ssh -L 8888", "only you can read")
    assert host.page.locator("input[type=password]").count() == 0
    host.saw("%llm keys set groq")


def test_keys_of_the_keyboard_stay_in_the_panel(open_panel, manager, server):
    five(manager)
    host = open_panel()
    host.page.evaluate(
        """() => { window.taken = []; document.addEventListener("keydown",
            (event) => window.taken.push((event.ctrlKey ? "Ctrl+" : "") + event.key)); }"""
    )
    switch = card(host, "openai").get_by_role("switch")
    switch.focus()
    for pressed in ("x", "b", "ArrowDown", "Enter", "Escape", "Control+Enter", "Control+s"):
        host.page.keyboard.press(pressed)
    assert host.page.evaluate("() => window.taken") == ["Ctrl+Control", "Ctrl+Control", "Ctrl+s"]


def test_everything_is_reached_with_tab_and_done_with_the_keyboard(open_panel, manager, server):
    five(manager)
    host = open_panel()
    more = card(host, "anthropic").get_by_role("button", name="Settings of Anthropic")
    more.focus()
    host.page.keyboard.press("Enter")
    assert more.get_attribute("aria-expanded") == "true"
    slider = card(host, "anthropic").get_by_label("Priority", exact=True)
    slider.focus()
    assert slider.get_attribute("aria-valuetext") == "2 of 5, tried number 2"
    host.page.keyboard.press("ArrowLeft")
    host.saw("Anthropic is number 1 of 5.")
    assert slider.get_attribute("aria-valuetext") == "1 of 5, tried first"
    assert host.page.evaluate("() => document.activeElement.type") == "range"  # the focus stays
    first = host.page.locator(".card h3").first
    assert first.inner_text() == "Anthropic"
    card(host, "anthropic").get_by_role("button", name="Try Anthropic later").press("Enter")
    host.saw("Anthropic is number 2 of 5.")
    switch = card(host, "anthropic").get_by_role("switch")
    switch.press("Space")
    host.saw("Anthropic is switched off.")
    assert not manager.providers["anthropic"].enabled


def test_models_and_limits_are_changed(open_panel, manager, server):
    five(manager)
    host = open_panel()
    openai = card(host, "openai")
    openai.get_by_role("button", name="Settings of OpenAI").click()
    openai.get_by_label("Add a model").fill("gpt-mine")
    openai.get_by_label("Add a model").press("Enter")
    host.until(lambda: "gpt-mine" in manager.providers["openai"].models)
    openai.get_by_role("button", name="Try gpt-mine first").click()
    host.until(lambda: manager.providers["openai"].models[0] == "gpt-mine")
    openai.get_by_role("button", name="Remove gpt-5.6-sol").click()
    host.until(lambda: "gpt-5.6-sol" not in manager.providers["openai"].models)
    openai.get_by_label("Requests a minute").fill("60")
    openai.get_by_label("Requests a minute").press("Tab")
    host.until(lambda: manager.providers["openai"].rate_limits == {"rpm": 60})
    openai.get_by_label("Tokens a minute").fill("-5")
    openai.get_by_label("Tokens a minute").press("Tab")
    host.pump()
    assert manager.providers["openai"].rate_limits == {"rpm": 60}


def test_a_removed_provider_is_put_back(open_panel, manager, server):
    five(manager)
    host = open_panel()
    card(host, "groq").get_by_role("button", name="Settings of Groq").click()
    card(host, "groq").get_by_role("button", name="Remove Groq").click()
    host.saw("Groq is removed.")
    assert "groq" not in manager.providers
    has_focus = "(it) => it === document.activeElement"
    undo = host.page.get_by_role("button", name="Undo")
    host.until(lambda: undo.evaluate(has_focus))  # wherever the button was that was pressed
    undo.press("Enter")
    host.saw("Groq is back.")
    assert "groq" in manager.providers
    assert host.page.locator(".nbapimgr-panel").evaluate(has_focus)
    assert host.page.get_by_role("button", name="Undo").count() == 0


def test_a_rejected_replacement_leaves_the_old_key(open_panel, manager, server):
    server.script(error(401, "Incorrect API key", code="invalid_api_key"))
    groq_at(manager, server, key="gsk_" + "o" * 52)
    host = open_panel()
    card(host, "groq").get_by_role("button", name="Settings of Groq").click()
    field = card(host, "groq").get_by_label("Another key")
    field.fill(KEY)
    field.press("Enter")
    host.saw("rejects the new key", "the old key is as it was")
    assert host.page.get_by_role("alert").inner_text()
    assert [k.masked for k in manager.credentials.list("groq")] == ["…oooo"]
    field.fill(KEY)
    card(host, "groq").get_by_role("button", name="Add as spare").click()
    host.saw("…x7Qz")


def test_the_vault_is_made_and_its_code_is_shown_once(open_panel, manager, server, out):
    server.script(MODELS)
    groq_at(manager, server, key=KEY)
    host = open_panel()
    host.page.get_by_role("button", name="Keep them here, encrypted").click()
    host.saw("Write this recovery code down", "encrypted ·")
    code = host.page.locator("code.secret").inner_text()
    assert len(code) >= 32
    assert code not in "".join(host.frames)
    assert manager.credentials.list("groq")[0].source == "vault"
    host.page.screenshot(path=out / "panel-recovery.png")
    host.page.get_by_role("button", name="I have written it down").click()
    assert code not in host.page.content()
    assert not host.page.locator(".vault").is_visible()


def test_a_locked_vault_is_opened_with_its_passphrase(open_panel, home, manager):
    manager.credentials.setup(passphrase="correct horse", keychain=False, key_file=False)
    locked = Manager(home)
    host = open_panel(whose=locked)
    field = host.page.get_by_label("Your keys on this machine are locked: passphrase")
    field.fill("correct horse")
    field.press("Enter")
    assert field.input_value() == ""
    host.saw("The keys on this machine are open")
    assert "correct horse" not in "".join(host.frames)
    locked.close()


def test_what_other_tools_have_is_brought_over(open_panel, manager, tmp_path, monkeypatch, out):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(f"GROQ_API_KEY={KEY}\n")
    host = open_panel()
    unasked(manager)
    host.page.get_by_role("button", name="Import from other tools").click()
    host.saw("This was found. Nothing is changed there.", "groq")
    host.page.screenshot(path=out / "panel-import.png")
    assert KEY not in "".join(host.frames)
    host.page.get_by_role("button", name="Bring them over").click()
    host.until(lambda: card(host, "groq").count() == 1)
    host.page.get_by_role("button", name="Undo").click()
    host.saw("The import is undone.")
    assert "groq" not in manager.providers


def test_the_theme_is_followed(open_panel):
    host = open_panel()
    root = host.page.locator(".nbapimgr-panel")
    assert root.get_attribute("data-theme") == "light"
    host.page.evaluate("() => { document.body.style.background = '#111'; }")
    host.until(lambda: root.get_attribute("data-theme") == "dark")


BACKGROUNDS = [  # each has to change what was seen before
    ("rgb(250 250 250)", "light"),
    ("color(display-p3 0.1 0.1 0.12)", "dark"),
    ("color(srgb 1 1 1)", "light"),
    ("oklch(0.25 0.01 260)", "dark"),
    ("color-mix(in srgb, #fff, #eee)", "light"),
    ("lab(12 0 0)", "dark"),
    ("oklch(0.98 0.01 260)", "light"),
    ("rgb(250 250 250 / 0.2)", "dark"),  # the page shows through
]


def test_a_background_is_read_in_every_notation(open_panel):
    host = open_panel(dark=True)
    root = host.page.locator(".nbapimgr-panel")
    assert root.get_attribute("data-theme") == "dark"
    for colour, theme in BACKGROUNDS:
        host.page.evaluate(
            """(colour) => {
                document.querySelector("main").style.background = colour;
                document.body.className = colour;  // as a notebook says that its theme changed
            }""",
            colour,
        )
        host.until(lambda t=theme: root.get_attribute("data-theme") == t, colour)


def test_marimos_colours_are_taken(open_panel):
    host = open_panel(shadow=True)
    host.page.evaluate(
        """() => {
            document.querySelector("style").remove();  // JupyterLab's names
            document.body.style = "background: #181c1a; --background: #181c1a;"
                + "--foreground: #eceeed;";
        }"""
    )
    root = host.page.locator(".nbapimgr-panel")
    host.until(lambda: root.get_attribute("data-theme") == "dark")
    assert root.evaluate("(panel) => getComputedStyle(panel).backgroundColor") == "rgb(24, 28, 26)"
    assert root.evaluate("(panel) => getComputedStyle(panel).color") == "rgb(236, 238, 237)"


def test_in_a_shadow_tree_it_does_the_same(open_panel, manager):
    five(manager)
    host = open_panel(shadow=True, dark=True)
    root = host.page.locator(".nbapimgr-panel")
    assert root.get_attribute("data-theme") == "dark"
    assert root.evaluate("(panel) => getComputedStyle(panel).colorScheme") == "dark"
    card(host, "anthropic").get_by_role("button", name="Settings of Anthropic").click()
    slider = card(host, "anthropic").get_by_label("Priority", exact=True)
    slider.press("ArrowLeft")
    host.saw("Anthropic is number 1 of 5.")
    inside = "(panel) => panel.getRootNode().activeElement.type"
    assert root.evaluate(inside) == "range"


def test_the_colours_of_vs_code_are_taken(open_panel, manager):
    host = open_panel()
    host.page.evaluate(
        """() => {
            document.querySelector("style").remove();  // JupyterLab's names
            document.body.style = "background: rgb(30, 30, 46);"
                + "--vscode-foreground: rgb(205, 214, 244);"
                + "--vscode-editor-background: rgb(30, 30, 46);";
        }"""
    )
    root = host.page.locator(".nbapimgr-panel")
    host.until(lambda: root.get_attribute("data-theme") == "dark")
    assert root.evaluate("(panel) => getComputedStyle(panel).color") == "rgb(205, 214, 244)"
    assert root.evaluate("(panel) => getComputedStyle(panel).backgroundColor") == "rgb(30, 30, 46)"


def test_a_kernel_that_does_not_answer_is_told(open_panel, manager, monkeypatch):
    host = open_panel()
    monkeypatch.setattr(host, "_asked", type(host._asked)())  # what the page says is lost
    host.page.get_by_text("or choose from").click()
    host.page.get_by_label("Search providers").fill("ollama")  # Ollama Cloud is above it
    host.page.get_by_label("Search providers").press("Enter")
    host.page.get_by_role("button", name="Add Ollama", exact=True).click()
    host.page.get_by_text("The kernel has not answered yet.").wait_for()
    assert "ollama" not in manager.providers


def test_the_panel_asks_nobody_but_its_kernel(open_panel, manager, server):
    five(manager)
    host = open_panel()
    host.saw("OpenAI")
    assert {url.partition(":")[0] for url in host.requests} <= {"https", "blob"}
    assert {url for url in host.requests if url.startswith("https")} <= {
        "https://notebook.example/", "https://notebook.example/favicon.ico",
    }  # fmt: skip


def test_every_pattern_of_the_catalogue_is_one_in_the_browser_too(open_panel):
    host = open_panel()
    wrong = host.page.evaluate(
        """() => model.get("vendors").filter((v) => {
            try { new RegExp(`^(?:${v.pattern})$`); return false; } catch { return true; }
        }).map((v) => v.name)"""
    )
    assert wrong == []


def test_a_view_that_is_closed_draws_and_asks_no_more(open_panel, manager):
    host = open_panel()
    host.until(lambda: "look" in "".join(host.frames))
    host.page.evaluate("() => leave.abort()")
    manager.providers.add("mine", base_url="http://127.0.0.1:1")
    manager.panel()
    host.pump()
    assert host.page.locator(".card").count() == 0
    assert host.errors == []
