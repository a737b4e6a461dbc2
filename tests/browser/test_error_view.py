"""The error view in JupyterLab: what is read, what can be pressed, what is left when reopened."""

from __future__ import annotations

import json

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.lab import Notebook

FIRST, SECOND = "rehearsal-anthropic", "rehearsal-gemini"
END = "takes over."
THEMES = ("JupyterLab Light", "JupyterLab Dark")
NO_KERNEL = "() => window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel ?? null"


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


def saved(notebook):
    notebook.save()
    notebook.page.wait_for_function(
        "() => !window.jupyterapp.shell.currentWidget.context.model.dirty"
    )
    notebook.shut_down()
    return json.loads(notebook.path.read_text())


def test_a_saved_view_is_read_without_a_kernel(chromium, own, lab, rehearsal, out):
    fail(own, rehearsal)
    (cell,) = [c for c in saved(own)["cells"] if "%%llm" in "".join(c["source"])]
    assert [output["output_type"] for output in cell["outputs"]] == ["display_data", "error"]
    assert set(cell["outputs"][0]["data"]) == {"text/html", "text/plain"}
    page = chromium.new_page()
    page.route("**/api/sessions*", lambda route: route.abort())
    again = Notebook(page, lab, own.path).open(kernel=False)
    again.page.locator(".nbapimgr-error").wait_for()
    said = again.page.locator(".nbapimgr-error").inner_text()
    assert "What was tried" in said
    assert "run the cell again" in said
    assert again.page.locator(".nbapimgr-error button").count() == 0
    assert "model not found" not in again.page.locator(".jp-Notebook").inner_text()
    assert page.evaluate(NO_KERNEL) is None
    page.screenshot(path=out / "error-reopened.png")
    page.close()
