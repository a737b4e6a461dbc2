"""`%llm help`, made from the same tables that parse the line."""

from __future__ import annotations

from nbapimgr.errors import UnknownName
from nbapimgr.magics._card import Card
from nbapimgr.magics._options import COMMANDS, OPTIONS, Option

__all__ = ["help_card"]


def help_card(topic: str | None = None) -> Card:
    """All there is, or one command or option.

    Raises:
        UnknownName: There is no such topic.
    """
    if topic is None:
        return _everything()
    name = topic.lstrip("-%")
    for command in COMMANDS:
        if command.name == name:
            lines = [f"%llm {command.name} {command.usage}".rstrip(), f"  {command.help}"]
            if command.then:
                lines.append(f"  HOW: {', '.join(command.then)}")
            return Card(lines + [_option(option) for option in command.options])
    for option in OPTIONS:
        if name in {option.name, option.short} and name:
            lines = [option.spelling, f"  {option.help}"]
            choices = f"  one of: {', '.join(option.choices)}"
            return Card([*lines, choices] if option.choices else lines)
    raise UnknownName(
        "help topic", topic, [*(c.name for c in COMMANDS), *(o.name for o in OPTIONS)]
    )


def _everything() -> Card:
    return Card(
        [
            "%%llm [ROUTE] [options]          the cell is the prompt; {{ expression }} is rendered",
            "NAME <<  or  NAME= <<            first on the line: keep the answer, show it or not",
            "x = %llm [options] text          one line",
            "%llm COMMAND                     the commands below",
            "",
            "ROUTE: a model, provider:model, a provider, an alias, or a,b,c in the order to try",
            "",
            "options",
            *(_option(option) for option in OPTIONS),
            "",
            "commands",
            *(f"  {c.name + ' ' + c.usage:<30} {c.help}" for c in COMMANDS),
        ]
    )


def _option(option: Option) -> str:
    return f"  {option.spelling:<30} {option.help}"
