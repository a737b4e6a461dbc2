"""Bytes of files that others wrote -> plain data, within bounds and without a surprise."""

from __future__ import annotations

import re
import tomllib
from typing import Any, Final

import msgspec

from nbapimgr.errors import MissingExtra
from nbapimgr.imports._found import Malformed

__all__ = ["LARGEST", "dotenv", "json_of", "table", "text", "texts", "toml_of", "yaml_of"]

LARGEST: Final = 16_000_000
"""Bytes of a file that is read at all: `~/.claude.json` keeps a history and grows."""
_LARGEST_YAML: Final = 262_144
"""PyYAML reads some 100 kB a second; a configuration has a few kB."""
_PAIRS: Final = 10_000
"""Pairs of one mapping after its merges: `<<` of aliases of aliases multiplies them."""
_LINE: Final = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.]*)\s*=\s*(.*?)\s*")
_QUOTED: Final = re.compile(r"'([^']*)'|\"((?:[^\"\\]|\\.)*)\"")


def text(data: bytes) -> str:
    """The text.

    Raises:
        Malformed: It is none.
    """
    try:
        said = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Malformed("no text (UTF-8)") from None
    if "\0" in said:
        raise Malformed("no text")
    return said


def json_of(data: bytes) -> Any:
    """What JSON says.

    Raises:
        Malformed: It is none.
    """
    try:
        return msgspec.json.decode(text(data))
    except (msgspec.DecodeError, RecursionError) as e:
        raise Malformed(f"not valid JSON: {_reason(e)}") from None


def toml_of(data: bytes) -> dict[str, Any]:
    """What TOML says.

    Raises:
        Malformed: It is none.
    """
    try:
        return tomllib.loads(text(data))
    except (ValueError, RecursionError) as e:
        raise Malformed(f"not valid TOML: {_reason(e)}") from None


def yaml_of(data: bytes) -> Any:
    """What YAML says: plain data alone, no tags that make objects.

    Raises:
        Malformed: It is none, or is too large.
        MissingExtra: PyYAML is not installed.
    """
    if len(data) > _LARGEST_YAML:
        raise Malformed(f"larger than {_LARGEST_YAML:,} bytes")
    try:
        import yaml
    except ImportError:
        hint = "pip install 'nbapimgr[import]'"
        raise MissingExtra("YAML files are read with PyYAML", hint=hint) from None

    class Loader(yaml.SafeLoader):  # type: ignore[misc]  # no stubs shipped
        def flatten_mapping(self, node: yaml.MappingNode) -> None:
            super().flatten_mapping(node)
            if len(node.value) > _PAIRS:
                raise yaml.YAMLError("too many merged keys")

    try:
        return yaml.load(text(data), Loader)  # noqa: S506  # a SafeLoader with one more bound
    except (yaml.YAMLError, ValueError, TypeError, RecursionError, AttributeError) as e:
        raise Malformed(f"not valid YAML: {_reason(e)}") from None


def dotenv(data: bytes) -> dict[str, str]:
    """The variables of a `.env` file; lines that set none are passed over, nothing is expanded.

    Raises:
        Malformed: It is no text.
    """
    found: dict[str, str] = {}
    for line in text(data).splitlines():
        match = _LINE.fullmatch(line)
        if not match:
            continue
        name, value = match.groups()
        if quoted := _QUOTED.match(value):
            value = quoted[1] if quoted[1] is not None else re.sub(r"\\(.)", r"\1", quoted[2] or "")
        else:
            value = re.split(r"(?:^|\s)#", value, maxsplit=1)[0].strip()
        found[name] = value
    return found


def table(value: Any) -> dict[str, Any]:
    """The value, if it is a table with names; else an empty one."""
    return {k: v for k, v in value.items() if isinstance(k, str)} if isinstance(value, dict) else {}


def texts(value: Any) -> list[str]:
    """A text, or the texts in a list; nothing of anything else."""
    if isinstance(value, str):
        return [value]
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _reason(error: Exception) -> str:
    """Where it is wrong, and never what stands there: it may be a key."""
    if isinstance(error, RecursionError):
        return "nested too deeply"
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        return f"line {mark.line + 1}"
    found = re.search(r"line (\d+)|byte (\d+)", str(error))
    return found[0] if found else "it breaks off" if "truncated" in str(error) else "malformed"
