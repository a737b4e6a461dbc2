"""Where an answer appears while it arrives: a notebook's output, a terminal, or nowhere."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Final, Protocol

from nbapimgr.inert import inert, plain
from nbapimgr.magics._bundle import bundle, partial
from nbapimgr.magics._footer import footer_bundle

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.display import DisplayHandle

    from nbapimgr.models import Reply

__all__ = ["Continued", "Screen", "compared", "screen_for"]

_PER_SECOND: Final = 12
"""Updates a second. Front ends re-render all Markdown each time; beyond about 20 they lag."""


class Screen(Protocol):
    """What the magic tells about an answer, in the order it happens."""

    shown: bool
    """Whether the complete answer stands on it."""

    def grow(self, text: str) -> None:
        """The whole text so far."""
        ...

    def idle(self) -> None:
        """Nothing has come for a moment: show what is held back."""
        ...

    def restart(self, note: str) -> None:
        """What was shown is void; `note` says what happens instead."""
        ...

    def finish(self, reply: Reply, line: str) -> None:
        """The answer is complete; `line` is the footer, empty for none."""
        ...

    def stop(self) -> None:
        """The call ended without an answer: leave what there is."""
        ...

    def give_up(self) -> DisplayHandle | None:
        """Nobody answered: leave what there is of an answer.

        Returns:
            The output that holds no word of an answer and may be put to another use.
        """
        ...


class _Notebook:
    """One output that is updated in place: it survives saving as one output."""

    def __init__(self, form: str, *, stream: bool) -> None:
        self.shown = False
        self._form = form
        self._stream = stream
        self._handle: DisplayHandle | None = None
        self._note = ""
        self._text = ""
        self._pending = False
        self._next = 0.0

    def grow(self, text: str) -> None:
        self._text = text
        self._pending = self._stream
        self.idle()

    def idle(self) -> None:
        if self._pending and time.monotonic() >= self._next:
            self._draw()

    def restart(self, note: str) -> None:
        self._note, self._text = note, ""
        if self._stream:
            self._draw()

    def finish(self, reply: Reply, line: str) -> None:
        from IPython.display import display

        data, metadata = bundle(reply, self._form)
        self._put(data, metadata)
        self.shown = True
        if line:
            display(footer_bundle(line), raw=True)  # type: ignore[no-untyped-call]  # IPython's

    def stop(self) -> None:
        if self._pending or (self._note and self._handle):
            self._note = ""  # it told what would happen next, which now does not
            self._draw()

    def give_up(self) -> DisplayHandle | None:
        self.stop()
        return None if self._text else self._handle

    def _draw(self) -> None:
        self._put(*partial(self._text, self._form, above=self._note))
        self._pending = False
        self._next = time.monotonic() + 1 / _PER_SECOND

    def _put(self, data: dict[str, object], metadata: dict[str, object]) -> None:
        from IPython.display import display

        if self._handle is None:
            self._handle = display(  # type: ignore[no-untyped-call]  # IPython's
                data, metadata=metadata, raw=True, display_id=True
            )
        else:
            self._handle.update(data, metadata=metadata, raw=True)  # type: ignore[no-untyped-call]  # IPython's


class Continued(_Notebook):
    """An output that is there already and is given a new answer, some time after its cell."""

    def __init__(self, handle: DisplayHandle, form: str, note: str) -> None:
        super().__init__(form, stream=True)
        self._handle = handle
        self.restart(note)

    def finish(self, reply: Reply, line: str) -> None:
        """The answer, with the footer above it: a new output would have no cell to stand in."""
        data, metadata = bundle(reply, self._form)
        above = f"asked again: {line}"
        data["text/plain"] = f"[{above}]\n\n{data['text/plain']}"
        if "text/markdown" in data:
            data["text/markdown"] = f"*{inert(above)}*\n\n{data['text/markdown']}"
        self._put(data, metadata)
        self.shown = True


class _Terminal:
    """Text as it comes, on standard output: a terminal cannot take back what it has shown."""

    def __init__(self) -> None:
        self.shown = False
        self._written = 0

    def grow(self, text: str) -> None:
        fresh = text[self._written :].removesuffix("\r")  # the other half of a line end may follow
        sys.stdout.write(plain(fresh))
        sys.stdout.flush()
        self._written += len(fresh)

    def idle(self) -> None:
        """Nothing is held back."""

    def restart(self, note: str) -> None:
        sys.stdout.write(plain(f"\n[{note}]\n"))
        self._written = 0

    def finish(self, reply: Reply, line: str) -> None:
        self.grow(reply.text)
        sys.stdout.write("\n" + (f"{line}\n" if line else ""))
        self.shown = True

    def stop(self) -> None:
        if self._written:
            sys.stdout.write("\n")

    def give_up(self) -> None:
        self.stop()


class _Nowhere:
    """The answer is the cell's result and appears as that."""

    shown = False

    def grow(self, text: str) -> None:
        """Wait for the whole."""

    def idle(self) -> None:
        """Wait for the whole."""

    def restart(self, note: str) -> None:
        """Nothing was shown."""

    def finish(self, reply: Reply, line: str) -> None:
        """The result shows itself."""

    def stop(self) -> None:
        """Nothing was shown."""

    def give_up(self) -> None:
        """Nothing was shown."""


def compared() -> bool:
    """Whether outputs are compared with older ones, and must not change from run to run."""
    return os.environ.get("NBAPIMGR_STREAM") == "0" or "PYTEST_CURRENT_TEST" in os.environ


def screen_for(
    shell: InteractiveShell, form: str, *, stream: bool, silent: bool, replay: bool
) -> Screen:
    """The screen of a call.

    Nothing is displayed on the way where outputs are compared or replayed, and the answer is the
    cell's one result: `update_display_data` is an output that nbval does not understand.
    """
    if silent or replay or compared() or form == "none":
        return _Nowhere()
    if hasattr(shell, "kernel"):
        return _Notebook(form, stream=stream)
    return _Terminal() if stream else _Nowhere()
