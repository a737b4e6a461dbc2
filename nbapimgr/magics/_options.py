"""The options and commands of the magics as data: one table to parse, complete and explain them."""

from __future__ import annotations

from typing import Any, Literal, get_args

import msgspec

__all__ = [
    "COMMANDS",
    "FORMATS",
    "HELP",
    "OPTIONS",
    "RECORDINGS",
    "Command",
    "Format",
    "Option",
    "Recording",
    "find",
]

Format = Literal["md", "text", "code", "json", "none"]
Recording = Literal["cache", "refresh", "replay", "record"]
FORMATS: tuple[Format, ...] = get_args(Format)
RECORDINGS: tuple[Recording, ...] = get_args(Recording)

_EFFORTS = ("none", "minimal", "low", "medium", "high")

Kind = Literal["flag", "text", "names", "number", "integer", "choice", "pair", "variable"]


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """One option: how it is written, what its value is, what it means.

    `kind` says how the value is read: `names` is a comma list that may be repeated, `pair` is
    `K=V` and may be repeated, `variable` is the name of a Python variable.
    """

    name: str
    """The long spelling without its dashes."""
    help: str
    kind: Kind = "flag"
    metavar: str = ""
    short: str = ""
    """The one-letter spelling without its dash; empty when there is none."""
    choices: tuple[str, ...] = ()
    repeat: bool = False

    @property
    def spelling(self) -> str:
        """How it is written, with its value: `-m, --model ROUTE`."""
        names = f"-{self.short}, --{self.name}" if self.short else f"--{self.name}"
        return f"{names} {self.metavar}".rstrip()


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One `%llm` command. `most` counts its plain words; the first may be one of `choices`."""

    name: str
    help: str
    usage: str = ""
    most: int = 0
    choices: tuple[str, ...] = ()
    then: tuple[str, ...] = ()
    """What may follow a choice and a provider."""
    options: tuple[Option, ...] = ()


def _text(name: str, metavar: str, meaning: str, **more: Any) -> Option:
    return Option(**{"name": name, "metavar": metavar, "help": meaning, "kind": "text", **more})


HELP = Option(name="help", short="h", help="this help")

OPTIONS: tuple[Option, ...] = (
    _text(
        "model",
        "ROUTE",
        "who answers; again or with commas: the fallback order",
        short="m",
        kind="names",
        repeat=True,
    ),
    _text("system", "TEXT", "the system prompt", short="s"),
    _text(
        "option",
        "K=V",
        "a field sent to the provider as it is; V is read as JSON where it is JSON",
        short="o",
        kind="pair",
        repeat=True,
    ),
    _text("temperature", "NUMBER", "randomness of the answer", kind="number"),
    _text("top-p", "NUMBER", "share of the likeliest words the model chooses from", kind="number"),
    _text("max-tokens", "N", "longest answer, in tokens", kind="integer"),
    _text(
        "seed",
        "N",
        "the same seed, where the provider keeps to it, gives the same answer",
        kind="integer",
    ),
    _text("stop", "TEXT", "the answer ends before this text", repeat=True),
    _text(
        "reasoning", "EFFORT", "how long a reasoning model thinks", kind="choice", choices=_EFFORTS
    ),
    _text("format", "FORMAT", "how the answer is shown", short="f", kind="choice", choices=FORMATS),
    _text("out", "NAME", "keep the answer in this variable too", kind="variable"),
    _text("attach", "X", "a picture or data: a path, a URL or a variable", short="a", repeat=True),
    _text("schema", "S", "the answer's shape: a type, a JSON schema or 'name, age int'"),
    Option(name="many", help="with --schema: a list of that shape"),
    _text("timeout", "SECONDS", "longest the cell may take, fallbacks included", kind="number"),
    Option(name="no-fallback", help="only the first candidate is asked"),
    _text("only", "PROVIDERS", "ask nobody but these", kind="names", repeat=True),
    _text("exclude", "PROVIDERS", "do not ask these", kind="names", repeat=True),
    Option(name="cache", help="answer from the recordings where the question was asked before"),
    Option(name="refresh", help="ask again and replace the recording"),
    Option(name="replay", help="answer from the recordings only: no key, no network"),
    Option(name="record", help="ask, and keep the answer beside the notebook"),
    Option(name="dry-run", short="n", help="show what would be sent to whom; send nothing"),
    Option(name="no-stream", help="show the answer when it is complete"),
    Option(name="quiet", short="q", help="no footer under the answer"),
    Option(name="raw", help="leave {{ }} in the prompt as it is"),
    HELP,
)

COMMANDS: tuple[Command, ...] = (
    Command(name="status", help="who would answer, and how things stand (also plain %llm)"),
    Command(name="help", usage="[TOPIC]", most=1, help="this help, or that of a command or option"),
    Command(name="ask", usage="TEXT", help="ask, whatever the first word is"),
    Command(name="use", usage="ROUTE [--save]", most=1,
            help="the route of this notebook from now on",
            options=(Option(name="save", help="also in later notebooks"),)),
    Command(name="models", most=1,
            usage="[PROVIDER] [-q TEXT] [--usable --vision --tools --schema]",
            help="the models there are, usable ones first",
            options=(
                _text("query", "TEXT", "only models with this in their name", short="q"),
                Option(name="usable", help="only models that can answer now"),
                Option(name="vision", help="only models that read pictures"),
                Option(name="tools", help="only models that call tools"),
                Option(name="schema", help="only models that keep to a schema"),
            )),
    Command(name="providers", help="the providers, in the order they are tried"),
    Command(name="keys", usage="[ACTION [PROVIDER [ALIAS]]]", most=3,
            choices=("set", "add", "spare", "list", "test", "activate", "use", "rotate", "rm",
                     "undo", "confirm", "status", "setup", "unlock", "repair", "rewrap",
                     "export", "import"),
            help="where each key comes from; set, test, rotate, rm, undo, …; never the key"),
    Command(name="usage", usage="[--by WHAT] [--since 7d]",
            help="what was asked, who answered, what it cost",
            options=(
                _text("by", "WHAT", "one row for each of these", kind="choice",
                      choices=("provider", "model", "day", "cell")),
                _text("since", "AGE", "how far back, e.g. 12h, 7d"),
            )),
    Command(name="last", help="the last answer, once more"),
    Command(name="trace", help="every attempt of the last question"),
    Command(name="errors", usage="[report] [--since 7d] [--by WHAT]", most=1, choices=("report",),
            help="what failed, who answered instead, what was lost; or a report to paste",
            options=(
                _text("by", "WHAT", "one row for each of these", kind="choice",
                      choices=("class", "provider")),
                _text("since", "AGE", "how far back, e.g. 12h, 7d"),
            )),
    Command(name="fix", usage="[ROUTE] [options] [TEXT]",
            help="ask about the last exception, with its traceback and its cell"),
    Command(name="reset", usage="[PROVIDER]", most=1,
            help="ask who was left alone after failures again from now on"),
    Command(name="why", usage="[ROUTE]", most=1, help="who would be asked, in what order, and why"),
    Command(name="mode", usage="[live|record|replay]", most=1, choices=("live", "record", "replay"),
            help="where answers come from"),
    Command(name="panel", help="the settings panel: providers, keys, order and limits"),
    Command(name="doctor", usage="[--scan]", help="look for what is wrong, and say what to do",
            options=(Option(name="scan", help="look for keys in notebooks and histories, too"),)),
    Command(name="version", help="the versions that matter in a bug report"),
    Command(name="local", usage="[FILE.gguf]", most=1,
            help="a model on this machine that answers offline: a file, or a small one is fetched"),
    Command(name="demo", usage="[break PROVIDER HOW]", most=3, choices=("break",),
            then=("stream", "cut", "garbled", "silent", "mute", "slow", "empty", "down", "error",
                  "limit", "quota", "auth", "gone", "mend"),
            help="rehearsal providers and a small real model, without any key"),
)  # fmt: skip


def find(word: str, options: tuple[Option, ...] = OPTIONS) -> Option | None:
    """The option that `word` (`--model`, `-m`) spells, None when none does."""
    for option in options:
        if word == f"--{option.name}" or (option.short and word == f"-{option.short}"):
            return option
    return None
