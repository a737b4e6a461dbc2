"""The kernel's manager with answers that are scripted."""

from __future__ import annotations

import contextlib
import tempfile
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from nbapimgr.testing._behaviours import answer
from nbapimgr.testing._server import FaultServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nbapimgr.manager import Manager
    from nbapimgr.testing._server import Behaviour

__all__ = ["Scripted", "scripted"]

_NAME: Final = "scripted"
"""The provider's."""
_MODEL: Final = "scripted-model"


class Scripted(NamedTuple):
    """A manager, and the server that answers it."""

    llm: Manager
    server: FaultServer


@contextlib.contextmanager
def scripted(*answers: str | Behaviour, **provider: Any) -> Iterator[Scripted]:
    """The kernel's manager, with one provider, "scripted", that answers as told.

    What asks through `nbapimgr.connect()` or a cell is answered so; settings, keys and usage rows
    are in a folder that is gone afterwards, and so is the manager.

    Args:
        answers: Texts and behaviours, in order; the last one stays. Checks of the provider are
            answered well and use none of them up.
        provider: Fields of the provider, as for `llm.providers.add`.
    """
    from nbapimgr.manager import connect, disconnect

    behaviours = [answer(each) if isinstance(each, str) else each for each in answers]
    with (
        FaultServer(*behaviours, models=(_MODEL,)) as server,
        tempfile.TemporaryDirectory() as home,
    ):
        llm = connect(home)
        try:
            fields = {"base_url": server.url, "models": (_MODEL,), **provider}
            llm.providers.add(_NAME, **fields)
            yield Scripted(llm, server)
        finally:
            disconnect()
