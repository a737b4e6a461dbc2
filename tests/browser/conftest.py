"""JupyterLab in real Chromium, with the rehearsal and a hostile provider configured."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pytest

from nbapimgr.demo import Rehearsal
from nbapimgr.manager import Manager
from nbapimgr.models import Provider
from nbapimgr.settings import Settings, places, save
from tests.browser.lab import CHROMIUM, FLAGS, Lab, Notebook
from tests.engine.faultserver import FaultServer

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium():
    """The browser."""
    if CHROMIUM is None:
        assert os.environ.get("CI") != "true", "CI has no Chromium (tests/run installs it)"
        pytest.skip("there is no Chromium on this machine (tests/run installs it where it can)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def rehearsal():
    """The rehearsal servers."""
    with Rehearsal() as running:
        yield running


@pytest.fixture(scope="session")
def hostile():
    """A server that says what a test scripts; the provider `hostile` leads to it."""
    with FaultServer() as running:
        yield running


def _lab(folder, rehearsal, hostile):
    """JupyterLab, its kernels in a home with these providers."""
    stranger = Provider(
        name="hostile",
        dialect="openai-chat",
        base_url=hostile.url,
        models=("m",),
        priority=90,
        keyless=True,
    )
    home = folder / "home"
    save(places(home).settings, Settings(providers=(*rehearsal.providers, stranger)))
    running = Lab(folder, NBAPIMGR_HOME=str(home))
    running.home = home
    return running


@pytest.fixture(scope="session")
def lab(chromium, rehearsal, hostile, tmp_path_factory):
    """The JupyterLab of all tests that leave its providers as they are."""
    running = _lab(tmp_path_factory.mktemp("lab"), rehearsal, hostile)
    yield running
    running.stop()


@pytest.fixture
def wild_lab(chromium, rehearsal, hostile, tmp_path_factory):
    """The JupyterLab of one test, in which every button may be pressed."""
    running = _lab(tmp_path_factory.mktemp("wild"), rehearsal, hostile)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def own_lab(chromium, tmp_path_factory):
    """A JupyterLab of one module's tests: an empty home, and a log of all it does."""
    folder = tmp_path_factory.mktemp("panel")
    running = Lab(folder, "--debug", NBAPIMGR_HOME=str(folder / "home"), CI="")
    running.folder = folder
    yield running
    running.stop()


@pytest.fixture(scope="session")
def notebook(chromium, lab):
    """A notebook with the extension loaded, for the tests that need none of their own."""
    page = chromium.new_page(viewport={"width": 1100, "height": 900})
    opened = Notebook(page, lab, lab.notebook("shared.ipynb")).open()
    opened.run("%load_ext nbapimgr\nprint('loaded')", until="loaded")
    yield opened
    page.close()


@pytest.fixture(autouse=True)
def mended(rehearsal, request):
    """All rehearsal providers are well before and after each test, and none is left alone."""
    yield
    for provider in rehearsal.providers:
        rehearsal.break_(provider.name, "mend")
    if "lab" in request.fixturenames:
        with closing(Manager(request.getfixturevalue("lab").home)) as manager:
            manager.reset()


@pytest.fixture(scope="session")
def out():
    """Where pictures for people go; not kept in git."""
    folder = HERE.parent / "out"
    folder.mkdir(exist_ok=True)
    return folder
