"""A model file as a provider: one keyword, the last to be asked."""

from __future__ import annotations

import pytest

from nbapimgr import OptionError, Settings
from nbapimgr.manager import Manager


@pytest.fixture
def llm(home):
    manager = Manager(home, settings=Settings())
    yield manager
    manager.close()


def test_a_file_is_all_it_takes(llm, tmp_path):
    gguf = tmp_path / "tiny-q4.gguf"
    gguf.write_bytes(b"GGUF")
    added = llm.providers.add("local", gguf=gguf)
    assert (added.models, added.keyless, added.dialect) == (("tiny-q4",), True, "openai-chat")
    assert added.options == {"gguf": str(gguf)}
    assert llm.plan(llm.request("hi")[0]).candidates[0].model == "tiny-q4"


def test_it_is_asked_after_all_others(llm, tmp_path):
    gguf = tmp_path / "tiny.gguf"
    gguf.write_bytes(b"GGUF")
    llm.providers.add("local", gguf=gguf)
    llm.providers.add("other", base_url="http://127.0.0.1:9/v1", models="m", priority=500)
    names = [c.provider.name for c in llm.plan(llm.request("hi")[0]).candidates]
    assert names == ["other", "local"]


def test_what_is_said_besides_wins(llm, tmp_path):
    gguf = tmp_path / "tiny.gguf"
    gguf.write_bytes(b"GGUF")
    added = llm.providers.add(
        "mine", gguf=gguf, models=["alias"], priority=1, options={"context": 512}
    )
    assert (added.models, added.priority) == (("alias",), 1)
    assert added.options["context"] == 512


def test_a_file_that_is_not_there_is_named(llm, tmp_path):
    with pytest.raises(OptionError, match=r"no model file '.*missing\.gguf'"):
        llm.providers.add("local", gguf=tmp_path / "missing.gguf")
    assert not llm.providers
