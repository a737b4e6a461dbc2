"""The panel as an object: one a manager, light until it is shown, readable where no kernel runs."""

from __future__ import annotations

import json
import queue
import subprocess
import sys

import pytest
from cryptography.hazmat.bindings._rust import openssl  # noqa: TID253  # the page's side
from cryptography.hazmat.primitives.asymmetric import ec  # noqa: TID253  # as above
from cryptography.hazmat.primitives.serialization import (  # noqa: TID253  # as above
    Encoding,
    PublicFormat,
)
from IPython.core.formatters import DisplayFormatter

from nbapimgr.errors import OptionError
from nbapimgr.manager import Manager
from nbapimgr.manager._vaulting import NewVault
from nbapimgr.vault._sealed import binding
from nbapimgr.widgets import Panel
from nbapimgr.widgets._panel_fallback import as_html, as_text
from tests.widgets.conftest import KEY
from tests.widgets.test_panel_actions import do_all, save, seal

hpke = openssl.hpke
SUITE = hpke.Suite(hpke.KEM.P256, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
BUDGET = 64_000
"""Characters: modules and style are sent, and may be saved, with each panel."""


def test_a_manager_has_one_panel(manager, later):
    first = manager.panel()
    assert isinstance(first, Panel)
    assert manager.panel() is first
    manager.close()
    assert manager.panel() is not first


def test_a_closed_panel_opens_no_key(page, manager):
    manager.providers.add("mine", base_url="http://127.0.0.1:1", env=["NONE"], keyless=False)
    entry, sealed = seal(page)
    entries = page.panel._entries
    manager.close()
    with pytest.raises(OptionError, match="has been used"):
        entries.open(entry, sealed, provider="mine", slot="default")
    assert page.panel.widget.comm is None


def test_what_changes_elsewhere_is_shown(manager, panel):
    manager.providers.add("mine", base_url="http://127.0.0.1:1")
    assert panel.widget.state["providers"] == []
    assert manager.panel() is panel
    assert [c["name"] for c in panel.widget.state["providers"]] == ["mine"]


def test_what_is_sent_with_each_panel_is_small(panel):
    assert len(panel.widget._esm) + len(panel.widget._css) < BUDGET
    for wrong in ("import ", "https://esm", "//cdn", "innerHTML", "localStorage", "eval("):
        assert wrong not in panel.widget._esm.replace('import("', "")


def test_numbers_of_calls_reach_the_page(page, manager, server, later):
    manager.providers.add("here", base_url=server.url, models=["m"], key=KEY)
    manager.ask("hello")
    page.panel.refresh()
    assert "call" not in page.panel.widget.state["providers"][0]["keys"][0]["note"]
    assert page.ask("usage")["ok"]
    do_all(later)
    assert page.panel.widget.calls["here"][-1] == 1
    assert "1 call in 90 days" in page.panel.widget.state["providers"][0]["keys"][0]["note"]


def shown_as(obj, monkeypatch):
    sent = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: sent.append((data, raw)))
    DisplayFormatter().ipython_display_formatter(obj)
    return sent


def test_it_is_shown_with_what_a_saved_notebook_shows_instead(manager, panel, capsys, monkeypatch):
    manager.providers.add("mine", base_url="http://127.0.0.1:1", models=["a", "b"], key=KEY)
    manager.panel()
    (live, raw), (saved, _) = shown_as(panel, monkeypatch)
    assert raw
    assert live["text/plain"] == "<nbapimgr settings: 1 provider: mine>"
    assert live["application/vnd.jupyter.widget-view+json"]["model_id"] == panel.widget.model_id
    assert panel.widget.mark in saved["text/html"]
    assert "<td>mine</td><td>a and 1 more</td><td>Not checked yet</td>" in saved["text/html"]
    assert KEY[-4:] not in json.dumps([live, saved])
    assert panel._display_() is panel.widget  # marimo asks this, and makes a view of it


def card(**about):
    return {"place": 1, "name": "a", "title": "A", "models": [], "status": "S", "why": "", **about}


def test_the_saved_table_escapes_and_says_when_there_is_nothing():
    html = as_html({"providers": [card(title="<b>", models=["<i>"], why="<script>")]}, '"><x')
    assert "<b>" not in html + "<i>" + "<script>" or "&lt;b&gt;" in html
    assert "<script>" not in html
    assert '"><x' not in html
    assert "S: &lt;script&gt;" in html
    assert "No provider was configured." in as_html({"providers": []}, "m")
    assert as_text({"providers": []}) == "<nbapimgr settings: 0 providers>"
    assert (
        as_text({"providers": [card(), card(name="b")]}) == "<nbapimgr settings: 2 providers: a, b>"
    )


