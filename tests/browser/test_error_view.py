"""The error view in JupyterLab: what is read, what can be pressed, what is left when reopened."""

from __future__ import annotations

import json

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.lab import TIMEOUT, Notebook
from tests.engine.faultserver import error

FIRST, SECOND = "rehearsal-anthropic", "rehearsal-gemini"
END = "takes over."
THEMES = ("JupyterLab Light", "JupyterLab Dark")


@pytest.fixture
def page(chromium):
    opened = chromium.new_page(viewport={"width": 1700, "height": 900})
    yield opened
    opened.close()


@pytest.fixture
def own(page, lab, request):
    """A notebook of this test's own with the extension loaded."""
    name = "".join(c if c.isalnum() else "-" for c in request.node.name)
    opened = Notebook(page, lab, lab.notebook(f"{name}.ipynb")).open()
    opened.path = lab.work / f"{name}.ipynb"
    opened.run("%load_ext nbapimgr\nprint('loaded')", until="loaded")
    return opened


def view(cell):
    return cell.locator(".nbapimgr-error")


def fail(notebook, rehearsal, how="down", line=FIRST):
    """A cell that nobody answers, with its view and the buttons of it."""
    rehearsal.break_(FIRST, how)
    cell = notebook.start(f"%%llm {line} --no-fallback\nHello there")
    notebook.saw(cell, "AllProvidersFailed")
    view(cell).get_by_role("button", name="Try again").wait_for()
    return cell


@pytest.mark.parametrize("theme", THEMES)
def test_the_view_is_read_in_both_themes_at_every_width(own, rehearsal, out, theme):
    own.theme(theme)
    cell = fail(own, rehearsal)
    said = view(cell).inner_text()
    assert "Service" in said
    assert "service.overloaded 503" in said
    for width in (320, 640, 1200):
        view(cell).evaluate(
            "(it, px) => { it.closest('nbapimgr-error').style.width = px + 'px'; }", width
        )
        box = view(cell).bounding_box()
        assert box["width"] <= width
        assert view(cell).evaluate("it => it.scrollWidth <= it.clientWidth")
        view(cell).screenshot(path=out / f"error-{theme.split()[1].lower()}-{width}.png")
        found = Axe().run(own.page, context=".nbapimgr-error")
        assert found.violations_count == 0, found.generate_report()


def test_try_again_after_mending_gives_the_answer(own, rehearsal, out):
    cell = fail(own, rehearsal)
    rehearsal.break_(FIRST, "mend")
    view(cell).get_by_role("button", name="Try again").dblclick()
    said = own.saw(cell, END, "asked again: ✓", without="What was tried")
    assert said.count("This answer is rehearsed") == 1
    cell.screenshot(path=out / "error-answered.png")
    own.run("print('kept:', _llm.text[-11:])", until=f"kept: {END}")


def test_the_stop_button_stops_what_a_button_asked(own, rehearsal):
    cell = fail(own, rehearsal)
    rehearsal.break_(FIRST, "silent")
    view(cell).get_by_role("button", name="Try again").click()
    own.saw(cell, "This answer is rehearsed")
    own.command("notebook:interrupt-kernel")
    said = own.saw(cell, "Try again: stopped by you", "What was tried")
    assert END not in said
    rehearsal.break_(FIRST, "mend")
    view(cell).get_by_role("button", name="Try again").click()
    own.saw(cell, END, "asked again: ✓")


def test_it_fails_again_and_another_is_asked(own, rehearsal):
    cell = fail(own, rehearsal)
    rehearsal.break_(FIRST, "limit")
    view(cell).get_by_role("button", name=f"Ask {SECOND}").wait_for()
    rehearsal.break_(SECOND, "down")
    view(cell).get_by_role("button", name=f"Ask {SECOND}").click()
    said = own.saw(cell, "nobody answered this time either")
    assert END not in said
    rehearsal.break_(SECOND, "mend")
    rehearsal.break_(FIRST, "mend")
    view(cell).get_by_role("button", name="Try again").click()
    said = own.saw(cell, END, "asked again: ✓")
    assert "nobody answered" not in said


def test_the_keyboard_reaches_the_buttons_and_cuts_no_cell(own, rehearsal):
    cell = fail(own, rehearsal)
    cells = own.page.locator(".jp-Notebook .jp-Cell").count()
    again = view(cell).get_by_role("button", name="Try again")
    again.focus()
    for key in ("x", "b", "ArrowDown", "d", "d"):
        own.page.keyboard.press(key)
    assert own.page.locator(".jp-Notebook .jp-Cell").count() == cells
    assert again.evaluate("it => it === document.activeElement")
    own.page.keyboard.press("Tab")
    other = view(cell).get_by_role("button", name=f"Ask {SECOND}")
    assert other.evaluate("it => it === document.activeElement")
    own.page.keyboard.press("Enter")
    own.saw(cell, END, f"asked again: ✓ {SECOND}")


