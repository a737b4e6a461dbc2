"""What Tab offers, and where it keeps quiet."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbapimgr.magics._complete import complete
from nbapimgr.magics._options import COMMANDS, OPTIONS


class Person:
    name = "x"
    _own = "y"


NAMESPACE = {"doc": "text", "df": Person(), "Person": Person, "_hidden": 1, "_Own": Person}
ROUTES = ["fast", "free", "openai", "openrouter", "mine"]
MODELS = ["openai:gpt-5", "openai:gpt-5-mini", "openrouter:meta-llama/l3", "mine:m", "mine:gpt"]


def offers(line, full=None):
    found = complete(
        full or line, line, len(line), routes=ROUTES, models=MODELS, namespace=NAMESPACE
    )
    return found and (found.fragment, [text for text, _ in found.offers])


def kinds(line):
    found = complete(line, line, len(line), routes=ROUTES, models=MODELS, namespace=NAMESPACE)
    return {kind for _, kind in found.offers}


COMMAND_NAMES = sorted(command.name for command in COMMANDS)


@pytest.mark.parametrize(
    ("line", "fragment", "texts"),
    [
        # routes and commands
        ("%llm fa", "fa", ["fast"]),
        ("%llm mo", "mo", ["mode", "models"]),
        ("%llm m", "m", ["mode", "models", "mine"]),
        ("%llm ", "", [*COMMAND_NAMES, *sorted(ROUTES)]),
        ("%%llm f", "f", ["fast", "free"]),
        ("%%llm mod", "mod", []),
        ("x = %llm fa", "fa", ["fast"]),
        ("%nbllm fa", "fa", ["fast"]),
        ("%%nbllm f", "f", ["fast", "free"]),
        ("x << fa", None, None),
        ("%llm x << fa", "fa", ["fast"]),
        ("%%llm x= << fa", "fa", ["fast"]),
        ("%llm openai:g", "openai:g", ["openai:gpt-5", "openai:gpt-5-mini"]),
        ("%llm openrouter/meta-l", "openrouter/meta-l", ["openrouter/meta-llama/l3"]),
        ("%llm openrouter:meta-llama/", "openrouter:meta-llama/", ["openrouter:meta-llama/l3"]),
        ("%llm nobody/", "nobody/", []),
        ("%llm demo ", "", ["break"]),
        ("%llm demo break o", "o", ["openai", "openrouter"]),
        ("%llm demo break openai st", "st", ["stream"]),
        ("%llm demo break openai stream ", "", []),
        ("%%llm fast,openai:gpt-5-", "openai:gpt-5-", ["openai:gpt-5-mini"]),
        ("%llm openai", "openai", ["openai"]),
        ("%%llm fast ", "", []),
        ("%llm fast what is op", "", []),
        ("%llm ask fa", "fa", ["fast"]),
        ("%llm ask mod", "mod", []),
        # options
        ("%llm --mo", "--mo", ["--model"]),
        ("%%llm fast --t", "--t", ["--temperature", "--timeout", "--top-p"]),
        ("%%llm --timeout 3 --t", "--t", ["--temperature", "--top-p"]),
        ("%%llm --stop a --st", "--st", ["--stop"]),
        ("%%llm -s x --sy", "--sy", []),
        ("%%llm --raw f", "f", ["fast", "free"]),
        # values
        ("%llm -f j", "j", ["json"]),
        ("%llm --format=", "", ["code", "json", "md", "none", "text"]),
        ("%llm --nope=", "", []),
        ("%llm -m fr", "fr", ["free"]),
        ("%llm --model=fast,mi", "mi", ["mine"]),
        ("%llm --only mine,op", "op", ["openai", "openrouter"]),
        ("%llm --schema P", "P", ["Person"]),
        ("%llm --schema _", "_", ["_Own"]),
        ("%llm -a d", "d", ["df", "doc"]),
        ("%llm --reasoning ", "", ["high", "low", "medium", "minimal", "none"]),
        ("%llm -s x", "x", []),
        # commands
        ("%llm mode ", "", ["live", "record", "replay"]),
        ("%llm mode live ", "", []),
        ("%llm use mi", "mi", ["mine"]),
        ("%llm use --s", "--s", ["--save"]),
        ("%llm why fr", "fr", ["free"]),
        ("%llm help te", "te", ["temperature"]),
        (
            "%llm keys ",
            "",
            [
                "activate",
                "add",
                "confirm",
                "export",
                "import",
                "list",
                "repair",
                "rewrap",
                "rm",
                "rotate",
                "set",
                "setup",
                "spare",
                "status",
                "test",
                "undo",
                "unlock",
                "use",
            ],
        ),
        ("%llm keys set m", "m", ["mine"]),
        ("%llm models op", "op", ["openai", "openrouter"]),
        ("%llm models -q x --u", "--u", ["--usable"]),
        ("%llm usage --by ", "", ["cell", "day", "model", "provider"]),
        ("%llm last ", "", []),
        # expressions
        ("%llm fast hi {{ do", "do", ["doc"]),
        ("%llm -s {{ do", "do", ["doc"]),
        ("%llm {{ doc }} fa", "", []),
        # not ours
        ("%llmx ", None, None),
        ("y = 5", None, None),
    ],
)
def test_offers(line, fragment, texts):
    assert offers(line) == (None if texts is None else (fragment, texts))


def test_all_options_are_offered():
    assert offers("%llm --")[1] == sorted(f"--{option.name}" for option in OPTIONS)


@pytest.mark.parametrize(
    ("line", "fragment", "texts"),
    [
        ("hello {{ d", "d", ["df", "doc"]),
        ("{{", "", ["Person", "df", "doc"]),
        ("{{ _h", "_h", ["_hidden"]),
        ("{{ doc }} d", "", []),
        ("{{ len(do", "do", ["doc"]),
        ("{{ df.", "", ["name"]),
        ("{{ df._o", "_o", ["_own"]),
        ("{{ nope.x", "x", []),
        ("{{ f(x).na", "", []),
        ("{{ 'do", "", []),
        ("{{ doc | c", "c", ["chars", "csv"]),
        ("{{ doc |", "", ["chars", "csv", "head", "json", "repr", "src"]),
        ("op", "", []),
        ("--mod", "", []),
    ],
)
@pytest.mark.parametrize("above", ["", "# comment\n\n  # more\n"])
def test_in_the_body_only_expressions_are_completed(line, fragment, texts, above):
    assert offers(line, f"{above}%%llm fast\nfirst\n{line}") == (fragment, texts)


def test_the_cursor_is_what_counts():
    found = complete("%llm fast hi", "%llm fast hi", len("%llm fa"), routes=ROUTES)
    assert found.offers == [("fast", "route")]


@pytest.mark.parametrize(
    ("line", "kind"),
    [("%llm sta", "command"), ("%llm fa", "route"), ("%llm openai:", "model"),
     ("%llm --mo", "option"), ("%llm -f ", "value"), ("%llm --only ", "provider"),
     ("%llm --schema ", "type"), ("%llm -a ", "variable"), ("%llm help te", "topic"),
     ("%llm {{ d", "variable"), ("%llm {{ df.n", "attribute"), ("%llm {{ d | c", "filter")],
)  # fmt: skip
def test_offers_say_what_they_are(line, kind):
    assert kinds(line) == {kind}


WORDS = st.sampled_from(
    [
        "%llm",
        "%%llm",
        "x =",
        "<<",
        "-m",
        "--only",
        "openai:",
        "{{",
        "}}",
        "d",
        ".",
        "|",
        "'",
        ",",
        "/",
    ]
)


@given(st.lists(WORDS).map(" ".join) | st.text(), st.integers(0, 20))
def test_every_offer_goes_on_with_what_was_typed(line, cursor):
    found = complete(line, line, cursor, routes=ROUTES, models=MODELS, namespace=NAMESPACE)
    for text, _ in found.offers if found else ():
        assert text.startswith(found.fragment)
        assert line[:cursor].endswith(found.fragment)
