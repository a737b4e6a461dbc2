"""What a person sees in JupyterLab: an answer that streams, a rescue, a red cell, no harm."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest

from tests.browser.lab import Notebook
from tests.engine.faultserver import streamed

FIRST, SECOND = "rehearsal-anthropic", "rehearsal-gemini"
END = "takes over."


def small(cell):
    return cell.locator(".jp-OutputArea-output small")


def contrast(cell):
    """The contrast of the footer to what is behind it, by WCAG 2's formula."""
    return small(cell).evaluate(
        """(footer) => {
            const parse = (c) => c.match(/[\\d.]+/g).map(Number);
            let behind = footer, ground = [255, 255, 255];
            for (; behind; behind = behind.parentElement) {
                const [r, g, b, a = 1] = parse(getComputedStyle(behind).backgroundColor);
                if (a > 0) { ground = [r, g, b]; break; }
            }
            const style = getComputedStyle(footer), ink = parse(style.color);
            const opacity = Number(style.opacity) * (ink[3] ?? 1);
            const mixed = ground.map((g, i) => g + (ink[i] - g) * opacity);
            const light = (rgb) => {
                const [r, g, b] = rgb.map((v) => v / 255)
                    .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
                return 0.2126 * r + 0.7152 * g + 0.0722 * b;
            };
            const [a, b] = [light(mixed), light(ground)].sort((x, y) => y - x);
            return (a + 0.05) / (b + 0.05);
        }"""
    )


def test_an_answer_is_seen_to_stream(notebook):
    cell = notebook.start("%%llm\nHello there")
    half = notebook.saw(cell, "This answer is rehearsed", without=END)
    whole = notebook.saw(cell, END, f"✓ {FIRST}:")
    assert len(half) < len(whole)
    assert whole.count("This answer is rehearsed") == 1
    assert small(cell).count() == 1


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_a_broken_stream_is_seen_rescued(notebook, rehearsal, out, theme):
    notebook.theme(theme)
    rehearsal.break_(FIRST, "stream")
    cell = notebook.start("%%llm\nHello there")
    notebook.saw(cell, f"restarted on {SECOND}")
    whole = notebook.saw(cell, END, f"✓ {SECOND}:")
    assert whole.count("This answer is rehearsed") == 1
    assert "restarted" not in whole
    assert f"via {FIRST}:rehearsed-anthropic ✗ service.stream_broken" in whole
    cell.scroll_into_view_if_needed()
    cell.screenshot(path=out / f"rescued-{theme.split()[1].lower()}.png")
    # dim, and still readable: WCAG asks 4.5 of small text
    assert 4.5 <= contrast(cell) < 12


def test_a_cell_nobody_answers_is_red_in_a_few_lines(notebook, rehearsal, out):
    rehearsal.break_(FIRST, "down")
    rehearsal.break_(SECOND, "down")
    cell = notebook.start(f"%%llm {FIRST},{SECOND}\nHello there")
    said = notebook.saw(cell, "AllProvidersFailed", "→")
    error = cell.locator('[data-mime-type="application/vnd.jupyter.stderr"]')
    assert error.count() == 1
    lines = said[said.index("AllProvidersFailed") :].splitlines()
    tried = [line for line in lines if line.strip().startswith("✗")]
    assert all("503" in line for line in tried)
    assert len(lines) == len(tried) + 2  # who failed, each attempt, what to do
    assert "Traceback" not in said
    cell.screenshot(path=out / "failed.png")


def test_the_stop_button_stops_a_silent_stream(notebook, rehearsal):
    rehearsal.break_(FIRST, "silent")
    cell = notebook.start("%%llm\nHello there")
    notebook.saw(cell, "This answer is rehearsed")
    notebook.command("notebook:interrupt-kernel")
    said = notebook.saw(cell, "Stopped by you")
    assert END not in said
    notebook.run("print('still', 'alive')", until="still alive")


HOSTILE = (
    "<script>window.hacked = 1</script>\n\n"
    "<img src='http://127.0.0.1:9/a.png' onerror='window.hacked = 2'>\n\n"
    "<iframe srcdoc='<script>parent.hacked = 3</script>'></iframe>\n\n"
    "![remote](http://127.0.0.1:9/b.png) ![local](/api/status) "
    "![data](data:image/svg+xml;base64,PHN2Zz48L3N2Zz4=)\n\n"
    "[run me](javascript:window.hacked=4) [your bank](http://127.0.0.1:9/phish)\n\n"
    "<style>body { background: url(http://127.0.0.1:9/c.png) }</style>\n\n"
    "$\\href{javascript:window.hacked=5}{maths}$ $\\includegraphics{http://127.0.0.1:9/d.png}$\n\n"
    "> quoted <svg onload='window.hacked=6'></svg>\n\n"
    "[ref]: http://127.0.0.1:9/e.png\n\n![by reference][ref]\n\n"
    "THE END"
)


