"""One kernel's manager: wires settings, keys, engine, usage and recordings together."""

from __future__ import annotations

import os
from collections import deque
from contextlib import aclosing, closing
from typing import TYPE_CHECKING, Any

import msgspec

from nbapimgr.engine import Engine
from nbapimgr.errors import NbApiMgrError
from nbapimgr.local import start
from nbapimgr.manager._accounting import Accounting
from nbapimgr.manager._answers import Answers, Source, events_of
from nbapimgr.manager._breaking import Breaking
from nbapimgr.manager._errors import KEPT, Failing
from nbapimgr.manager._facts import Facts
from nbapimgr.manager._healthy import Healthy
from nbapimgr.manager._importing import Importing
from nbapimgr.manager._leaks import Scanning
from nbapimgr.manager._ordering import Ordering
from nbapimgr.manager._planning import Planning
from nbapimgr.manager._prices import Prices
from nbapimgr.manager._providers import Providers
from nbapimgr.manager._question import question
from nbapimgr.manager._routes import resolve
from nbapimgr.manager._totals import totals
from nbapimgr.manager._views import Views
from nbapimgr.models import Finished, Plan, Planned, Reply, Request
from nbapimgr.schema import shape
from nbapimgr.state import SqliteStore, state_folder
from nbapimgr.usage import UsageStore, estimate_tokens
from nbapimgr.vault import credentials_of
from nbapimgr.wire.catalogue import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
    from datetime import datetime, timedelta

    import pandas as pd

    from nbapimgr.manager._question import Prompt
    from nbapimgr.models import Attempt, Event, Provider
    from nbapimgr.settings import Settings

__all__ = ["Manager"]


