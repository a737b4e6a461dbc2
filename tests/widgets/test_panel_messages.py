"""Only what the panel may ask is let in; of a wrong message the place is told, never the value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbapimgr.errors import OptionError
from nbapimgr.widgets._panel_messages import Hello, Save, id_of, read

KEY = "sk-canary-7d1f0a3c9e5b2468"


def test_what_the_page_sends_is_read():
    assert read({"id": "1", "kind": "hello"}) == Hello(id="1")
    save = read({"id": "2", "kind": "key.save", "provider": "openai", "entry": "e"})
    assert save == Save(
        id="2", provider="openai", entry="e", slot="default", vendor="", base_url=""
    )


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (None, "other fields"),
        ([], "other fields"),
        ("hello", "other fields"),
        ({}, "other fields"),
        ({"kind": "hello"}, "other fields"),
        ({"kind": KEY, "id": "1"}, "kind"),
        ({"kind": ["hello"], "id": "1"}, "kind"),
        ({"kind": "hello", "id": ""}, "id"),
        ({"kind": "hello", "id": "x" * 65}, "id"),
        ({"kind": "hello", "id": 7}, "id"),
        ({"kind": "hello", "id": "1", KEY: KEY}, "other fields"),
        ({"kind": "key.save", "id": "1", "provider": KEY * 10, "entry": "e"}, "provider"),
        ({"kind": "key.save", "id": "1", "provider": "", "entry": "e"}, "provider"),
        (
            {"kind": "key.save", "id": "1", "provider": "a", "entry": "e", "key": KEY},
            "other fields",
        ),
        ({"kind": "key.save", "id": "1", "provider": "a", "entry": "e", "slot": "env:A"}, "slot"),
        ({"kind": "provider.move", "id": "1", "provider": "a", "to": 0}, "to"),
        ({"kind": "provider.move", "id": "1", "provider": "a", "to": "1"}, "to"),
        ({"kind": "provider.move", "id": "1", "provider": "a", "to": 1.5}, "to"),
        ({"kind": "provider.update", "id": "1", "provider": "a", "enabled": 1}, "enabled"),
        ({"kind": "provider.update", "id": "1", "provider": "a", "models": "m"}, "models"),
        ({"kind": "provider.update", "id": "1", "provider": "a", "models": ["m"] * 201}, "models"),
        ({"kind": "provider.update", "id": "1", "provider": "a", "models": [""]}, "models[0]"),
        (
            {"kind": "provider.update", "id": "1", "provider": "a", "rate_limits": {KEY: -1}},
            "rate_limits[...]",
        ),
    ],
)
def test_what_is_no_message_is_refused_without_repeating_it(content, where):
    with pytest.raises(OptionError) as caught:
        read(content)
    assert str(caught.value).endswith(where)
    assert KEY not in str(caught.value) + repr(caught.value.__cause__)


def test_an_answer_finds_its_question_whatever_else_is_wrong():
    assert id_of({"id": "abc", "kind": "nonsense"}) == "abc"
    for wrong in (None, [], {}, {"id": 3}, {"id": "x" * 65}, {"id": ["a"]}):
        assert id_of(wrong) == ""


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


@given(anything, st.sampled_from(["hello", "key.save", "provider.update", "provider.move", "x"]))
def test_nothing_but_a_refusal_comes_of_nonsense(content, kind):
    tried = [content, {"id": "1", "kind": kind, "provider": content, "models": content}]
    for one in tried:
        try:
            read(one)
        except OptionError:
            continue
        assert one == {"id": "1", "kind": "hello"}


def test_a_list_in_itself_is_refused():
    inside = {"kind": "provider.update", "id": "1", "provider": "a"}
    inside["models"] = [inside]
    with pytest.raises(OptionError):
        read(inside)