HARM = (
    "<img src=x onerror='window.hacked=1'><script>window.hacked=2</script></bdi></section>"
    "<a href='javascript:window.hacked=3'>run me</a><style>body{display:none}</style>"
    "[a](http://127.0.0.1:9/x) <nbapimgr-error data-view='x'>"
)


def test_what_a_provider_says_is_text(own, hostile, out):
    hostile.script(error(400, HARM, type=HARM, code=HARM))
    own.requests.clear()
    cell = own.start("%%llm hostile --no-fallback\nHello there")
    own.saw(cell, "AllProvidersFailed", "run me")
    view(cell).get_by_role("button").first.wait_for()
    assert view(cell).count() == 1
    assert view(cell).locator("img, script, a, iframe, nbapimgr-error").count() == 0
    assert view(cell).locator("style").count() == 1
    assert own.page.evaluate("() => window.hacked ?? null") is None
    assert [url for url in own.requests if "127.0.0.1:9/" in url] == []
    view(cell).screenshot(path=out / "error-hostile.png")


def test_after_the_page_is_loaded_again_the_buttons_are_back(own, rehearsal):
    cell = fail(own, rehearsal)
    own.save()
    own.page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    own.open()
    cell = own.page.locator(".jp-Notebook .jp-Cell").last
    again = view(cell).get_by_role("button", name="Try again")
    again.wait_for()
    rehearsal.break_(FIRST, "mend")
    again.click()
    # JupyterLab does not know any more which output this was
    own.page.get_by_text("has answered; the answer is in _llm").wait_for()
    assert view(cell).get_by_role("button").count() == 0


def saved(notebook):
    notebook.save()
    notebook.page.wait_for_function(
        "() => !window.jupyterapp.shell.currentWidget.context.model.dirty"
    )
    notebook.shut_down()
    return json.loads(notebook.path.read_text())


@pytest.fixture
def reopened(chromium, lab):
    """Opens a notebook in a page that can have no kernel."""
    page = chromium.new_page()
    page.route("**/api/sessions*", lambda route: route.abort())

    def reopen(path):
        page.goto(f"{lab.origin}/lab/tree/{path.name}?reset")
        page.get_by_text("What was tried").wait_for(timeout=1000 * TIMEOUT)
        page.get_by_text("No Kernel").first.wait_for(timeout=1000 * TIMEOUT)
        return page

    yield reopen
    page.close()


def test_a_saved_view_is_read_without_a_kernel(own, reopened, rehearsal):
    fail(own, rehearsal)
    (cell,) = [c for c in saved(own)["cells"] if "%%llm" in "".join(c["source"])]
    assert [output["output_type"] for output in cell["outputs"]] == ["display_data", "error"]
    assert set(cell["outputs"][0]["data"]) == {"text/html", "text/plain"}
    page = reopened(own.path)
    said = page.locator(".nbapimgr-error").inner_text()
    assert "run the cell again" in said
    assert "%%llm rehearsal-gemini" in said
    assert page.locator(".nbapimgr-error style").count() == 1
    assert page.locator(".nbapimgr-error button").count() == 0
    assert "model not found" not in page.locator(".jp-Notebook").inner_text()


def test_a_strangers_notebook_is_read_too(own, reopened, rehearsal, out):
    """JupyterLab takes from the outputs of others what could act or only looks nice."""
    fail(own, rehearsal)
    saved(own)
    text = own.path.read_text()
    own.path.write_text(text.replace("Hello there", "Hello, dear"))  # no longer as it was signed
    page = reopened(own.path)
    said = page.locator(".jp-Notebook").inner_text()
    for words in ("Service", "service.overloaded 503", "What to do now", "run the cell again"):
        assert words in said
    assert page.locator(".jp-OutputArea-output style").count() == 0  # it is not trusted
    assert "container-type" not in said
    page.screenshot(path=out / "error-untrusted.png")


@pytest.mark.parametrize("theme", THEMES)
def test_the_trace_is_a_picture(own, rehearsal, out, theme):
    own.theme(theme)
    rehearsal.break_(FIRST, "stream")
    own.run("%%llm\nHello there", until=f"✓ {SECOND}")
    cell = own.run("%llm trace", until="Came to nothing: 1 attempt")
    picture = cell.locator(".nbapimgr-trace")
    bars = picture.locator(".nbt-line .nbt-bad, .nbt-line .nbt-good")
    first, second = (bar.bounding_box() for bar in bars.all())
    assert first["x"] < second["x"]
    found = Axe().run(own.page, context=".nbapimgr-trace")
    assert found.violations_count == 0, found.generate_report()
    cell.screenshot(path=out / f"trace-{theme.split()[1].lower()}.png")
