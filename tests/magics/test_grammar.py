"""What a line and a body of the magic mean."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbapimgr.errors import NbApiMgrError, OptionError, PromptError
from nbapimgr.magics._asks import Ask, Command
from nbapimgr.magics._grammar import parse
from nbapimgr.magics._options import COMMANDS, OPTIONS

KNOWN = {"fast", "local", "openai", "openai:gpt-5", "mine:m"}


def ask(line, body=None, **options):
    found = parse(line, body, known_routes=KNOWN, **options)
    assert isinstance(found, Ask)
    return found


def refused(line, body=None, **options):
    with pytest.raises(NbApiMgrError) as caught:
        parse(line, body, known_routes=KNOWN, **options)
    assert "\n" not in str(caught.value)
    assert caught.value.hint.count("\n") <= 1  # what was meant, and how to ask it after all
    return caught.value


class TestCell:
    def test_the_body_is_the_prompt_as_it_stands(self):
        body = 'It\'s {"a": 1}, $5, {% x %} -m fast\n  # heading\n'
        assert ask("", body) == Ask(prompt=body.strip("\n"))

    def test_one_plain_word_is_the_route(self):
        assert ask("anything:at/all", "hi").route == "anything:at/all"
        assert ask("-q fast --raw", "hi") == Ask(prompt="hi", route="fast", quiet=True, raw=True)

    def test_marks_of_nbval_are_no_part_of_the_prompt(self):
        body = "# NBVAL_IGNORE_OUTPUT\nhi\n  # NBVAL_SKIP  \n# NBVAL is a tool\nyou\n# NBVAL_SKIP"
        assert ask("", body).prompt == "hi\n# NBVAL is a tool\nyou"

    @pytest.mark.parametrize("body", ["", "\n \n", "# NBVAL_SKIP\n"])
    def test_an_empty_body_asks_nothing(self, body):
        error = refused("fast", body)
        assert isinstance(error, PromptError)
        assert str(error) == "the cell asks nothing"

    def test_words_behind_the_route_belong_below(self):
        error = refused("fast what is it?", "hi")
        assert "takes one route, and 'what' follows 'fast'" in str(error)
        assert error.hint.endswith("in one line: %llm fast what is it?")
        assert refused("fast " + "long " * 40, "hi").hint.endswith("…")

    def test_a_command_wants_one_percent_sign(self):
        error = refused("models openai", "hi")
        assert str(error) == "'models' is a command, not a route"
        assert error.hint == "in one line, with one %: %llm models openai"

    def test_a_route_may_be_named_like_a_command(self):
        found = parse("last", "hi", known_routes={"last"})
        assert found == Ask(prompt="hi", route="last")

    @pytest.mark.parametrize("line", ["-h", "fast --help", "models -h"])
    def test_help_needs_no_prompt(self, line):
        assert parse(line, "", known_routes=KNOWN) == Command(name="help")


class TestLine:
    def test_nothing_is_the_status(self):
        assert parse("  ", None) == Command(name="status")

    @pytest.mark.parametrize(
        "line",
        [
            "what's a monad, it's -m fast --help?",
            'say "hi" to me',
            "你好吗",
            "2+2",
            "-5 degrees in Fahrenheit",
            "1 << 3 is what",
            "Models are what?",
            "unknown:model is prose",
            "openai:  is prose",
        ],
    )
    def test_prose_is_the_prompt_as_it_stands(self, line):
        assert ask(line) == Ask(prompt=line)

    @pytest.mark.parametrize(
        "route", ["fast", "openai", "openai:gpt-5", "openai:other", "openai/x/y", "fast,mine:m"]
    )
    def test_a_first_word_that_is_a_known_route_is_one(self, route):
        assert ask(f"{route}  why's that?") == Ask(prompt="why's that?", route=route)

    @pytest.mark.parametrize("word", ["fast,", "openai:", "fast,other", "other/model"])
    def test_a_first_word_that_is_none_is_prose(self, word):
        assert ask(f"{word} and so on").prompt == f"{word} and so on"

    def test_options_stand_before_the_text(self):
        assert ask("-f text fast -q hi -n") == Ask(
            prompt="hi -n", route="fast", format="text", quiet=True
        )

    def test_with_a_model_the_first_word_is_prose(self):
        assert ask("-m mine:m fast food") == Ask(prompt="fast food", route="mine:m")
        assert ask("-m mine:m fast").prompt == "fast"

    def test_two_dashes_begin_the_text(self):
        assert ask("-- models") == Ask(prompt="models")
        assert ask("-q fast --  -m x ") == Ask(prompt="-m x", route="fast", quiet=True)
        assert ask("--  ask me").prompt == "ask me"

    def test_ask_begins_a_question(self):
        assert ask("ask models") == Ask(prompt="models")
        assert ask("ask fast why?") == Ask(prompt="why?", route="fast")

    @pytest.mark.parametrize(
        ("line", "hint"),
        [
            ("modles", "did you mean %llm models?\nto ask it: %llm ask modles"),
            ("why?", "did you mean %llm why?\nto ask it: %llm ask why?"),
            ("Hello!", "did you mean %llm help?\nto ask it: %llm ask Hello!"),
            ("xyzzy", "to ask it: %llm ask xyzzy"),
            ("unknown:model", "to ask it: %llm ask unknown:model"),
        ],
    )
    def test_a_single_word_is_never_a_paid_call(self, line, hint):
        error = refused(line)
        assert isinstance(error, OptionError)
        assert str(error) == f"no command {line!r}"
        assert error.hint == hint

    @pytest.mark.parametrize("line", ["fast", "openai:gpt-5"])
    def test_a_route_alone_asks_nothing(self, line):
        error = refused(line)
        assert isinstance(error, PromptError)
        assert error.hint.startswith(f"%llm {line} your question")

    @pytest.mark.parametrize("line", ["-q", "ask", "x <<", "--", "-m fast", "ask -q --"])
    def test_options_alone_ask_nothing(self, line):
        assert str(refused(line)) == "nothing is asked"

    @pytest.mark.parametrize("line", ["-h", "--help", "fast -h", "ask --help me"])
    def test_help(self, line):
        assert parse(line, None, known_routes=KNOWN) == Command(name="help")


class TestSaving:
    @pytest.mark.parametrize(
        ("line", "name", "show"),
        [
            ("x << hi", "x", False),
            ("x<< hi", "x", False),
            ("x= << hi", "x", True),
            ("x = << hi", "x", True),
            ("x =<< hi", "x", True),
            ("größe << hi", "größe", False),
        ],
    )
    def test_a_name_in_front_keeps_the_answer(self, line, name, show):
        assert ask(line) == Ask(prompt="hi", save=(name,), show=show)
        assert ask(line.removesuffix("hi"), "hi") == ask(line)

    def test_out_keeps_it_too(self):
        assert ask("--out y hi") == Ask(prompt="hi", save=("y",))
        assert ask("x << --out=y fast", "hi") == Ask(
            prompt="hi", save=("x", "y"), show=False, route="fast"
        )

    def test_a_name_in_front_makes_a_command_a_question(self):
        assert ask("x << models").prompt == "models"

    @pytest.mark.parametrize("line", ["x.y << hi", "1x << hi", "x <<hi there"])
    def test_other_shifts_are_prose(self, line):
        assert ask(line).prompt == line

    @pytest.mark.parametrize("line", ["class << hi", "--out a.b hi", "--out for hi"])
    def test_what_is_no_variable_is_refused(self, line):
        assert "needs the name of a variable" in str(refused(line))


class TestOptions:
    def test_every_option_is_understood(self):
        line = (
            "-m a,b --model=c -s 'be brief' -o top_k=4 --temperature 0.5 --top-p=.9 --max-tokens 9 "
            '--seed -7 --stop "\\n" --stop END --reasoning low -f text --out v -a x.png -a fig '
            "--schema 'name, age int' --many --timeout 30 --no-fallback --only p,q --exclude r "
            "--record -n --no-stream -q --raw fast"
        )
        assert ask(line, "hi") == Ask(
            prompt="hi", save=("v",), route="fast,a,b,c", system="be brief", extra={"top_k": 4},
            temperature=0.5, top_p=0.9, max_tokens=9, seed=-7, stop=("\n", "END"), reasoning="low",
            format="text", attach=("x.png", "fig"), schema="name, age int", many=True, timeout=30.0,
            fallback=False, only=("p", "q"), exclude=("r",), recording="record", dry_run=True,
            stream=False, quiet=True, raw=True,
        )  # fmt: skip

    @pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
    def test_every_option_reaches_the_question(self, option):
        if option.name in {"help", "many"}:
            return
        value = {"number": "1", "integer": "1", "pair": "k=1"}.get(option.kind, "x")
        value = option.choices[0] if option.choices else value
        flag = option.kind == "flag"
        long, short = (f"{dash} {'' if flag else value}" for dash in (
            f"--{option.name}", f"-{option.short or '-' + option.name}"))  # fmt: skip
        assert ask(long, "hi") == ask(short, "hi")
        changed = ask(long, "hi") != Ask(prompt="hi")
        assert changed or value == "md"

    @pytest.mark.parametrize("name", ["cache", "refresh", "replay", "record"])
    def test_where_the_answer_comes_from(self, name):
        assert ask(f"--{name}", "hi").recording == name

    def test_an_answer_with_a_schema_is_shown_as_json(self):
        assert ask("--schema P", "hi").format == "json"
        assert ask("--schema P -f md", "hi").format == "md"

    @pytest.mark.parametrize(
        ("given", "value"),
        [
            ("5", 5), ("0.5", 0.5), ("true", True), ("null", None), ("text", "text"),
            ('{"a": [1, 2]}', {"a": [1, 2]}), ("[1, 2]", [1, 2]), ("{'a': 'b c'}", {"a": "b c"}),
            ("True", True), ("None", None), ("(1,2)", (1, 2)), ('"5"', "5"), ("'it is'", "it is"),
            ("{'a' 1}", "{'a' 1}"), ("a=b", "a=b"), ("", ""),
        ],
    )  # fmt: skip
    def test_values_of_fields_are_json_where_they_are(self, given, value):
        assert ask(f"-o k={given}", "hi").extra == {"k": value}

    def test_a_pair_may_be_quoted_as_a_whole(self):
        assert ask("""-o 'k={"a": "b c"}' -o l=2""", "hi").extra == {"k": {"a": "b c"}, "l": 2}

    def test_a_field_with_an_option_of_its_own_is_that_option(self):
        found = ask("-o temperature=0.2 -o max_tokens=5 -o other=1", "hi")
        assert (found.temperature, found.max_tokens, found.extra) == (0.2, 5, {"other": 1})
        assert ask("--seed 1 -o seed=2", "hi").seed == 1

    @pytest.mark.parametrize(
        ("line", "message", "hint"),
        [
            ("--temprature 1", "no option --temprature", "did you mean --temperature?"),
            ("--temp=1", "no option --temp", "did you mean --temperature?"),
            ("-model a", "no option -model", "did you mean --model?"),
            ("-x", "no option -x", "%llm help lists the options"),
            ("--xyzzy", "no option --xyzzy", "%llm help lists the options"),
            ("--seed", "--seed needs N", "--seed N: the same seed"),
            ("-m -q", "-m needs ROUTE", "-m, --model ROUTE: who answers"),
            ("-s", "-s needs TEXT", "-s, --system TEXT: the system prompt"),
            ("--system=", "--system needs TEXT", "-s, --system TEXT"),
            ("-s ''", "-s needs TEXT, and what it got is empty", ""),
            ("-m ,", "--model needs ROUTE, not ','", ""),
            ("-q -q", "-q is given twice", ""),
            ("--seed 1 --seed 2", "--seed is given twice", ""),
            ("--quiet=yes", "--quiet takes no value", ""),
            ("--temperature hot", "--temperature needs a number, not 'hot'", ""),
            ("--timeout inf", "--timeout needs a number, not 'inf'", ""),
            ("--max-tokens 1.5", "--max-tokens needs a whole number, not '1.5'", ""),
            ("-o max_tokens=many", "--max-tokens needs a whole number, not 'many'", ""),
            ("-o top_k", "-o needs K=V, not 'top_k'", "for example: -o top_k=40"),
            ("-o =1", "-o needs K=V, not '=1'", "for example"),
            ("-f jsn", "--format cannot be 'jsn'", "did you mean json?"),
            ("-f xyzzy", "--format cannot be 'xyzzy'", "one of: md, text, code, json, none"),
            ("--cache --replay", "--cache and --replay exclude each other", ""),
            ("--many", "--many needs --schema", "for example"),
            ("-s 'abc", "the ' after -s is never closed", ""),
            ("-o k={1, 2", "the { after -o is never closed", ""),
        ],
    )
    def test_a_wrong_option_is_one_clear_line(self, line, message, hint):
        error = refused(line, "hi")
        assert isinstance(error, OptionError)
        assert str(error) == message
        assert error.hint.startswith(hint)
        assert bool(error.hint) == bool(hint)


class TestExpressions:
    def test_values_are_filled_in_before_they_are_read(self):
        filled = {"{{ t }}": "0.5", "{{ k }}": '{"a": 1}', "ro{{ a b }}": "role"}
        found = ask(
            "--temperature {{ t }} -o k={{ k }} -s ro{{ a b }}", "hi {{ t }}",
            expand=lambda text: filled.get(text, text),
        )  # fmt: skip
        assert (found.temperature, found.extra, found.system) == (0.5, {"k": {"a": 1}}, "role")
        assert found.prompt == "hi {{ t }}"

    def test_raw_leaves_them(self):
        def never(text):
            raise AssertionError(text)

        assert ask("-s {{ x }} --raw", "hi", expand=never).system == "{{ x }}"


class TestCommands:
    @pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
    def test_every_command_is_one(self, command):
        if command.name in {"ask", "fix"}:
            return
        assert parse(command.name, None) == Command(name=command.name)
        assert parse(f"{command.name} -h", None) == Command(name="help", words=(command.name,))

    @pytest.mark.parametrize(
        ("line", "command"),
        [
            ("use fast --save", Command(name="use", words=("fast",), options={"save": True})),
            ("use 'a b'", Command(name="use", words=("a b",))),
            ("keys set openai", Command(name="keys", words=("set", "openai"))),
            ("models openai -q 'gpt 5' --usable",
             Command(name="models", words=("openai",),
                     options={"query": "gpt 5", "usable": True})),
            ("usage --by day --since 7d",
             Command(name="usage", options={"by": "day", "since": "7d"})),
        ],
    )  # fmt: skip
    def test_words_and_options(self, line, command):
        assert parse(line, None) == command

    @pytest.mark.parametrize(
        ("line", "message", "hint"),
        [
            ("use the force", "it takes only ROUTE [--save], and 'force' follows", ""),
            ("last night I saw it", "it takes no words, and 'night' follows", ""),
            ("mode lve", "there is no 'lve'", "did you mean live?\n"),
            ("mode xyzzy", "there is no 'xyzzy'", "one of: live, record, replay\n"),
            ("models --usble", "no option --usble", "did you mean --usable?\n"),
            ("usage --by hour", "--by cannot be 'hour'", "one of: provider"),
            ("keys it's", 'there is no "it\'s"', "one of: "),
        ],
    )
    def test_what_makes_no_sense_might_be_a_question(self, line, message, hint):
        error = refused(line)
        assert isinstance(error, OptionError)
        assert str(error).startswith(f"%llm {line.split()[0]}: {message}")
        assert error.hint.startswith(hint)
        assert error.hint.endswith(f"to ask this as a question: %llm ask {line}")


LINES = st.lists(
    st.sampled_from(
        ["-m", "--temperature", "0.5", "-o", "k=1", "fast", "models", "ask", "--", "x", "<<", "x=",
         "it's", "'", '"', "{", "}", "{{", "}}", "--nope", "-h", ",", "=", "\\", "hi", "--raw"]
    ),
    max_size=8,
).map(" ".join)  # fmt: skip


@given(LINES | st.text(max_size=40), st.none() | st.sampled_from(["hi", "", "# NBVAL_SKIP"]))
def test_no_line_is_anything_but_a_question_a_command_or_an_error_of_ours(line, body):
    with contextlib.suppress(NbApiMgrError):
        found = parse(line, body, known_routes=KNOWN)
        assert isinstance(found, Command) or found.prompt.strip()
