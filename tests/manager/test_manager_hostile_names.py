"""A provider's own name as hostile text: refused in one short line, and shown inert where it is."""

from __future__ import annotations

import json
import logging

import pytest

from nbapimgr.errors import AllProvidersFailed, OptionError
from nbapimgr.manager import Manager, doctor_rows, provider_rows, recoveries
from nbapimgr.models import Provider, Request, user
from nbapimgr.settings import Settings
from nbapimgr.widgets import StillPanel, error_html, story

URL = "http://127.0.0.1:9/v1"
NAMES = {
    "html": "<img src=x onerror=alert(1)>",
    "script": "</script><script>alert(1)</script>",
    "bidi": "open\u202eia",
    "invisible": "open\u200bai",
    "escape": "\x1b]0;owned\x07\x1b[2J",
    "lines": "a\nb",
    "nothing": "",
    "long": "x" * 100_000,
    "a route": "openai:gpt",
    "a chain": "a,b",
    "an id": "openai#0a1b2c3d",
    "a path": "../../etc",
    "cyrillic": "\u043epenai",
    "surrogate": "\ud800",
}


def is_a_short_plain_line(text):
    return text.isprintable() and text.replace("…", "").isascii() and len(text) < 200


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_it_is_refused_where_a_program_gives_it(llm, name):
    with pytest.raises(OptionError, match="cannot name a provider") as caught:
        llm.providers.add(name, base_url=URL)
    assert is_a_short_plain_line(str(caught.value))
    assert "up to 64 letters" in caught.value.hint
    assert not llm.providers


@pytest.mark.parametrize("name", [n for n in NAMES.values() if n != "\ud800"])
@pytest.mark.parametrize("kind", ["providers", "routes", "policies", "budgets"])
def test_it_is_left_out_of_a_file_and_the_rest_is_in_force(home, tmp_path, caplog, name, kind):
    home.mkdir()
    values = {
        "providers": {"base_url": URL, "dialect": "openai-chat"},
        "routes": "good", "policies": "fastest", "budgets": {"limit": 1},
    }  # fmt: skip
    value = ", ".join(f"{k} = {json.dumps(v)}" for k, v in values["providers"].items())
    line = {"providers": f"{{{value}}}", "budgets": "{limit = 1}"}.get(
        kind, json.dumps(values[kind])
    )
    path = home / "settings.toml"
    path.write_text(
        f'[providers.good]\ndialect = "openai-chat"\nbase_url = "{URL}"\n[{kind}]\n'
        f"{json.dumps(name)} = {line}\n",
        encoding="utf-8",
    )
    caplog.set_level(logging.DEBUG)
    manager = Manager(home)
    assert list(manager.providers) == ["good"]
    said = [*manager.trouble, *manager.notes, *caplog.messages]
    said += [str(v) for row in doctor_rows(manager) for v in row.values()]
    for text in said:
        assert text.replace(str(tmp_path), "").isprintable()
        assert len(text.replace(str(tmp_path), "")) < 300
    if kind == "providers":
        [text] = manager.trouble
        assert "cannot name a provider" in text or "cannot be a name" in text
    manager.close()


@pytest.fixture
def given(home):
    """A manager whose program gave it names that no file could."""
    names = [name for name in NAMES.values() if name and name != "\ud800"]
    providers = [
        Provider(name=name, dialect="openai-chat", base_url=URL, models=("m",), keyless=True)
        for name in names
    ]
    manager = Manager(home, settings=Settings(providers=tuple(providers)))
    yield manager
    manager.close()


def test_what_a_program_gave_anyway_is_shown_inert(given):
    import pandas as pd

    with pytest.raises(AllProvidersFailed) as caught:
        given.ask("hello", timeout=20)
    page = error_html(
        story(caught.value), recoveries(given, Request(messages=(user("hello"),)), caught.value)
    )
    shown = [pd.DataFrame(provider_rows(given)).to_html(), StillPanel(given)._repr_html_(), page]
    for html in shown:
        assert "&lt;img" in html
        assert "<img" not in html
        assert "<script" not in html
