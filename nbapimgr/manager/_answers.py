"""Where an answer comes from (live, replay, cache), and keeping what was answered live."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, cast, get_args

import msgspec

from nbapimgr.errors import NbApiMgrError, UnknownName
from nbapimgr.models import Delta, Finished
from nbapimgr.recordings import FOLDER, Recordings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from nbapimgr.models import Event, Reply, Request
    from nbapimgr.secret import Secret

__all__ = ["Answers", "Mode", "Source", "mode_named"]

Mode = Literal["live", "record", "replay"]
_MODES: Final = get_args(Mode)
_log = logging.getLogger(__name__)


def mode_named(name: str) -> Mode:
    """The mode of that name.

    Raises:
        UnknownName: There is none.
    """
    if name not in _MODES:
        raise UnknownName("mode", name, _MODES)
    return cast("Mode", name)


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """How one call is to be answered."""

    mode: Mode = "live"
    cache: bool = False
    """Answer from the cache where it has the question, and keep the answer there."""
    refresh: bool = False
    """Ask anew, and keep the answer."""


class Answers:
    """The recordings beside the notebook and the cache in the home."""

    def __init__(self, cache: Path, secrets: Callable[[], Iterable[Secret]]) -> None:
        beside = Path(os.environ.get("NBAPIMGR_RECORDINGS") or FOLDER)
        self.recordings = Recordings(beside, secrets=secrets)
        self.cache = Recordings(cache / "replies", secrets=secrets)

    def kept(self, request: Request, source: Source) -> Reply | None:
        """The reply that needs no provider, or None when it must be asked for.

        Raises:
            RecordingMissing: Replay mode, and there is none.
        """
        if source.mode == "replay":
            return self.recordings.replay(request)
        if source.cache and not source.refresh and source.mode == "live":
            try:
                reply = self.cache.load(request)
            except NbApiMgrError as e:  # damaged: what was kept to save a call does not cost one
                _log.warning("%s", e)
                return None
            return msgspec.structs.replace(reply, source="cache") if reply else None
        return None

    def keep(self, request: Request, reply: Reply, source: Source) -> None:
        """Keep a live reply where the source wants it. A full disk never costs the answer."""
        wanted = [self.recordings] if source.mode == "record" else []
        wanted += [self.cache] if source.cache or source.refresh else []
        for store in wanted:
            try:
                store.save(request, reply)
            except OSError as e:
                _log.warning("the reply is not kept in %s: %s", store.folder, e.strerror)


def events_of(reply: Reply) -> tuple[Event, ...]:
    """A kept reply as the events of a call."""
    said = (Delta(text=reply.text),) if reply.text else ()
    return (*said, Finished(reply=reply))
