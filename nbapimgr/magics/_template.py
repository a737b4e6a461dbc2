"""Fills the `{{ expression }}` of a prompt, once: what is put in is never looked at again.

Only `{{ }}` means anything; `{}`, `$`, `{% %}` and `{# #}` are the user's text, and `${{ }}`, which
is GitHub's, stays as it is. An expression is evaluated by jinja2 over the notebook's variables:
Python's operators, calls, attributes and subscripts, and jinja2's filters with those of
`_filters.py`. It cannot reach names with two underscores in front.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from nbapimgr.errors import NbApiMgrError, PromptError, nearest
from nbapimgr.magics._filters import filters
from nbapimgr.magics._shown import shown
from nbapimgr.magics._words import balanced
from nbapimgr.models import Image, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jinja2.sandbox import SandboxedEnvironment

    from nbapimgr.models import Content

__all__ = ["render", "render_text"]

_RAW: Final = "to send {{ }} as it is: --raw"
_BUILTINS: Final = (abs, all, any, bool, dict, enumerate, float, int, len, list, max, min, range,
                    repr, round, set, sorted, str, sum, tuple, zip)  # fmt: skip


class _Expression(NamedTuple):
    text: str
    line: int


def render(source: str, namespace: Mapping[str, Any]) -> tuple[Content, ...]:
    """The prompt with its expressions filled in, pictures where they stood.

    Args:
        source: The prompt as it was written.
        namespace: The variables of the notebook.

    Raises:
        PromptError: An expression is none, names what does not exist, fails, or gives something
            without a text; or nothing is left to ask.
    """
    parts: list[Text | Image] = []
    for piece in _pieces(source):
        value = piece if isinstance(piece, str) else _fill(piece, namespace)
        if isinstance(value, Image):
            parts.append(value)
        elif parts and isinstance(parts[-1], Text):
            parts[-1] = Text(text=parts[-1].text + value)
        elif value:
            parts.append(Text(text=value))
    if not any(isinstance(part, Image) or part.text.strip() for part in parts):
        raise PromptError("the prompt is empty once its {{ }} are filled in")
    return tuple(parts)


def render_text(source: str, namespace: Mapping[str, Any]) -> str:
    """The value of an option with its expressions filled in.

    Raises:
        PromptError: As for `render`, and where a picture stands in it.
    """
    text = ""
    for piece in _pieces(source):
        value = piece if isinstance(piece, str) else _fill(piece, namespace)
        if isinstance(value, Image):
            raise PromptError(f"{source!r}: a picture cannot be the value of an option")
        text += value
    return text


def _pieces(source: str) -> Iterator[str | _Expression]:
    at = 0
    while (start := source.find("{{", at)) >= 0:
        line = source.count("\n", 0, start) + 1
        end = balanced(source, start)
        if source[start - 1 : start] == "$":
            end = max(end, start + 2)
            yield source[at:end]
        else:
            if end < 0 or not source.startswith("}}", end - 2):
                excerpt = " ".join(source[start : start + 40].split())
                raise PromptError(f"line {line}: no expression: {excerpt}", hint=_RAW)
            yield source[at:start]
            yield _Expression(source[start + 2 : end - 2].strip(), line)
        at = end
    yield source[at:]


def _fill(expression: _Expression, namespace: Mapping[str, Any]) -> str | Image:
    """The value of an expression as it stands in the prompt.

    The error is raised outside the `except` block: what the user's code raised may be a group, and
    IPython would show that in place of the message.
    """
    from jinja2 import TemplateSyntaxError, Undefined, UndefinedError
    from jinja2.exceptions import SecurityError

    where = f"{{{{ {expression.text} }}}}"
    if expression.line > 1:
        where = f"line {expression.line}: {where}"
    try:
        value = _environment(namespace).compile_expression(
            expression.text, undefined_to_none=False
        )(dict(namespace))
        if isinstance(value, Undefined):
            value._fail_with_undefined_error()  # noqa: SLF001  # jinja2 has no other way to ask
        return shown(value, expression.text, namespace)
    except NbApiMgrError:
        raise
    except TemplateSyntaxError as e:
        problem, hint = f"is no expression: {e.message}", _RAW
    except UndefinedError as e:
        problem, hint = _undefined(str(e), namespace)
    except SecurityError as e:
        problem, hint = f"is not allowed: {e}", ""
    except Exception as e:  # noqa: BLE001  # the user's own code, called from the prompt
        problem, hint = f"fails: {type(e).__name__}: {e}", ""
    raise PromptError(f"{where} {problem}", hint=hint)


def _environment(namespace: Mapping[str, Any]) -> SandboxedEnvironment:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    class Environment(SandboxedEnvironment):
        """jinja2's sandbox, but names with one underscore are the user's own."""

        def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:  # noqa: ARG002  # jinja2's signature
            return not attr.startswith("__")

    environment = Environment(undefined=StrictUndefined)
    environment.globals = {builtin.__name__: builtin for builtin in _BUILTINS}
    environment.filters.update(filters(namespace))
    return environment


def _undefined(message: str, namespace: Mapping[str, Any]) -> tuple[str, str]:
    """What is missing, and the names that look like it."""
    found = re.fullmatch(r"'(\w+)' is undefined", message)
    if not found:
        return f"fails: {message}", ""
    close = nearest(found[1], (name for name in namespace if not name.startswith("_")))
    meant = f"did you mean {', '.join(close)}? " if close else ""
    return f"names {found[1]!r}, which is not defined", f"{meant}{_RAW[0].upper()}{_RAW[1:]}"
