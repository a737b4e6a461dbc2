"""A panel that was closed with its manager: its table takes its place."""

from __future__ import annotations

from tests.browser.lab import Notebook

SHOWN = """
%load_ext nbapimgr
import nbapimgr
llm = nbapimgr.connect(settings=nbapimgr.Settings())
llm.providers.add("mine", base_url="http://127.0.0.1:9", models=["m"])
llm.panel()
"""


def test_where_the_panel_was_closed_its_table_is_shown(lab, chromium):
    page = chromium.new_page()
    notebook = Notebook(page, lab, lab.notebook("closed.ipynb")).open()
    cell = notebook.start(SHOWN)
    cell.locator(".nbapimgr-panel").wait_for()
    table = cell.locator(".nbapimgr-static table")
    table.wait_for(state="hidden")
    shown = cell.element_handle()
    notebook.run("nbapimgr.disconnect()\nprint('closed')", until="closed")
    page.wait_for_function(
        "(cell) => cell.querySelector('.nbapimgr-static table')?.checkVisibility()"
        " && !cell.querySelector('.nbapimgr-panel')",
        arg=shown,
    )
    assert "mine" in shown.query_selector(".nbapimgr-static table").inner_text()
    page.close()
