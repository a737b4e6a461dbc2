"""Every error nbapimgr raises, as one tree.

    NbApiMgrError                     has .hint: what to do now
    ├── OptionError       (ValueError)    a wrong option, command or argument
    ├── PromptError       (ValueError)    a {{ }} that cannot be rendered, or an empty prompt
    ├── SettingsError     (ValueError)    a setting that cannot be used: says where
    ├── UnknownName       (LookupError)   no such provider, route, model, dialect: names the nearest
    ├── SchemaError       (ValueError)    the answer does not have the shape that was asked for
    ├── MissingKey        (LookupError)   a provider that needs a key has none
    ├── NotConfigured     (LookupError)   nobody to ask yet: three ways on
    ├── MissingExtra      (ImportError)   an optional package is not installed
    ├── RecordingMissing  (LookupError)   replay mode, and this prompt was never recorded
    ├── VaultError                        keys could not be read from the disk, or were not saved
    │   ├── VaultLocked                   nothing at hand opens the vault, or it was the wrong thing
    │   └── VaultDamaged                  its files are damaged: nothing is written until a repair
    └── AllProvidersFailed                no candidate answered: .attempts says what each one did

    KeyboardInterrupt
    └── CallInterrupted               the user stopped the call: .partial is what had arrived

`AllProvidersFailed` carries its attempts but is not an `ExceptionGroup`: IPython 8 and 9 print
groups with the interpreter's own formatter and then send no `error` output, so that nbval takes the
red cell for a green one (`InteractiveShell.showtraceback`). For the same reason nothing here is
raised inside an `except` block that handles a group.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from nbapimgr.secret import scrub

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nbapimgr.models import Attempt

__all__ = [
    "AllProvidersFailed",
    "CallInterrupted",
    "MissingExtra",
    "MissingKey",
    "NbApiMgrError",
    "NotConfigured",
    "OptionError",
    "PromptError",
    "RecordingMissing",
    "SchemaError",
    "SettingsError",
    "UnknownName",
    "VaultDamaged",
    "VaultError",
    "VaultLocked",
    "nearest",
]


_LISTED = 12
"""How many known names an error lists."""


class NbApiMgrError(Exception):
    """Base of all errors raised here.

    Args:
        message: What is wrong and where, in one line.
        hint: What to do now, a line for each way; empty when the message says it all.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def __reduce__(self) -> tuple[Any, ...]:
        # Python's own would call __init__ with the message alone: an error that cannot be unpickled
        # breaks the whole pool of processes that one worker raised it in.
        return _again, (type(self), self.args, vars(self))

    def _render_traceback_(self) -> list[str]:
        """Lines that IPython shows in place of a traceback."""
        return [f"{type(self).__name__}: {self}", *_ways(self.hint)]


class OptionError(NbApiMgrError, ValueError):
    """A wrong option, command or argument."""


class PromptError(NbApiMgrError, ValueError):
    """A prompt that is empty or whose `{{ }}` cannot be rendered."""


class SettingsError(NbApiMgrError, ValueError):
    """A setting that cannot be used; the message names the file, the line or the field."""


class UnknownName(NbApiMgrError, LookupError):
    """No such provider, route, model, dialect or command.

    Args:
        kind: What was looked up, e.g. "provider".
        name: What was asked for.
        known: The names that exist; the nearest ones are offered.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str] = (), *, hint: str = "") -> None:
        name = scrub(name)  # a key that was given where a name belongs
        names = sorted(known)
        close = nearest(name, names)
        if not hint and close:
            hint = f"did you mean {close[0]!r}?"
        elif not hint and names:
            more = " …" if len(names) > _LISTED else ""
            hint = f"known: {', '.join(names[:_LISTED])}{more}"
        super().__init__(f"no {kind} named {name!r}", hint=hint)
        self.kind = kind
        self.name = name


class SchemaError(NbApiMgrError, ValueError):
    """The answer does not have the shape that was asked for; `.text` is the answer as it came."""

    def __init__(self, message: str, *, text: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.text = text


class MissingKey(NbApiMgrError, LookupError):
    """A provider that needs a key has none."""


class NotConfigured(NbApiMgrError, LookupError):
    """There is nobody to ask yet; the lines say what can be done about it."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = tuple(lines)
        super().__init__(self.lines[0])

    def _render_traceback_(self) -> list[str]:
        return list(self.lines)


class MissingExtra(NbApiMgrError, ImportError):
    """An optional package is not installed; the hint is the command that installs it."""


class RecordingMissing(NbApiMgrError, LookupError):
    """Replay mode, and this prompt was never recorded."""


class VaultError(NbApiMgrError):
    """Keys could not be read, or were not saved; what was saved before is as it was."""


class VaultLocked(VaultError):
    """Nothing at hand opens the vault, or what was given does not fit. The files are in order."""


class VaultDamaged(VaultError):
    """Files of the vault are damaged or were tampered with; nothing is written until a repair."""


class AllProvidersFailed(NbApiMgrError):
    """No candidate answered.

    Attributes:
        attempts: What was tried, in order; each has `.failure.category`.
        skipped: One line for each candidate that was not tried, with the reason.
    """

    def __init__(
        self, attempts: Sequence[Attempt], *, skipped: Sequence[str] = (), hint: str = ""
    ) -> None:
        self.attempts = tuple(attempts)
        self.skipped = tuple(skipped)
        super().__init__(self._summary(), hint=hint or self._remedy())

    def _summary(self) -> str:
        if not self.attempts:
            return "nothing could be tried" + (f": {self.skipped[0]}" if self.skipped else "")
        failure = self.attempts[-1].failure
        what = failure.category if failure else "no answer"
        tried = {a.candidate.provider.name for a in self.attempts}
        if len(tried) == 1:
            return f"{tried.pop()} failed: {what}"
        return f"all {len(tried)} providers failed, the last with {what}"

    def _remedy(self) -> str:
        return next((a.failure.remedy for a in self.attempts if a.failure and a.failure.remedy), "")

    def _render_traceback_(self) -> list[str]:
        lines = [f"{type(self).__name__}: {self}"]
        lines += [f"  ✗ {attempt.line()}" for attempt in self.attempts]
        lines += [f"  – {reason}" for reason in self.skipped]
        return lines + _ways(self.hint)


class CallInterrupted(KeyboardInterrupt):
    """The user stopped the call.

    Attributes:
        partial: The text that had arrived, possibly empty.
    """

    def __init__(self, partial: str = "") -> None:
        super().__init__("stopped by you")
        self.partial = partial

    def _render_traceback_(self) -> list[str]:
        kept = f"; {len(self.partial)} characters are kept in _llm" if self.partial else ""
        return [f"Stopped by you{kept}."]


def _ways(hint: str) -> list[str]:
    """A hint as lines: one for each thing that can be done."""
    return [f"  → {way}" for way in hint.splitlines()]


def _again(kind: type[NbApiMgrError], args: tuple[Any, ...], said: dict[str, Any]) -> NbApiMgrError:
    """An error that was pickled."""
    error = kind.__new__(kind, *args)
    vars(error).update(said)
    return error


def nearest(name: str, known: Iterable[str], *, limit: int = 3) -> list[str]:
    """The known names that look most like `name`, best first, ignoring case."""
    folded = {k.casefold(): k for k in known}
    close = difflib.get_close_matches(name.casefold(), folded, n=limit, cutoff=0.6)
    return [folded[c] for c in close]
