"""The libraries people use for this today, each as its own documentation shows it.

They live in environments of their own (`environments.py`); two of them differ only in settings:
`…Tuned` turns their own retries off, which is what fails over quickest.
"""

from __future__ import annotations

import os
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, ClassVar

from tests.bench.contenders import KEY, MODEL, QUESTION, Contender

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

MESSAGES = [{"role": "user", "content": QUESTION}]


class OpenAi(Contender):
    """The openai SDK. It has no fallback: only the first URL is used."""

    async def open(self, urls: Sequence[str]) -> None:
        """Make the client."""
        from openai import AsyncOpenAI

        self._client = AsyncOpenAI(base_url=urls[0], api_key=KEY)

    async def ask(self) -> str:
        """One completion."""
        answer: Any = await self._client.chat.completions.create(model=MODEL, messages=MESSAGES)
        return _whole(answer)

    async def tokens(self) -> AsyncIterator[str]:
        """One streamed completion."""
        stream: Any = await self._client.chat.completions.create(
            model=MODEL, messages=MESSAGES, stream=True, stream_options={"include_usage": True}
        )
        async for chunk in stream:
            if text := _piece(chunk):
                yield text

    async def close(self) -> None:
        """Close the client."""
        await self._client.close()


class PydanticAi(Contender):
    """pydantic-ai's FallbackModel over OpenAI models, asked directly, without an agent."""

    retries: ClassVar[dict[str, int]] = {}

    async def open(self, urls: Sequence[str]) -> None:
        """Make the models."""
        from openai import AsyncOpenAI
        from pydantic_ai.models.fallback import FallbackModel
        from pydantic_ai.models.openai import OpenAIChatModel
        from pydantic_ai.providers.openai import OpenAIProvider

        self._clients = [AsyncOpenAI(base_url=url, api_key=KEY, **self.retries) for url in urls]
        models = [
            OpenAIChatModel(MODEL, provider=OpenAIProvider(openai_client=client))
            for client in self._clients
        ]
        self._model = FallbackModel(*models)

    async def ask(self) -> str:
        """One direct request."""
        from pydantic_ai.direct import model_request

        response = await model_request(self._model, [_user()])
        if not response.usage.output_tokens:
            raise ValueError("not a whole answer")
        return response.text or ""

    async def tokens(self) -> AsyncIterator[str]:
        """One direct streamed request."""
        from pydantic_ai.direct import model_request_stream
        from pydantic_ai.messages import PartDeltaEvent, PartStartEvent, TextPart, TextPartDelta

        async with model_request_stream(self._model, [_user()]) as stream:
            async for event in stream:
                if isinstance(event, PartDeltaEvent) and isinstance(event.delta, TextPartDelta):
                    yield event.delta.content_delta
                elif isinstance(event, PartStartEvent) and isinstance(event.part, TextPart):
                    yield event.part.content

    async def close(self) -> None:
        """Close the clients."""
        for client in self._clients:
            await client.close()


class PydanticAiTuned(PydanticAi):
    """The same without the SDK's own retries."""

    retries: ClassVar[dict[str, int]] = {"max_retries": 0}


class LiteLlm(Contender):
    """LiteLLM's Router: one group for each URL, the second the fallback of the first."""

    settings: ClassVar[dict[str, Any]] = {}

    async def open(self, urls: Sequence[str]) -> None:
        """Make the router."""
        import litellm

        litellm.suppress_debug_info = True
        self._urls = urls
        names = [f"group{number}" for number in range(len(urls))]
        deployments = [
            {
                "model_name": name,
                "litellm_params": {"model": f"openai/{MODEL}", "api_base": url, "api_key": KEY},
            }
            for name, url in zip(names, urls, strict=True)
        ]
        self._router = litellm.Router(
            model_list=deployments, fallbacks=[{names[0]: names[1:]}], **self.settings
        )

    async def forget(self) -> None:
        """Make the router anew."""
        await self.close()
        await self.open(self._urls)

    async def ask(self) -> str:
        """One completion."""
        return _whole(await self._router.acompletion("group0", MESSAGES))

    async def tokens(self) -> AsyncIterator[str]:
        """One streamed completion."""
        stream: Any = await self._router.acompletion(
            "group0", MESSAGES, stream=True, stream_options={"include_usage": True}
        )
        async with aclosing(aiter(stream)) as chunks:
            async for chunk in chunks:
                if text := _piece(chunk):
                    yield text

    async def close(self) -> None:
        """Let the router go."""
        self._router.reset()


class LiteLlmTuned(LiteLlm):
    """The same without retries."""

    settings: ClassVar[dict[str, Any]] = {"num_retries": 0}


os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it asks GitHub for prices at import


def _whole(answer: Any) -> str:
    choice = answer.choices[0]
    if choice.finish_reason is None or answer.usage.total_tokens <= 0:
        raise ValueError("not a whole answer")
    text: str = choice.message.content
    return text


def _piece(chunk: Any) -> str:
    return (chunk.choices[0].delta.content or "") if chunk.choices else ""


def _user() -> Any:
    from pydantic_ai.messages import ModelRequest

    return ModelRequest.user_text_prompt(QUESTION)
