"""The panel where nobody is there to use it."""

from __future__ import annotations

import subprocess
import sys

from nbapimgr.widgets import StillPanel
from tests.widgets.conftest import KEY


def test_it_says_what_the_panel_would_and_is_the_same_each_time(manager):
    manager.providers.add("mine", base_url="http://127.0.0.1:1", models=["m"], key=KEY)
    still = StillPanel(manager)
    assert repr(still) == "<nbapimgr settings: 1 provider: mine>"
    html = still._repr_html_()
    assert "<td>mine</td><td>m</td>" in html
    assert html == StillPanel(manager)._repr_html_()
    assert KEY[-4:] not in html
    manager.providers.add("later", base_url="http://127.0.0.1:1")
    assert repr(still) == "<nbapimgr settings: 1 provider: mine>"


def test_it_loads_no_widget():
    code = (
        "import sys, nbapimgr\n"
        "from nbapimgr.widgets import StillPanel\n"
        "StillPanel(nbapimgr.connect())._repr_html_()\n"
        "assert not {'anywidget', 'ipywidgets'} & sys.modules.keys()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603  # our own code