def test_the_widget_shows_no_more_of_itself_than_its_name(panel):
    assert repr(panel.widget) == "<nbapimgr settings panel>"
    assert repr(panel) == "<nbapimgr settings: 0 providers>"


def test_anywidget_is_loaded_with_the_first_panel_and_not_before():
    code = (
        "import sys, nbapimgr, nbapimgr.widgets\n"
        "llm = nbapimgr.connect()\n"
        "assert not {'anywidget', 'ipywidgets', 'cryptography', 'pandas'} & sys.modules.keys()\n"
        "llm.panel()\n"
        "assert 'anywidget' in sys.modules and 'pandas' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603  # our own code


# --- the vault ---


@pytest.fixture
def storing(monkeypatch):
    """A machine on which keys may rest."""
    for name in ("CI", "GITHUB_ACTIONS", "GITLAB_CI"):
        monkeypatch.delenv(name, raising=False)


def browser_key():
    private = ec.generate_private_key(ec.SECP256R1())
    return private, private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def set_up(page, later, point):
    page.panel.widget._handle_custom_msg({"id": "v", "kind": "vault.setup"}, [point])
    do_all(later)
    while True:  # sentences about checks come before it
        answer, buffers = page.told.get_nowait()
        if answer["id"] == "v":
            return answer, buffers


def test_the_vault_is_made_and_its_recovery_code_shown_to_the_page_alone(
    storing, page, manager, server, later
):
    manager.providers.add("mine", base_url=server.url, models=["m"], env=["NONE"], keyless=False)
    save(page)
    do_all(later)
    page.hears()
    private, point = browser_key()
    answer, (sealed,) = set_up(page, later, point)
    assert answer["ok"], answer
    assert "1 key moved there" in answer["said"]
    words = ("nbapimgr/seal/v1", answer["kernel"], answer["widget"], "recovery")
    code = SUITE.decrypt(sealed, private, binding(*words)).decode()
    assert len(code) >= 32
    told = json.dumps([answer, page.panel.widget.get_state(), page.panel.widget.state])
    assert code not in told
    assert page.panel.widget.state["vault"]["state"] == "open"
    answer = save(page, "sk-canary-of-the-vault-31", slot="spare")
    assert answer["said"].startswith("mine: the key …t-31 is saved, encrypted, in two copies.")
    said = save(page, "gsk_" + "x" * 52, slot="spare")["said"]
    assert said.endswith("Note: it looks like a key of groq.")
    assert page.ask("key.remove", provider="mine", slot="spare")["undo_key"] == "mine"
    assert page.ask("key.undo", provider="mine")["said"] == "mine: the key 'spare' is back."
    assert not set_up(page, later, point)[0]["ok"]  # there is one


def test_a_vault_without_a_new_recovery_code_shows_none(page, manager, later, monkeypatch):
    made = NewVault(recovery=None, slots=("keychain",), moved=2)
    monkeypatch.setattr(manager.credentials, "setup", lambda: made)
    answer, buffers = set_up(page, later, browser_key()[1])
    assert (answer["ok"], buffers) == (True, [])
    assert "2 keys moved there" in answer["said"]


def test_what_takes_long_is_done_on_a_thread_of_its_own(manager, monkeypatch):
    shown = manager.panel()
    told = queue.Queue()
    monkeypatch.setattr(shown.widget, "send", lambda content, _: told.put(content))
    shown.widget._handle_custom_msg({"id": "1", "kind": "look"}, [])
    assert told.get(timeout=20) == {"id": "1", "ok": True, "said": ""}


def test_a_vault_whose_code_could_not_be_shown_is_not_made(storing, page, manager, later):
    answer, _ = set_up(page, later, b"\x04" * 65)
    assert "no public key" in answer["said"]
    assert manager.credentials.status().state == "none"


def test_the_vault_is_opened_with_a_sealed_passphrase(storing, home, page, manager, later):
    manager.credentials.setup(passphrase="correct horse", keychain=False, key_file=False)
    locked = Manager(home)
    assert locked.credentials.status().state == "locked"
    other = type(page)(locked.panel(), pytest.MonkeyPatch())
    for typed, opens in (("wrong horse", False), ("correct horse", True)):
        entry, sealed = seal(other, typed, provider="vault", slot="passphrase")
        about = {"id": "u", "kind": "vault.unlock", "entry": entry}
        other.panel.widget._handle_custom_msg(about, [sealed])
        do_all(later)
        answer, _ = other.told.get_nowait()
        assert answer["ok"] is opens
        assert typed not in json.dumps(answer)
    assert other.panel.widget.state["vault"]["state"] == "open"
    locked.close()
