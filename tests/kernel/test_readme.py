"""Every example of the README runs, in its order, in a real kernel."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from nbapimgr.models import Provider
from nbapimgr.settings import Settings, places, save
from tests.engine.faultserver import FaultServer, whole

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```(ipython|python)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


@pytest.fixture
def readers_kernel(start, home, rehearsal):
    """A kernel with the providers that the README names, which stand for real ones."""
    rehearsed = [
        msgspec.structs.replace(provider, name=provider.dialect) for provider in rehearsal.providers
    ]
    with FaultServer() as server:
        server.script(whole('{"name": "Ada", "age": 36}'))
        shaped = Provider(
            name="openai",
            dialect="openai-chat",
            base_url=server.url,
            models=("m",),
            priority=90,
            keyless=True,
        )
        save(places(home).settings, Settings(providers=(*rehearsed, shaped)))
        yield start()


def test_the_examples_run(readers_kernel):
    said = {}
    for _, code in EXAMPLES:
        ran = readers_kernel.run(code.rstrip("\n")).ok()
        said[code.split("\n")[0]] = ran.stdout + repr(ran.outputs())
    assert len(said) == len(EXAMPLES)
    assert "This answer is rehearsed" in said["%%llm"]
    assert (
        "gemini"
        in said["answer.text, answer.provider, answer.usage.output_tokens, answer.cost.amount"]
    )
    assert "Ada" in said["person.data, person.df"]
    assert "nothing is sent" in said["%%llm --dry-run"]
    assert "anthropic" in said["%llm trace"]
    assert "network.refused" in said["import nbapimgr"]
    assert "network.refused" in said["%llm errors"]
    assert "No key is known" in said["%llm keys"]


def test_the_first_three_lines_say_what_it_is_and_two_commands_follow():
    lines = [line for line in README.splitlines() if line]
    assert lines[0] == "# nbapimgr"
    assert all(not line.startswith(("#", "`", "!")) for line in lines[1:4])
    shell = re.findall(r"^```bash\n(.*?)\n```$", README, re.MULTILINE | re.DOTALL)
    assert shell == ['python -m pip install ".[demo]" && nbapimgr demo', "bash tests/run"]
    assert README.index("bash tests/run") < README.index("![")


def test_the_readme_has_examples():
    kinds = [kind for kind, _ in EXAMPLES]
    assert kinds.count("ipython") > 8
    assert "python" in kinds
