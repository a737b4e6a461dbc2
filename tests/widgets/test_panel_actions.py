"""What the panel's messages do and answer; no key is seen on the way."""

from __future__ import annotations

import json
import logging

import pytest
from cryptography.hazmat.bindings._rust import openssl  # noqa: TID253  # the page's side
from cryptography.hazmat.primitives.asymmetric import ec  # noqa: TID253  # as above

from nbapimgr.errors import OptionError
from nbapimgr.models import Candidate
from nbapimgr.vault._sealed import binding
from tests.engine.faultserver import error, status
from tests.widgets.conftest import KEY

hpke = openssl.hpke
SUITE = hpke.Suite(hpke.KEM.P256, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
MODELS = status(200, {"data": [{"id": "m-one"}, {"id": "m-two"}]})
REFUSED = error(401, "Incorrect API key provided", code="invalid_api_key")
OTHER = "sk-canary-other-55e1d0"


def seal(page, typed=KEY, *, provider="mine", slot="default"):
    """A form, and what the page would seal for it."""
    form = page.ask("key.begin")
    assert form["ok"]
    (point,) = page.buffers
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    words = ("nbapimgr/seal/v1", form["kernel"], form["widget"], form["entry"], provider, slot)
    return form["entry"], SUITE.encrypt(typed.encode(), public, binding(*words))


def save(page, typed=KEY, *, provider="mine", slot="default", **more):
    entry, sealed = seal(page, typed, provider=provider, slot=slot)
    return page.ask("key.save", buffers=[sealed], entry=entry, provider=provider, slot=slot, **more)


def do_all(later):
    """Do what waits to be done beside the main thread."""
    while later:
        later.pop(0)()


def key_of(manager, alias="default", name="mine"):
    candidate = Candidate(provider=manager.providers[name], model="m", credential=alias)
    secret = manager._keys.secret(candidate)
    return secret.reveal() if secret else None


def card(panel, name="mine"):
    (found,) = [c for c in panel.widget.state["providers"] if c["name"] == name]
    return found


@pytest.fixture
def mine(manager, server):
    """A provider that wants a key and has none."""
    server.script(MODELS)
    return manager.providers.add(
        "mine", base_url=server.url, models=["m"], keyless=False, env=["NONE_SUCH"]
    )


def test_somebody_is_there(page):
    assert page.ask("hello") == {"id": "q-hello", "ok": True, "said": ""}


def test_a_sealed_key_is_kept_checked_and_said(page, manager, mine, later, caplog):
    caplog.set_level(logging.DEBUG)
    answer = save(page)
    assert answer["ok"]
    assert answer["said"] == "mine: the key …2468 is kept in this kernel's memory."
    assert key_of(manager) == KEY
    assert card(page.panel)["tone"] == "busy"
    do_all(later)
    assert page.hears()["said"] == f"{answer['said']} mine answers and lists 2 models."
    shown = card(page.panel)
    assert (shown["tone"], shown["status"], shown["why"]) == ("ok", "Ready", "Lists 2 models.")
    assert [key["masked"] for key in shown["keys"]] == ["…2468"]
    everything = json.dumps(page.panel.widget.get_state()) + repr(page.panel) + caplog.text
    assert KEY not in everything
    assert KEY[-5:] not in everything


def test_a_key_brings_its_provider_along(page, manager, later, monkeypatch):
    monkeypatch.delenv("GROQ_API_KEY", raising=False)
    answer = save(page, provider="groq", vendor="groq")
    assert (answer["ok"], answer["provider"]) == (True, "groq")
    assert manager.providers["groq"].base_url == "https://api.groq.com/openai/v1"
    assert key_of(manager, name="groq") == KEY


def test_a_server_of_ones_own_is_added_with_its_address(page, manager, server, later):
    server.script(MODELS)
    assert (
        page.ask("provider.add", provider="here", base_url=server.url)["said"] == "here is added."
    )
    assert manager.providers["here"].keyless
    do_all(later)
    assert manager.providers["here"].models == ("m-one",)  # the first it lists: it had none


def test_a_server_that_lists_nothing_has_no_model(page, manager, server, later):
    server.script(status(200, {"data": []}))
    page.ask("provider.add", provider="here", base_url=server.url)
    do_all(later)
    assert manager.providers["here"].models == ()
    assert page.hears()["said"] == "here is added. here answers and lists 0 models."


def test_a_key_that_is_rejected_is_said_to_be_and_stays(page, manager, mine, server, later):
    server.script(REFUSED)
    save(page)
    do_all(later)
    said = page.hears()
    assert not said["ok"]
    assert "mine rejects the key" in said["said"]
    assert card(page.panel)["tone"] == "bad"
    assert key_of(manager) == KEY


def test_a_second_key_takes_the_firsts_place_only_if_it_works(page, manager, mine, server, later):
    save(page)
    do_all(later)
    page.hears()
    server.script(REFUSED)
    entry, sealed = seal(page, OTHER)
    about = {"id": "r", "kind": "key.save", "entry": entry, "provider": "mine"}
    page.panel.widget._handle_custom_msg(about, [sealed])
    assert page.told.empty()  # the answer comes when the check is done
    do_all(later)
    answer, _ = page.told.get_nowait()
    assert (answer["id"], answer["ok"]) == ("r", False)
    assert "rejects the new key" in answer["said"]
    assert answer["hint"] == "the old key is as it was"
    assert key_of(manager) == KEY
    server.script(MODELS)
    entry, sealed = seal(page, OTHER)
    page.panel.widget._handle_custom_msg({**about, "entry": entry}, [sealed])
    do_all(later)
    answer, _ = page.told.get_nowait()
    assert answer["ok"]
    assert key_of(manager) == OTHER


def test_a_rejected_key_does_not_come_before_the_environments(
    page, manager, mine, server, later, monkeypatch
):
    monkeypatch.setenv("NONE_SUCH", OTHER)
    server.script(REFUSED)
    entry, sealed = seal(page, KEY)
    about = {"id": "r", "kind": "key.save", "entry": entry, "provider": "mine"}
    page.panel.widget._handle_custom_msg(about, [sealed])
    do_all(later)
    answer, _ = page.told.get_nowait()
    assert not answer["ok"]
    assert "rejects the new key" in answer["said"]
    assert [key["alias"] for key in card(page.panel)["keys"]] == ["env:NONE_SUCH"]


def test_a_spare_key_stands_behind_the_active_one(page, manager, mine, later):
    save(page)
    save(page, OTHER, slot="spare")
    assert [k["alias"] for k in card(page.panel)["keys"]] == ["default", "spare"]
    assert page.ask("key.activate", provider="mine", slot="spare")["ok"]
    assert [k["alias"] for k in card(page.panel)["keys"] if k["active"]] == ["spare"]
    answer = page.ask("key.remove", provider="mine", slot="default")
    assert answer["ok"]
    assert "undo_key" not in answer  # a key of the memory is gone
    assert [k["alias"] for k in card(page.panel)["keys"]] == ["spare"]


@pytest.mark.parametrize("masked", ["…2468", "sk-***", "sk a b", ""])
def test_what_is_no_key_is_refused_with_the_reason(page, manager, mine, masked):
    answer = save(page, masked)
    assert not answer["ok"]
    assert answer["said"]
    assert key_of(manager) is None


def test_what_is_no_key_brings_no_provider_along(page, manager):
    assert "masked" in save(page, "gsk_…2468", provider="groq", vendor="groq")["said"]
    assert "groq" not in manager.providers


def test_what_goes_wrong_beside_the_main_thread_is_in_the_log_alone(
    page, mine, later, monkeypatch, caplog
):
    def broken(*_):
        raise RuntimeError(KEY)

    monkeypatch.setattr("nbapimgr.widgets._panel_actions.check", broken)
    page.ask("provider.check", provider="mine")
    do_all(later)
    assert "RuntimeError" in caplog.text
    assert KEY not in caplog.text
    assert card(page.panel)["status"] != "Checking …"


def test_a_form_takes_one_key_and_only_its_own(page, manager, mine):
    entry, sealed = seal(page)
    about = {"entry": entry, "provider": "mine", "slot": "default"}
    assert page.ask("key.save", buffers=[sealed], **about)["ok"]
    again = page.ask("key.save", buffers=[sealed], **about)
    assert (again["ok"], again["hint"]) == (False, "type it once more")
    entry, sealed = seal(page, provider="openai")
    stolen = page.ask("key.save", buffers=[sealed], entry=entry, provider="mine")
    assert "not meant for this form" in stolen["said"]
    unknown = page.ask("key.save", buffers=[sealed], entry="x", provider="mine")
    assert "of another kernel" in unknown["said"]


@pytest.mark.parametrize("buffers", [[], [b"a", b"b"]])
def test_a_sealed_key_is_one_buffer(page, mine, buffers):
    entry, _ = seal(page)
    answer = page.ask("key.save", buffers=buffers, entry=entry, provider="mine")
    assert not answer["ok"]
    assert "bytes" in answer["said"]
    assert not page.ask("hello", buffers=[b"x"])["ok"]


def test_models_limits_and_the_switch_are_changed_and_said(page, manager, mine):
    said = page.ask("provider.update", provider="mine", enabled=False)["said"]
    assert (said, manager.providers["mine"].enabled) == ("mine is switched off.", False)
    assert card(page.panel)["status"] == "Switched off"
    said = page.ask("provider.update", provider="mine", enabled=True)["said"]
    assert said == "mine is switched on."
    said = page.ask("provider.update", provider="mine", models=["b", "m", "b"])["said"]
    assert (said, manager.providers["mine"].models) == ("mine has 2 models.", ("b", "m"))
    said = page.ask("provider.update", provider="mine", rate_limits={"rpm": 60})["said"]
    assert said == "The limits of mine are changed."
    assert card(page.panel)["limits"] == {"rpm": 60, "tpm": None, "rpd": None}
    wrong = page.ask("provider.update", provider="mine", rate_limits={"rps": 60})
    assert (wrong["ok"], "rpm" in wrong["hint"]) == (False, True)


def test_what_is_said_of_a_model_stays_when_the_list_changes(page, manager):
    tables = [{"id": "m", "context_window": 4096}, "n"]
    manager.providers.add("here", base_url="http://127.0.0.1:1", models=tables)
    page.ask("provider.update", provider="here", models=["n", "m"])
    changed = manager.providers["here"]
    assert changed.models == ("n", "m")
    assert [(info.id, info.context_window) for info in changed.declared] == [("m", 4096)]


def test_order_changes_and_keeps_priorities_where_it_can(page, manager):
    for name, priority in (("a", 10), ("b", 10), ("c", 1000)):
        manager.providers.add(name, base_url="http://127.0.0.1:1", priority=priority)
    said = page.ask("provider.move", provider="c", to=1)["said"]
    assert said == "c is number 1 of 3."
    assert [c["name"] for c in page.panel.widget.state["providers"]] == ["c", "a", "b"]
    assert [c["place"] for c in page.panel.widget.state["providers"]] == [1, 2, 3]
    assert {n: p.priority for n, p in manager.providers.items()} == {"c": 10, "a": 11, "b": 1000}
    assert page.ask("provider.move", provider="c", to=99)["said"] == "c is number 3 of 3."
    assert page.ask("provider.move", provider="c", to=3)["ok"]  # where it is
    assert {n: p.priority for n, p in manager.providers.items()} == {"c": 1000, "a": 10, "b": 11}
    assert page.ask("provider.move", provider="d", to=1)["ok"] is False


def test_a_removed_provider_comes_back_as_it_was(page, manager, mine):
    save(page)
    answer = page.ask("provider.remove", provider="mine")
    assert (answer["said"], answer["undo"]) == ("mine is removed.", "mine")
    assert "mine" not in manager.providers
    assert page.ask("provider.restore", provider="mine")["said"] == "mine is back."
    assert manager.providers["mine"] == mine
    assert key_of(manager) == KEY
    again = page.ask("provider.restore", provider="mine")
    assert (again["ok"], "removed provider" in again["said"]) == (False, True)
    assert not page.ask("provider.remove", provider="mien")["ok"]


def test_a_check_is_made_once_at_a_time(page, manager, mine, later):
    save(page)
    later.clear()
    page.panel._actions.checking = frozenset()
    for _ in range(3):
        assert page.ask("provider.check", provider="mine")["said"] == "Checking mine …"
    assert len(later) == 1
    do_all(later)
    assert page.hears()["said"] == "mine answers and lists 2 models."
    assert page.panel._actions.checking == frozenset()


def test_a_provider_that_is_removed_while_it_is_checked_is_not_spoken_of(page, mine, later):
    save(page)
    page.ask("provider.remove", provider="mine")
    do_all(later)
    assert page.told.empty()
    assert page.panel._actions.checking == frozenset()


def test_a_look_checks_who_can_be_asked(page, manager, mine, server, later):
    save(page)
    do_all(later)
    page.hears()
    manager.providers.add("off", base_url=server.url, enabled=False)
    manager.providers.add("keyless", base_url=server.url, models=["m"])
    manager.providers.add("bare", base_url=server.url, env=["NONE_SUCH"], keyless=False)
    before = len(server.seen)
    page.panel.widget._handle_custom_msg({"id": "l", "kind": "look"}, [])
    do_all(later)
    assert page.told.get_nowait()[0] == {"id": "l", "ok": True, "said": ""}
    # the first was found well a moment ago
    assert len(server.seen) == before + 1
    assert card(page.panel, "keyless")["tone"] == "ok"
    assert card(page.panel, "bare")["tone"] == "new"


def test_what_goes_wrong_in_the_kernel_is_told_without_what_it_was_about(
    page, mine, monkeypatch, caplog
):
    def broken(*_):
        raise RuntimeError(KEY)

    monkeypatch.setattr(page.panel._actions, "do", broken)
    answer = page.ask("hello")
    assert answer["said"] == "this went wrong in the kernel: RuntimeError"
    assert KEY not in caplog.text
    assert "RuntimeError" in caplog.text


@pytest.mark.parametrize("content", [None, 7, "x", [], {}, {"id": "1"}, {"kind": "x", "id": 9}])
def test_nonsense_is_answered_and_changes_nothing(page, content):
    before = page.panel.widget.state
    page.panel.widget._handle_custom_msg(content, [])
    answer, _ = page.told.get_nowait()
    assert not answer["ok"]
    assert page.panel.widget.state == before


@pytest.fixture
def others(tmp_path, monkeypatch):
    """A home in which another tool has a key, and nothing else."""
    for name in ("XDG_CONFIG_HOME", "APPDATA", "LLM_USER_PATH", "JUPYTER_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(f"GROQ_API_KEY={OTHER}\n")


def slowly(page, later, kind):
    """The answer to a message that is carried out beside the main thread."""
    page.panel.widget._handle_custom_msg({"id": kind, "kind": kind}, [])
    do_all(later)
    answer, _ = page.told.get_nowait()
    assert answer["id"] == kind
    return answer


def test_what_other_tools_have_is_shown_brought_over_and_taken_back(page, manager, others, later):
    assert "nothing was looked at yet" in slowly(page, later, "import.bring")["said"]
    found = slowly(page, later, "import.find")
    assert found["changes"] >= 1
    assert {(row["what"], row["name"]) for row in found["rows"]} >= {("provider", "groq")}
    assert OTHER not in json.dumps(found)
    assert "groq" not in manager.providers
    brought = slowly(page, later, "import.bring")
    assert brought["undo_import"]
    assert "brought over" in brought["said"]
    assert "groq" in manager.providers
    assert card(page.panel, "groq")["keys"]
    assert slowly(page, later, "import.undo")["said"] == "The import is undone."
    assert "groq" not in manager.providers


def test_what_cannot_be_brought_over_is_said(page, manager, others, later, monkeypatch):
    slowly(page, later, "import.find")
    monkeypatch.setattr(type(manager.providers), "add", refuse)
    answer = slowly(page, later, "import.bring")
    assert "Not: provider groq: no" in answer["said"]


def refuse(*_, **__):
    raise OptionError("no")
