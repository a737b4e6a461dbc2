"""One client before the wall, in a process of its own: does what its standard input says.

    python -m tests.chaos.wall_clients CLIENT

All have the same budget, that of FailoverBench v0.1: two retries, 30 s for a request or a silent
stream, one fallback; otherwise they are as they come. nbapimgr is as it comes altogether. What is
measured is imported when a client is opened, so that this module can be read in any environment.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from dataclasses import asdict
from typing import Any

from tests.bench.obeying import obey
from tests.chaos.hurry import hurry
from tests.chaos.wall_server import FALLBACK, PRIMARY, QUESTION
from tests.chaos.wall_verdict import Answer

KEY = "sk-wall-0123456789abcdefghijklmnop"
RETRIES, TIMEOUT = 2, 30.0
MESSAGES = [{"role": "user", "content": QUESTION}]


class Client(ABC):
    """One way to ask."""

    @abstractmethod
    async def open(self, url: str, scale: float, broken: str) -> None:
        """Import what is needed and make the client."""

    async def ask(self, *, healthy: bool) -> dict[str, Any]:
        """Ask the primary with its fallback, or the fallback itself; the `Answer`."""
        began = time.monotonic()
        try:
            found = await self._answer(healthy=healthy)
        except Exception as error:  # noqa: BLE001  # a client may raise what it likes
            found = {"error": f"{type(error).__name__}: {error}"[:300]}
        took = time.monotonic() - began
        return asdict(Answer(began=began, took=took, **found))

    @abstractmethod
    async def _answer(self, *, healthy: bool) -> dict[str, Any]:
        """text, shown, model and usage of a good answer."""

    async def failed_rows(self) -> int | None:
        """Failed attempts in the client's books, where it keeps any."""
        return None


class Ours(Client):
    """`nbapimgr.connect()` and `llm.stream` with a chain, all settings as they come."""

    async def open(self, url: str, scale: float, broken: str) -> None:
        """A manager with two providers."""
        hurry(scale, broken)
        import nbapimgr

        self._home = tempfile.TemporaryDirectory()
        self._llm = nbapimgr.connect(self._home.name)
        self._llm.providers.add("mine", base_url=url, models=(PRIMARY,), key=KEY)
        self._llm.providers.add("other", base_url=url, models=(FALLBACK,), key=KEY)
        self._route = f"mine:{PRIMARY},other:{FALLBACK}"

    async def _answer(self, *, healthy: bool) -> dict[str, Any]:
        from nbapimgr.models import Delta, Finished, Restarted

        shown = ""
        route = f"other:{FALLBACK}" if healthy else self._route
        for event in self._llm.stream(QUESTION, route=route, fallback=not healthy):
            if isinstance(event, Delta):
                shown += event.text
            elif isinstance(event, Restarted):
                shown = ""
            elif isinstance(event, Finished):
                reply = event.reply
        usage = reply.usage.source == "provider" and bool(reply.usage.output_tokens)
        return {"text": reply.text, "shown": shown, "model": reply.model, "usage": usage}

    async def failed_rows(self) -> int | None:
        """Those of the usage journal."""
        return int((self._llm.usage(columns=["outcome"])["outcome"] == "error").sum())


class LiteLlm(Client):
    """LiteLLM's Router: a group for each model, the second the fallback of the first."""

    async def open(self, url: str, scale: float, broken: str) -> None:
        """A router."""
        import litellm

        litellm.suppress_debug_info = True
        self._router = litellm.Router(
            model_list=[
                {
                    "model_name": name,
                    "litellm_params": {"model": f"openai/{name}", "api_base": url, "api_key": KEY},
                }
                for name in (PRIMARY, FALLBACK)
            ],
            fallbacks=[{PRIMARY: [FALLBACK]}],
            num_retries=RETRIES,
            timeout=TIMEOUT * scale,
            stream_timeout=TIMEOUT * scale,
        )

    async def _answer(self, *, healthy: bool) -> dict[str, Any]:
        stream: Any = await self._router.acompletion(
            FALLBACK if healthy else PRIMARY,
            MESSAGES,
            stream=True,
            stream_options={"include_usage": True},
        )
        text, model, usage = "", "", False
        async for chunk in stream:
            model = chunk.model or model
            usage = usage or bool(getattr(chunk, "usage", None))
            if chunk.choices:
                text += chunk.choices[0].delta.content or ""
        return {"text": text, "shown": text, "model": model, "usage": usage}


class PydanticAi(Client):
    """pydantic-ai's FallbackModel over OpenAI models, asked directly, without an agent."""

    async def open(self, url: str, scale: float, broken: str) -> None:
        """The models."""
        from openai import AsyncOpenAI
        from pydantic_ai.models.fallback import FallbackModel
        from pydantic_ai.models.openai import OpenAIChatModel
        from pydantic_ai.providers.openai import OpenAIProvider

        client = AsyncOpenAI(
            base_url=url, api_key=KEY, max_retries=RETRIES, timeout=TIMEOUT * scale
        )
        provider = OpenAIProvider(openai_client=client)
        models = [OpenAIChatModel(name, provider=provider) for name in (PRIMARY, FALLBACK)]
        self._healthy, self._chain = models[1], FallbackModel(*models)

    async def _answer(self, *, healthy: bool) -> dict[str, Any]:
        from pydantic_ai.direct import model_request_stream
        from pydantic_ai.messages import (
            ModelRequest,
            PartDeltaEvent,
            PartStartEvent,
            TextPart,
            TextPartDelta,
        )

        model = self._healthy if healthy else self._chain
        shown = ""
        question = [ModelRequest.user_text_prompt(QUESTION)]
        async with model_request_stream(model, question) as stream:
            async for event in stream:
                if isinstance(event, PartDeltaEvent) and isinstance(event.delta, TextPartDelta):
                    shown += event.delta.content_delta
                elif isinstance(event, PartStartEvent) and isinstance(event.part, TextPart):
                    shown += event.part.content
            response = stream.get()
        return {
            "text": response.text or "",
            "shown": shown,
            "model": response.model_name or "",
            "usage": bool(response.usage.output_tokens),
        }


CLIENTS: dict[str, type[Client]] = {
    "nbapimgr": Ours,
    "litellm": LiteLlm,
    "pydantic-ai": PydanticAi,
}
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it asks GitHub for prices at import

if __name__ == "__main__":
    asyncio.run(obey(CLIENTS[sys.argv[1]]()))
