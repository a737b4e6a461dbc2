"""Our own contenders: the manager as a cell and as awaiting code use it, and the engine alone."""

from __future__ import annotations

import tempfile
from contextlib import aclosing, closing
from typing import TYPE_CHECKING

from tests.bench.contenders import KEY, MODEL, QUESTION, Contender

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from nbapimgr.engine import Engine
    from nbapimgr.manager import Manager
    from nbapimgr.models import Plan, Provider, Request


class Cell(Contender):
    """`Manager.ask` and `Manager.stream`: what `%%llm` calls. Plans, prices and writes a row."""

    wide = False
    _checked = False

    async def open(self, urls: Sequence[str]) -> None:
        """A manager with a home of its own, and a check that it does all of its work."""
        from nbapimgr.manager import Manager

        self._home = tempfile.TemporaryDirectory()
        self._manager = Manager(self._home.name)
        for number, url in enumerate(urls):
            # An account at OpenAI, so that the answer is priced by the price list.
            self._manager.providers.add(
                f"p{number}",
                vendor="openai",
                base_url=url,
                key=KEY,
                models=(MODEL,),
                priority=number,
            )
        if not self._checked:
            self._checked = True
            _check(self._manager)

    async def forget(self) -> None:
        """Close the breakers."""
        self._manager._engine.breakers.reset()

    async def ask(self) -> str:
        """In the caller's thread, as a cell does."""
        return self._manager.ask(QUESTION, stream=False).text

    async def tokens(self) -> AsyncIterator[str]:
        """In the caller's thread, as a cell does."""
        from nbapimgr.models import Delta

        with closing(self._manager.stream(QUESTION)) as events:
            for event in events:
                if isinstance(event, Delta):
                    yield event.text

    async def close(self) -> None:
        """Close manager and home."""
        self._manager.close()
        self._home.cleanup()


class Await(Cell):
    """`Manager.aask` and `Manager.astream`: the same for code that awaits."""

    wide = True

    async def ask(self) -> str:
        """In the running loop."""
        return (await self._manager.aask(QUESTION, stream=False)).text

    async def tokens(self) -> AsyncIterator[str]:
        """In the running loop."""
        from nbapimgr.models import Delta

        async with aclosing(self._manager.astream(QUESTION)) as events:
            async for event in events:
                if isinstance(event, Delta):
                    yield event.text


class Bare(Contender):
    """`Engine.astream` with a plan that is ready: no settings, no price, no row."""

    async def open(self, urls: Sequence[str]) -> None:
        """An engine and a plan."""
        from nbapimgr.engine import Engine
        from nbapimgr.secret import Secret

        secret = Secret(KEY)
        self._engine: Engine = Engine(key_for=lambda _: secret)
        self._plan = _plan(urls)

    async def ask(self) -> str:
        """In the running loop."""
        from nbapimgr.models import Finished

        text = ""
        async with aclosing(self._engine.astream(self._plan, _request(stream=False))) as events:
            async for event in events:
                if isinstance(event, Finished):
                    text = event.reply.text
        return text

    async def tokens(self) -> AsyncIterator[str]:
        """In the running loop."""
        from nbapimgr.models import Delta

        async with aclosing(self._engine.astream(self._plan, _request(stream=True))) as events:
            async for event in events:
                if isinstance(event, Delta):
                    yield event.text

    async def close(self) -> None:
        """Close the engine."""
        self._engine.close()


class CellOneTry(Cell):
    """The cell's way with the second try on the same provider switched off.

    A 503 or a cut connection is tried again after a pause drawn from 0 to 0.5 s, by design; this
    shows what failing over itself takes.
    """

    async def open(self, urls: Sequence[str]) -> None:
        """As a cell does, with one try a candidate."""
        from nbapimgr.engine import _recovery

        _recovery._TRIES = 1  # no setting: nobody should want this
        await super().open(urls)


def _check(manager: Manager) -> None:
    reply = manager.ask(QUESTION)
    if reply.cost.amount is None or reply.usage.source != "provider" or manager.trouble:
        raise ValueError(f"the engine does not do all of its work: {reply.cost}, {manager.trouble}")


def _request(*, stream: bool) -> Request:
    from nbapimgr.models import Request, user

    return Request(messages=(user(QUESTION),), stream=stream)


def _plan(urls: Sequence[str]) -> Plan:
    from nbapimgr.models import Candidate, Plan

    return Plan(
        candidates=tuple(
            Candidate(provider=_provider(number, url), model=MODEL, credential="default")
            for number, url in enumerate(urls)
        )
    )


def _provider(number: int, url: str) -> Provider:
    from nbapimgr.models import Provider

    return Provider(name=f"p{number}", dialect="openai-chat", base_url=url, vendor="openai")
