"""What a line can mean: a question, or a command."""

from __future__ import annotations

from typing import Any

import msgspec

from nbapimgr.magics._options import Format, Recording

__all__ = ["Ask", "Command", "Fix"]


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """A question. Fields named as in `models.Request` mean the same there."""

    prompt: str
    """As it was written: `{{ }}` is not rendered yet. Never blank."""
    save: tuple[str, ...] = ()
    """Variables the answer is kept in."""
    show: bool = True
    """False for `NAME <<`: keep the answer and show nothing."""
    route: str | None = None
    system: str | None = None
    extra: dict[str, Any] = {}
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    reasoning: str | None = None
    format: Format = "md"
    attach: tuple[str, ...] = ()
    schema: str | None = None
    many: bool = False
    timeout: float | None = None
    fallback: bool = True
    only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    recording: Recording | None = None
    """Overrules the mode for this call."""
    dry_run: bool = False
    stream: bool = True
    quiet: bool = False
    raw: bool = False


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """A question about the last exception: who is asked and how, and what is asked besides."""

    ask: Ask
    words: str = ""


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """A command with its plain words and its options by long name."""

    name: str
    words: tuple[str, ...] = ()
    options: dict[str, Any] = {}
