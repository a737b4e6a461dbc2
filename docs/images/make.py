# noqa: INP001  # a script
"""Makes the README's picture, cell.png: a real cell in JupyterLab whose provider breaks mid-stream.

    python docs/images/make.py

Needs the extras `demo` and `test` and Chromium. Nothing is drawn by hand: the picture is a
screenshot of what the cell shows.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))  # the harness of the browser tests

from playwright.sync_api import sync_playwright  # noqa: E402

from nbapimgr.demo import Rehearsal  # noqa: E402
from nbapimgr.settings import Settings, places, save  # noqa: E402
from tests.browser.lab import CHROMIUM, FLAGS, Lab, Notebook  # noqa: E402

WIDTH, HEIGHT = 900, 700
SHARP = 1.5
"""Pixels of the picture to a pixel of the page."""
QUESTION = "%%llm\nWhat happens when a provider breaks down halfway through its answer?"
PLAIN = ".jp-toolbar-overlap, .jp-cell-toolbar, .jp-cell-menu { display: none !important }"


def main() -> None:
    """Take the picture."""
    with tempfile.TemporaryDirectory() as name, Rehearsal() as rehearsal, sync_playwright() as play:
        folder = Path(name)
        save(places(folder / "home").settings, Settings(providers=rehearsal.providers))
        lab = Lab(folder, NBAPIMGR_HOME=str(folder / "home"))
        browser = play.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            page = browser.new_page(
                viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=SHARP
            )
            notebook = Notebook(page, lab, lab.notebook("cell.ipynb")).open()
            notebook.command("application:toggle-left-area")
            notebook.run("%load_ext nbapimgr\nprint('loaded')", until="loaded")
            rehearsal.break_(rehearsal.providers[0].name, "stream")
            cell = notebook.run(QUESTION, until="✓ ")
            page.add_style_tag(content=PLAIN)
            cell.screenshot(path=HERE / "cell.png")
        finally:
            browser.close()
            lab.stop()


if __name__ == "__main__":
    main()
