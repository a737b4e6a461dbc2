"""A text that a person writes down, and that is not in the notebook afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from IPython.display import display

from nbapimgr.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["shown_once"]

T = TypeVar("T")


def shown_once(
    make: Callable[[], T],
    secret: Callable[[T], str],
    *,
    before: str,
    text: str,
    after: str,
    instead: str,
) -> T:
    """Show what is made until Enter is pressed; the output is replaced then, whatever happens.

    Args:
        make: Called when the person is ready.
        secret: The text in what it has made.
        before: Asks whether the person is ready: who cannot be asked is not shown anything.
        text: Shown with the secret in place of `{}`.
        after: Asks for the Enter that takes it away.
        instead: What to do where nobody can be asked.

    Raises:
        OptionError: Nobody can be asked here; nothing was made.
    """
    if not _asked(before):
        raise OptionError("this front end cannot ask", hint=instead)
    made = make()
    shown = _plain(text.format(secret(made)))
    handle = display(shown, raw=True, display_id=True)  # type: ignore[no-untyped-call]  # IPython's
    try:
        _asked(after)
    finally:
        handle.update(_plain("(it was shown here)"), raw=True)
    return made


def _plain(text: str) -> dict[str, str]:
    return {"text/plain": text}


def _asked(prompt: str) -> bool:
    try:
        input(prompt)
    except (EOFError, RuntimeError, NotImplementedError):
        return False
    return True
