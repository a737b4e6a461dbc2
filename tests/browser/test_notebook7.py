"""The panel and the error view in Jupyter Notebook 7, where JupyterLab's extensions run as well.

One test for all: a server and a page are what costs. JupyterLab's tests have the details.
"""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.lab import Notebook

pytest.importorskip("notebook", reason="Notebook 7 is not installed")
FIRST = "rehearsal-anthropic"
HERE = ".nbapimgr-panel, .nbapimgr-error"


def test_panel_and_error_view_are_themselves_in_both_themes(chromium, lab, rehearsal, out):
    page = chromium.new_page(viewport={"width": 1100, "height": 900})
    page.emulate_media(reduced_motion="reduce")
    path = lab.notebook("seven.ipynb")
    notebook = Notebook(page, lab, path, at="notebooks").open()
    notebook.run("%load_ext nbapimgr\nprint('loaded')", until="loaded")
    notebook.start("%llm panel")
    panel = page.locator(".nbapimgr-panel")
    panel.get_by_role("button", name=f"Settings of {FIRST}").click()
    rehearsal.break_(FIRST, "down")
    failed = notebook.start(f"%%llm {FIRST} --no-fallback\nHello there")
    again = failed.locator(".nbapimgr-error").get_by_role("button", name="Try again")
    again.wait_for()
    for theme in ("Light", "Dark"):
        notebook.theme(f"JupyterLab {theme}")
        panel.and_(page.locator(f"[data-theme={theme.lower()}]")).wait_for()
        for part in HERE.split(", "):
            found = Axe().run(page, context=part)
            assert found.violations_count == 0, found.generate_report()
        page.screenshot(path=out / f"notebook7-{theme.lower()}.png")
    slider = panel.get_by_role("slider", name="Priority")  # of the one card that is open
    slider.focus()
    assert slider.evaluate("(it) => it === document.activeElement")
    slider.press("x")  # Notebook would cut the cell
    assert panel.is_visible()
    again.focus()
    page.keyboard.press("x")
    assert again.is_visible()
    assert not page.locator(".nbapimgr-static").is_visible()
    rehearsal.break_(FIRST, "mend")
    again.click()
    notebook.saw(failed, "takes over.", "asked again: ✓")
    notebook.save()
    page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    notebook.shut_down()
    page.reload()
    table = page.locator(".nbapimgr-static table")
    table.wait_for()
    assert FIRST in table.inner_text()
    page.close()
