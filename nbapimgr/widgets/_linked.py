"""Makes one ES module of several, because a browser loads a widget's module from a blob URL.

From such an address no relative import resolves, so the modules are put one after the other, each
once and behind those it imports, without their `import` and `export` of each other. They stay real
modules for editors, type checkers and tests. Comments on lines of their own are for their readers
and stay behind: a widget's module is saved with every notebook that saves its widgets. What a
linker in twenty lines cannot do is an error: renamed and default imports, and two modules that use
one name at their top.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final

__all__ = ["linked", "static"]

_STATIC: Final = Path(__file__).parent / "static"
_IMPORT: Final = re.compile(
    r'^import \{\s*\w+(?:,\s*\w+)*,?\s*\} from "\./(?P<file>[\w.-]+)";\n', re.MULTILINE
)
_EXPORT: Final = re.compile(r"^export (?=(?:async )?(?:function|const|class)\b)", re.MULTILINE)
_LEFT: Final = re.compile(r"^(?:import\b|export (?!default\b)).*", re.MULTILINE)
_COMMENT: Final = re.compile(r"^[ \t]*/\*(?:(?!\*/).)*\*/[ \t]*\n", re.MULTILINE | re.DOTALL)
_TOP: Final = re.compile(
    r"^(?:export )?(?:async )?(?:function|const|let|class) (\w+)", re.MULTILINE
)


def static(name: str) -> str:
    """The text of a file that goes to the browser."""
    return (_STATIC / name).read_text("utf-8")


@cache
def linked(entry: str, folder: Path = _STATIC) -> str:
    """The module `entry` with all it imports, as one module.

    Raises:
        ValueError: A module is written in a way that cannot be linked; says which and where.
    """
    modules: dict[str, str] = {}
    _collect(entry, folder, modules, ())
    owners: dict[str, str] = {}
    for name, source in modules.items():
        for top in _TOP.findall(source):
            if owners.setdefault(top, name) != name:
                raise ValueError(f"{name} and {owners[top]} both have {top!r} at their top")
    return "\n".join(_bare(name, source, name == entry) for name, source in modules.items())


def _collect(name: str, folder: Path, modules: dict[str, str], path: tuple[str, ...]) -> None:
    if name in path:
        raise ValueError(f"modules import each other: {' > '.join((*path, name))}")
    if name in modules:
        return
    source = (folder / name).read_text("utf-8")
    for found in _IMPORT.finditer(source):
        _collect(found["file"], folder, modules, (*path, name))
    modules[name] = source


def _bare(name: str, source: str, is_entry: bool) -> str:  # noqa: FBT001  # private, and read at once
    text = _COMMENT.sub("", _IMPORT.sub("", source))
    if not is_entry:
        text = _EXPORT.sub("", text)
    left = _LEFT.search(text) if not is_entry else re.search(r"^import\b.*", text, re.MULTILINE)
    if left:
        raise ValueError(f"{name}: cannot be linked: {left[0]}")
    return text