def strangers(notebook):
    """What the page asked for besides its own server."""
    own = urlsplit(notebook.page.url).netloc
    return [
        url
        for url in notebook.requests
        if urlsplit(url).scheme not in {"data", "blob"} and urlsplit(url).netloc != own
    ]


@pytest.mark.parametrize("pieces", [1, 40], ids=["in one piece", "in many"])
def test_a_hostile_answer_runs_nothing_and_fetches_nothing(notebook, hostile, out, pieces):
    size = -(-len(HOSTILE) // pieces)
    hostile.script(streamed(*(HOSTILE[i : i + size] for i in range(0, len(HOSTILE), size))))
    notebook.requests.clear()
    cell = notebook.run("%%llm hostile --no-fallback\nHello there", until="✓ hostile:")
    shown = notebook.saw(cell, "THE END")
    assert "127.0.0.1" in shown  # the host of the link is told
    output = cell.locator(".jp-OutputArea-output")
    assert output.locator("img, script, iframe, style, svg, object, embed").count() == 0
    links = output.locator("a[href]").evaluate_all("all => all.map(a => a.href)")
    assert [link for link in links if not link.startswith("http://127.0.0.1:9/")] == []
    for link in output.locator("a[href^='javascript']").all():
        link.click()
    assert notebook.page.evaluate("() => window.hacked ?? null") is None
    assert strangers(notebook) == []
    assert [url for url in notebook.requests if url.endswith(("/api/status", ".png"))] == []
    cell.screenshot(path=out / "hostile.png")


def test_the_watch_over_requests_and_scripts_does_watch(notebook):
    notebook.requests.clear()
    harm = "<img src='http://127.0.0.1:9/x.png'><script>window.watched = 1</script>"
    code = f"from IPython.display import HTML, display\ndisplay(HTML({harm!r}))\nprint('shown')"
    notebook.run(code, until="shown")
    notebook.page.wait_for_function("() => window.watched === 1")
    assert strangers(notebook) == ["http://127.0.0.1:9/x.png"]


def test_tab_offers_routes(notebook):
    cell = notebook.write("%%llm rehearsal-g")
    assert SECOND not in cell.locator(".cm-content").inner_text()
    cell.locator(".cm-content").click()
    notebook.page.keyboard.press("End")
    notebook.page.keyboard.press("Tab")
    # one offer is put in, several are listed
    notebook.page.wait_for_function(
        """([cell, route]) => cell.querySelector('.cm-content').innerText.includes(route)
            || [...document.querySelectorAll('.jp-Completer-item')]
                .some((item) => item.innerText.includes(route))""",
        arg=[cell.element_handle(), SECOND],
    )
    notebook.page.keyboard.press("Escape")


def test_a_saved_notebook_shows_the_answer_without_a_kernel(chromium, lab):
    path = lab.notebook("saved.ipynb")
    page = chromium.new_page()
    first = Notebook(page, lab, path).open()
    first.run("%load_ext nbapimgr\nprint('loaded')", until="loaded")
    first.run("%%llm\nHello there", until="✓ ")
    first.save()
    page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    first.shut_down()
    page.close()
    (cell,) = [c for c in json.loads(path.read_text())["cells"] if "%%llm" in "".join(c["source"])]
    assert [output["output_type"] for output in cell["outputs"]] == ["display_data"] * 2
    page = chromium.new_page()
    page.route("**/api/sessions*", lambda route: route.abort())
    again = Notebook(page, lab, path).open(kernel=False)
    page.wait_for_function(
        """(end) => {
            const shown = document.querySelector('.jp-Notebook').innerText;
            return shown.includes(end) && shown.includes('✓ ');
        }""",
        arg=END,
    )
    # Without a session the shell need not have a current widget.
    kernels = """() => [...window.jupyterapp.shell.widgets('main')]
        .filter((widget) => widget.context?.path === 'saved.ipynb')
        .map((widget) => widget.sessionContext.session?.kernel ?? null)"""
    assert again.page.evaluate(kernels) == [None]
    page.close()