class Manager(Planning, Breaking, Failing, Healthy, Importing, Scanning, Views):
    """The providers of one person in one kernel, and how to ask them.

    Args:
        home: Folder of settings, usage and cache; None takes `NBAPIMGR_HOME`, else the platform's.
        settings: The settings to start from, never saved; None reads the home's file.

    Attributes:
        providers: The configured providers, a mapping by name that can `add`, `update`, `remove`
            and `test`.
        credentials: Their keys, by alias.
        monitor: Their health: `check`, `watch`, `listen`; as a table it is `health()`.
        last: The newest reply, or None.
        trouble: Lines about what is not being saved, and why.
    """

    def __init__(
        self, home: str | os.PathLike[str] | None = None, *, settings: Settings | None = None
    ) -> None:
        super().__init__(home, settings)
        self.last: Reply | None = None
        self.last_plan: Plan | None = None
        self._accounting: Accounting | None = None
        self._failures: deque[Attempt] = deque(maxlen=KEPT)
        keys = self._keys = credentials_of(home)
        self.credentials = self._credentials(keys)
        self._answers = Answers(
            self.places.cache, lambda: keys.values(self._in_force.settings.providers)
        )
        self._usage = UsageStore(self.places.data, credential_id=keys.credential_id)
        self._prices = Prices()
        self._facts = Facts(self.places.cache / "models")
        self._engine = Engine(
            key_for=keys.secret,
            start=start,
            estimate=estimate_tokens,
            patience=self._patience,
            observe=self._observe,
            windows=self._facts.windows,
            state=SqliteStore(state_folder(home)),
        )
        self.monitor = self._watch_over()
        self._ordering = Ordering(self.monitor, self.places.prices)
        self.providers = Providers(
            snapshot=lambda: self._in_force.settings,
            change=self._in_force.change,
            credentials=keys,
            models=self.monitor.test,
        )

    def ask(
        self,
        prompt: Prompt,
        *,
        schema: Any = None,
        many: bool = False,
        source: Source | None = None,
        **options: Any,
    ) -> Reply:
        """Ask and wait for the whole answer.

        Args:
            prompt: Text, a message or a conversation.
            schema: The shape of the answer: a pydantic model, dataclass, TypedDict, JSON schema or
                the short form `"name, age int"`; `reply.data` has it, validated.
            many: A list of that shape.
            source: Where the answer may come from; None takes the kernel's mode.
            options: Fields of `Request` (route, system, temperature, max_tokens, timeout, fallback,
                only, exclude, …), `images` and `tools`.

        Raises:
            AllProvidersFailed: Nobody answered; `.attempts` says what each one did.
            CallInterrupted: The user stopped it.
            SchemaError: The answer does not have the shape.
            NbApiMgrError: The call is wrong; says what and the nearest right one.
        """
        request, read = self.request(prompt, schema=schema, many=many, **options)
        with closing(self.stream(request, source=source)) as events:
            reply = _reply_of(list(events))
        return self.with_data(reply, read) if read else reply

    async def aask(
        self,
        prompt: Prompt,
        *,
        source: Source | None = None,
        **options: Any,
    ) -> Reply:
        """`ask` for code that awaits."""
        request, read = self.request(prompt, **options)
        async with aclosing(self.astream(request, source=source)) as events:
            reply = _reply_of([event async for event in events])
        return self.with_data(reply, read) if read else reply

    def stream(
        self,
        prompt: Prompt | Request,
        *,
        source: Source | None = None,
        idle: Callable[[], None] | None = None,
        **options: Any,
    ) -> Generator[Event]:
        """Ask and give the events as they come; closing the generator cancels the call.

        Args:
            prompt: As for `ask`.
            source: As for `ask`.
            idle: Called in this thread while nothing comes, about twelve times a second.
            options: As for `ask`.

        Raises:
            As `ask`.
        """
        request = self._request(prompt, options)
        source = source or self.source()
        if kept := self._answers.kept(request, source):
            yield from events_of(self._remember(request, kept, source))
            return
        plan = self._wish(request)
        account = self._account(request)
        for event in self._engine.stream(plan, request, account=account, idle=idle):
            self._notice(event, request, source)
            yield event

    async def astream(
        self, prompt: Prompt | Request, *, source: Source | None = None, **options: Any
    ) -> AsyncGenerator[Event]:
        """`stream` for code that awaits."""
        request = self._request(prompt, options)
        source = source or self.source()
        if kept := self._answers.kept(request, source):
            for event in events_of(self._remember(request, kept, source)):
                yield event
            return
        plan = self._wish(request)
        account = self._account(request)
        async with aclosing(self._engine.astream(plan, request, account=account)) as events:
            async for event in events:
                self._notice(event, request, source)
                yield event

    def request(
        self,
        prompt: Prompt,
        *,
        schema: Any = None,
        many: bool = False,
        namespace: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> tuple[Request, Callable[[str], Any] | None]:
        """The request of a call, and the reader of its answer where a schema is asked for.

        `namespace` is where a schema that is given by name is looked up.
        """
        if schema is None:
            return question(prompt, **options), None
        wanted = shape(schema, many=many, namespace=namespace)
        asked = question(prompt, schema=wanted.schema, schema_name=wanted.name, **options)
        return asked, wanted.read

    def usage(
        self,
        since: str | timedelta | datetime | None = "30d",
        columns: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """The usage rows, one for each attempt.

        Args:
            since: How far back: "7d", "12h", a timedelta, a moment; None is all.
            columns: Which columns; None gives the ten most asked for.
        """
        return self._usage.frame(since, columns)

    def usage_by(self, by: str, since: str | timedelta | datetime | None = "30d") -> pd.DataFrame:
        """The usage rows added up, the most attempts first.

        Args:
            by: "provider", "model", "day" or "cell".
            since: As for `usage`.

        Raises:
            UnknownName: It cannot be added up by that.
        """
        return totals(self._usage, by, since)

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """The attempts of the newest call, failed and stopped ones too.

        Of an answer that was kept they are those of the call it was kept from, without their times.
        """
        if self._accounting is not None:
            return tuple(self._accounting.attempts)
        return self.last.attempts if self.last else ()

    @property
    def trouble(self) -> tuple[str, ...]:
        """What is not being saved, and why; empty when all is well."""
        rows, state = self._usage.trouble, self._engine.breakers.store.trouble
        return (
            *self._in_force.trouble,
            *self.credentials.trouble,
            *filter(None, (rows, state)),
        )

    def use(self, route: str | None, *, save: bool = False) -> None:
        """Make a route the one of this kernel's calls that name none; None undoes it.

        Args:
            route: A known vendor that is not configured yet is added first.
            save: Later kernels use it too.

        Raises:
            UnknownName: It names nothing that exists.
            OptionError: It cannot be saved, since another source decides; nothing is changed then.
        """

        def chosen(settings: Settings) -> Settings:
            return msgspec.structs.replace(settings, default=route)

        if save:
            self._in_force.allow(chosen)
        if route is not None:
            self.adopt(route)
            resolve(route, self._in_force.settings)
        if save:
            self._in_force.change(chosen)
        self._route = route

    def adopt(self, name: str) -> None:
        """Add the known vendor of that name unless a provider, route or model has it."""
        if name in CATALOGUE and name not in self.routes:
            self.providers.add(name)

    def close(self) -> None:
        """Let go of connections, threads and files."""
        self.monitor.close()
        self._engine.close()
        self.monitor.join()
        self._usage.close()
        self._close_views()

    def _request(self, prompt: Prompt | Request, options: dict[str, Any]) -> Request:
        return prompt if isinstance(prompt, Request) else question(prompt, **options)

    def _account(self, request: Request) -> Callable[[Attempt], Attempt]:
        self._prices.start()
        self.monitor.remember()
        self._accounting = Accounting(
            self._usage, request, overrides=self.places.prices, failures=self._failures
        )
        return self._accounting.account

    def _notice(self, event: Event, request: Request, source: Source) -> None:
        if isinstance(event, Planned):
            self.last_plan = event.plan
        elif isinstance(event, Finished):
            self._remember(request, event.reply, source)

    def _remember(self, request: Request, reply: Reply, source: Source) -> Reply:
        if reply.source == "live":
            self._answers.keep(request, reply, source)
        else:
            Accounting(self._usage, request).kept(reply)
            self._accounting = None
        self.last = reply
        return reply

    def with_data(self, reply: Reply, read: Callable[[str], Any]) -> Reply:
        """The reply with its parsed answer.

        Raises:
            SchemaError: It does not have the shape.
        """
        self.last = msgspec.structs.replace(reply, data=read(reply.text))
        return self.last

    def _provider(self, name: str) -> Provider | None:
        return self._in_force.settings.provider(name)


def _reply_of(events: list[Event]) -> Reply:
    last = events[-1] if events else None
    if not isinstance(last, Finished):
        raise NbApiMgrError("the call ended without an answer")
    return last.reply
