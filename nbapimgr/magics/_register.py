"""Puts `%%llm` and `%llm` into a shell, and takes all of it out again. Loads nothing else."""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING, Any

from IPython.core.completer import context_matcher
from IPython.core.magic import needs_local_scope, no_var_expand

if TYPE_CHECKING:
    from IPython.core.completer import CompletionContext
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["register", "unregister"]

_REPLY = "nbapimgr.models._reply.Reply"
_NAMES = ("llm", "nbllm")
"""The second is there for when another extension has taken the first."""
_VALUE = "llm_value"
"""What `x = %llm …` becomes: the same without showing the answer."""

_loaded: dict[InteractiveShell, _Loaded] = {}


class _Loaded:
    """What was put into one shell."""

    def __init__(self, shell: InteractiveShell) -> None:
        self.before = {
            (kind, name): table.get(name)
            for kind, table in shell.magics_manager.magics.items()
            for name in (*_NAMES, _VALUE)
        }
        self.magic = _magic_of(shell)
        self.value = _value_of(shell)
        self.assigned = _Assigned()
        self.matcher = _matcher_of(shell)


def register(shell: InteractiveShell) -> None:
    """Register the magics, their completion and how a reply is shown. Twice is once."""
    if shell in _loaded:
        return
    loaded = _loaded[shell] = _Loaded(shell)
    stranger = loaded.before["cell", "llm"] or loaded.before["line", "llm"]
    if stranger is not None:
        sys.stderr.write(
            f"nbapimgr: %%llm was registered by {stranger.__module__} and is now nbapimgr's; "
            "%unload_ext nbapimgr gives it back, and %%nbllm is always nbapimgr's\n"
        )
    for name in _NAMES:
        _add_magic(shell, loaded.magic, "line_cell", name)
    _add_magic(shell, loaded.value, "line", _VALUE)
    for listed, ours in _hooks(shell, loaded):
        listed.append(ours)
    _mimebundles(shell).for_type(_REPLY, _bundle)


def unregister(shell: InteractiveShell) -> None:
    """Take out what `register` put in, give back what it replaced, close the manager."""
    loaded = _loaded.pop(shell, None)
    if loaded is None:
        return
    _give_magics_back(shell, loaded)
    for listed, ours in _hooks(shell, loaded):
        if ours in listed:  # IPython takes out what fails
            listed.remove(ours)
    _mimebundles(shell).pop(_REPLY, None)
    if "nbapimgr.magics._trouble" in sys.modules:
        from nbapimgr.magics._trouble import forget

        forget()
    if "nbapimgr.manager" in sys.modules:
        from nbapimgr.manager import disconnect

        disconnect()


def _add_magic(shell: Any, function: Any, kind: str, name: str) -> None:
    shell.register_magic_function(function, magic_kind=kind, magic_name=name)


def _give_magics_back(shell: InteractiveShell, loaded: _Loaded) -> None:
    for (kind, name), before in loaded.before.items():
        table = shell.magics_manager.magics[kind]
        if table.get(name) not in (loaded.magic, loaded.value):
            continue  # a later extension's
        if before is None:
            del table[name]
        else:
            table[name] = before


def _hooks(shell: Any, loaded: _Loaded) -> tuple[tuple[list[Any], object], ...]:
    """The shell's lists with what stands in them while the extension is loaded."""
    return (
        (shell.input_transformers_cleanup, _transform),
        (shell.ast_transformers, loaded.assigned),
        (shell.Completer.custom_matchers, loaded.matcher),
    )


def _mimebundles(shell: Any) -> Any:
    return shell.display_formatter.mimebundle_formatter


def _magic_of(shell: InteractiveShell) -> Any:
    @needs_local_scope
    @no_var_expand
    def llm(line: str, cell: str | None = None, local_ns: dict[str, Any] | None = None) -> object:
        """Ask an LLM, whichever of your providers answers: `%llm help` says how.

        `%%llm [ROUTE] [options]` takes the cell as the prompt, `%llm [options] text` the line.
        """
        from nbapimgr.magics._run import run

        return run(shell, line, cell, local_ns)

    return llm


def _value_of(shell: InteractiveShell) -> Any:
    @needs_local_scope
    @no_var_expand
    def llm_value(line: str, local_ns: dict[str, Any] | None = None) -> object:
        """`%llm` for `x = %llm …`: the answer is the value, and is not shown."""
        from nbapimgr.magics._run import run

        return run(shell, line, None, local_ns, assigned=True)

    return llm_value


class _Assigned(ast.NodeTransformer):
    """Makes `x = %llm …` quiet, as `x = …` is for any other value."""

    def visit_Assign(self, node: ast.Assign) -> ast.Assign:
        _quieten(node.value)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AnnAssign:
        _quieten(node.value)
        return node


def _quieten(value: ast.expr | None) -> None:
    match value:
        case ast.Call(
            func=ast.Attribute(attr="run_line_magic"), args=[ast.Constant(magic) as name, _]
        ) if magic in _NAMES:
            name.value = _VALUE


def _transform(lines: list[str]) -> list[str]:
    if not any("%llm" in line or "%nbllm" in line for line in lines):
        return lines
    from nbapimgr.magics._transform import transform

    return transform(lines)


def _matcher_of(shell: InteractiveShell) -> Any:
    @context_matcher()  # type: ignore[untyped-decorator]  # IPython's
    def nbapimgr_matcher(context: CompletionContext) -> Any:
        if "%llm" not in context.full_text and "%nbllm" not in context.full_text:
            return {"completions": []}
        from nbapimgr.magics._matcher import match

        return match(shell, context)

    return nbapimgr_matcher


def _bundle(reply: Any) -> Any:
    from nbapimgr.magics._bundle import bundle

    return bundle(reply)
