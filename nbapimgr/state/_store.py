"""What a place for shared state can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from nbapimgr.models import Breaker

__all__ = ["StateStore"]


class StateStore(Protocol):
    """What kernels share. No method raises for the place's sake; `trouble` says what is wrong.

    What is put is known here at once and is shared with the next `flush`, which may take its time
    and so is called where nobody waits; so is `lease`. All else is quick. Budgets will be reserved,
    settled and cancelled in the manner of `lease`: one step that either happens or does not,
    for a time after which it lapses.
    """

    @property
    def trouble(self) -> str:
        """What is not being saved and why, in one line; empty when all is well."""
        ...

    @property
    def salt(self) -> bytes:
        """What hashes are made with, so that they say nothing outside."""
        ...

    @property
    def unsaved(self) -> bool:
        """Whether a `flush` has something to do."""
        ...

    def version(self) -> object:
        """What is unequal after somebody, also in another process, has changed something."""
        ...

    def breakers(self) -> tuple[Breaker, ...]:
        """All breakers there are."""
        ...

    def put(self, breaker: Breaker) -> None:
        """Keep a breaker, in place of the one of its scope and key."""
        ...

    def drop(self, breaker: Breaker) -> None:
        """Forget the breaker of this scope and key."""
        ...

    def lease(self, breaker: Breaker, now: float, seconds: float) -> bool:
        """Take the one probe of a breaker for some time; False when another process has it.

        Within a process it is for the caller to see that there is one.

        Args:
            breaker: Whose.
            now: Seconds since the epoch.
            seconds: How long it is held, should this process end.
        """
        ...

    def flush(self) -> None:
        """Share what was put and dropped."""
        ...

    def close(self) -> None:
        """Share what is left and let go of files. Using it again opens them again."""
        ...
