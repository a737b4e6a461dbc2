"""What may stand at a place of a magic's line: options, their values, routes, commands' words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from nbapimgr.magics._options import COMMANDS, OPTIONS, find

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from nbapimgr.magics._options import Command, Option

__all__ = ["Completion", "Offers", "of_kind", "public"]

_COMMANDS = {command.name: command for command in COMMANDS}


class Completion(NamedTuple):
    """What may be completed."""

    fragment: str
    """The end of the text before the cursor that the offers may stand for."""
    offers: list[tuple[str, str]]
    """Each with its kind: option, value, route, model, provider, command, variable, …"""


class Offers:
    """Offers from what is known.

    Args:
        routes: The names of routes and providers.
        models: The models, as `provider:model`.
        namespace: The variables of the notebook.
    """

    def __init__(
        self, routes: Collection[str], models: Collection[str], namespace: Mapping[str, Any]
    ) -> None:
        self.routes = routes
        self.models = models
        self.namespace = namespace
        self.providers = {model.partition(":")[0] for model in models}

    def at(self, words: list[str], fragment: str, *, is_cell: bool) -> Completion:
        """What may stand where `fragment` begins, behind `words`."""
        command = None if is_cell or not words else _COMMANDS.get(words[0])
        if command is None:
            first = () if is_cell or words else tuple(_COMMANDS)
            return self._option(OPTIONS, words, fragment) or self._word(words, fragment, first)
        if command.name in {"ask", "fix"}:
            words = words[1:]
            return self._option(OPTIONS, words, fragment) or self._word(words, fragment, ())
        words = words[1:]
        found = self._option(command.options, words, fragment)
        return found or self._of_command(command, _plain(words, command.options), fragment)

    def route(self, fragment: str) -> Completion:
        """Routes, providers and models; of a comma list, for its last part."""
        part = fragment.rpartition(",")[2]
        offers = [(name, "route") for name in sorted(self.routes) if name.startswith(part)]
        shown = {name for name, _ in offers}
        models = sorted(self.models)
        if "/" in part and part.partition("/")[0] in self.providers:
            models = [model.replace(":", "/", 1) for model in models]
        if ":" in part or "/" in part or not offers:
            offers += [(n, "model") for n in models if n.startswith(part) and n not in shown]
        return Completion(part, offers)

    def _word(self, words: list[str], fragment: str, first: tuple[str, ...]) -> Completion:
        """A route, or a word of `first`; nothing once prose or a route has begun."""
        if _plain(words, OPTIONS):
            return Completion("", [])
        route = self.route(fragment)
        return Completion(route.fragment, of_kind("command", first, fragment).offers + route.offers)

    def _of_command(self, command: Command, plain: list[str], fragment: str) -> Completion:
        if len(plain) >= command.most:
            return Completion("", [])
        if command.name in {"use", "why"}:
            return self.route(fragment)
        if command.name == "help":
            return of_kind("topic", (*_COMMANDS, *(o.name for o in OPTIONS)), fragment)
        if command.choices and not plain:
            return of_kind("value", command.choices, fragment)
        if command.then and len(plain) == 2:  # noqa: PLR2004  # a choice and a provider
            return of_kind("value", command.then, fragment)
        return of_kind("provider", self.providers, fragment)

    def _option(
        self, table: tuple[Option, ...], words: list[str], fragment: str
    ) -> Completion | None:
        """Options, or values of the one that waits for one; None where neither can stand."""
        name, equals, begun = fragment.partition("=")
        waiting = find(words[-1], table) if words else None
        if waiting is not None and waiting.kind != "flag":
            return self._values(waiting, fragment)
        if not fragment.startswith("-"):
            return None
        option = find(name, table)
        if equals:
            return self._values(option, begun) if option else Completion("", [])
        given = {option.name for word in words if (option := find(word.partition("=")[0], table))}
        free = (f"--{o.name}" for o in table if o.repeat or o.name not in given)
        return of_kind("option", free, fragment)

    def _values(self, option: Option, fragment: str) -> Completion:
        match option.name:
            case "model":
                return self.route(fragment)
            case "only" | "exclude":
                return of_kind("provider", self.providers, fragment.rpartition(",")[2])
            case "schema":
                types = (name for name, value in self.namespace.items() if isinstance(value, type))
                return of_kind("type", public(types, fragment), fragment)
            case "attach":
                return of_kind("variable", public(self.namespace, fragment), fragment)
        return of_kind("value", option.choices, fragment)


def of_kind(kind: str, names: Iterable[str], fragment: str) -> Completion:
    """The names that begin with the fragment."""
    return Completion(fragment, [(n, kind) for n in sorted(names) if n.startswith(fragment)])


def public(names: Iterable[str], fragment: str) -> list[str]:
    """Names without an underscore in front, unless that is what was typed."""
    return [name for name in names if not name.startswith("_") or fragment.startswith("_")]


def _plain(words: list[str], table: tuple[Option, ...]) -> list[str]:
    """The words that are neither options nor their values."""
    plain, waiting = [], False
    for word in words:
        option = find(word.partition("=")[0], table)
        if option is None and not waiting:
            plain.append(word)
        waiting = option is not None and option.kind != "flag" and "=" not in word
    return plain
