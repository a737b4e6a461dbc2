"""The manager's face for the health of its providers."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from nbapimgr.manager._health_rows import HEALTH_COLUMNS, health_rows
from nbapimgr.manager._monitor import HealthMonitor
from nbapimgr.manager._remembered import remembered

if TYPE_CHECKING:
    import pandas as pd

    from nbapimgr.engine import Engine
    from nbapimgr.health import Checked
    from nbapimgr.manager._facts import Facts
    from nbapimgr.manager._in_force import InForce
    from nbapimgr.manager._manager import Manager
    from nbapimgr.models import Attempt, Breaker, Candidate, Provider
    from nbapimgr.usage import UsageStore
    from nbapimgr.vault import Credentials

__all__ = ["Healthy"]


class Healthy:
    """What a manager can say of its providers' health."""

    monitor: HealthMonitor
    _engine: Engine
    _facts: Facts
    _in_force: InForce
    _keys: Credentials
    _usage: UsageStore

    def health(self, *, check: bool = False) -> pd.DataFrame:
        """How each provider and model does, one row each; empty where nobody is configured.

        Args:
            check: Ask all providers first by their free calls whether they are there and take the
                key: nothing is paid. Good answers are good for a minute.

        Raises:
            CallInterrupted: The user stopped the checks.
        """
        import pandas as pd

        if check:
            self.monitor.check(provider.name for provider in self._in_force.settings.providers)
        return pd.DataFrame(health_rows(cast("Manager", self)), columns=list(HEALTH_COLUMNS))

    def breaker_of(self, candidate: Candidate) -> Breaker | None:
        """What keeps a candidate from being asked now; None when nothing does."""
        standing = self._engine.breakers.standing(candidate)
        return standing.breaker if standing else None

    def _check_key(self, candidate: Candidate) -> Checked:
        """What the free call says of a key, which may be another than the active one."""
        [checked] = self._engine.check([candidate])
        if checked.listed:
            self._facts.heard(candidate.provider, checked.listed)
        return checked

    def _mark(self, provider: Provider) -> object:
        """What tells the active key from another, as far as it may be shown."""
        return [(key.alias, key.masked, key.fingerprint) for key in self._keys.list(provider)[:1]]

    def _patience(self, candidate: Candidate) -> tuple[float | None, float | None]:
        return self.monitor.history.patience(candidate)

    def _observe(self, attempt: Attempt) -> None:
        self._facts.learn(attempt)
        self.monitor.observe(attempt)

    def _watch_over(self) -> HealthMonitor:
        """The monitor, wired to what it watches."""
        monitor = HealthMonitor(
            self._engine,
            providers=lambda: self._in_force.settings.providers,
            aliases=self._keys.aliases,
            mark=self._mark,
            remembered=lambda: remembered(self._usage),
            in_trouble=self._engine.breakers.waiting,
            answers_again=self._engine.breakers.hasten,
            heard=self._facts.heard,
        )
        self._engine.breakers.listeners.append(
            lambda breaker, _: monitor.breakers_changed(breaker.provider)
        )
        return monitor
