"""Whatever is in a settings file, it is read or refused in one line that shows no key."""

from __future__ import annotations

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from nbapimgr.errors import SettingsError
from nbapimgr.settings import Stack, load, read, restricted
from nbapimgr.settings._layers import Layer
from nbapimgr.settings._read import Text

KEY = "sk-proj-" + "a1" * 10 + "T3BlbkFJ" + "b2" * 10
words = st.sampled_from(
    [
        "providers", "routes", "default", "mode", "policy", "policies", "budgets", "projects",
        "version", "dialect", "base_url", "models", "priority", "rate_limits", "enabled", "env",
        "options", "headers", "vendor", "keyless", "limit", "per", "provider", "id", "openai",
        "month", "live", "fastest", "http://127.0.0.1:9/v1", "http://[::1", "api_key", KEY,
    ]
)  # fmt: skip
texts = words | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=5)
values = st.recursive(
    st.booleans() | st.integers(-9, 99) | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=15,
)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("any") / "settings.toml"


def read_or_refused(path):
    try:
        load(path)
        table, _ = read(path)
    except SettingsError as e:
        return str(e), e.hint, {}
    return "", "", table


@given(text=st.text(max_size=60) | st.binary(max_size=60))
def test_any_text(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    message, _, _ = read_or_refused(path)
    assert "\n" not in message


@given(value=st.dictionaries(texts, values, max_size=5))
def test_any_toml(path, value):
    path.write_text(tomlkit.dumps(value), "utf-8")
    message, hint, table = read_or_refused(path)
    assert KEY not in message + hint
    if message:
        assert message.startswith(f"{path}: ")
    found = restricted(path, table, others={}, vendors={"openai": "https://api.openai.com/v1"})
    assert all("\n" not in note for note in found.notes)
    stack = Stack([Layer(kind="project", table=found.table), Layer(kind="user", table=table)])
    assert stack.settings is not None
    for origin in stack.origins():
        assert origin.source


def test_a_key_in_a_wrong_place_is_not_shown():
    with pytest.raises(SettingsError) as caught:
        Text(f'default = ["{KEY}"]\n').table()
    assert KEY[:20] not in str(caught.value)
