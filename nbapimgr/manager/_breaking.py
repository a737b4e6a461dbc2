"""The manager's face for who is left alone, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbapimgr.engine import Engine
    from nbapimgr.manager._providers import Providers
    from nbapimgr.models import Breaker

__all__ = ["Breaking"]


class Breaking:
    """What a manager can say and do about breakers."""

    _engine: Engine
    providers: Providers

    def breakers(self) -> tuple[Breaker, ...]:
        """Who is left alone now, the one that is tried again first leading."""
        return self._engine.breakers.all()

    def reset(self, provider: str | None = None) -> tuple[Breaker, ...]:
        """Ask a provider again from now on, or all of them; what had been open.

        Raises:
            UnknownName: There is no provider of that name; names the nearest.
        """
        known = None if provider is None else self.providers.known(provider)
        return self._engine.breakers.reset(known)

    def on_breaker(self, listener: Callable[[Breaker, bool], object]) -> Callable[[], None]:
        """Have a function called with each breaker that opens or closes.

        Args:
            listener: Takes the breaker and whether it is open now. Called on the engine's thread
                or on the one that has found out what another kernel did; it must be quick.

        Returns:
            What ends it.
        """
        listeners = self._engine.breakers.listeners
        listeners.append(listener)
        return lambda: listeners.remove(listener) if listener in listeners else None
