"""The recorded exchanges: where they lie, what one is, how its response is cut into pieces."""

from __future__ import annotations

import base64
import os
import random
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

FOLDER = Path(
    os.environ.get("NBAPIMGR_WIRE_CORPUS")
    or Path(__file__).resolve().parents[2].parent / "shared" / "wire"
)
ABSENT = f"no recorded exchanges: set NBAPIMGR_WIRE_CORPUS (looked in {FOLDER})"

_DIALECTS = {
    "openai.responses": "openai-responses",
    "openai": "openai-chat",
    "anthropic": "anthropic",
    "gemini": "gemini",
    "cohere": "cohere",
    "bedrock": "bedrock",
    "ollama": "ollama",
}
REENCODED = frozenset(
    {
        "openai.chat",
        "openai.responses",
        "anthropic.messages",
        "gemini.generate",
        "gemini.stream",
        "cohere.v2.chat",
        "bedrock.converse",
        "bedrock.converse_stream",
        "ollama.chat",
    }
)
"""The functions our builders speak; the older ones of the same dialects are only read."""


class Case(msgspec.Struct, frozen=True):
    """One exchange: a line of a `*.jsonl` file."""

    id: str
    provider: str
    api: str
    kind: str
    tags: list[str]
    request: dict[str, Any]
    response: dict[str, Any]
    expect: dict[str, Any]
    server: str | None = None

    @property
    def dialect(self) -> str:
        """The name of the dialect that speaks this case's API."""
        return _DIALECTS.get(self.api) or _DIALECTS[self.api.partition(".")[0]]

    @property
    def name(self) -> str:
        """What pytest shows and `-k` selects by: provider, API, kind, id."""
        return f"{self.provider}/{self.api}/{self.kind}/{self.id}"

    @property
    def headers(self) -> dict[str, str]:
        """The response's headers, names in lower case."""
        return {name.lower(): value for name, value in self.response["headers"].items()}

    @property
    def body(self) -> bytes:
        """The response's body as it came."""
        body = self.response["body"]
        if isinstance(body, str):
            if self.response["body_encoding"] == "base64":
                return base64.b64decode(body)
            return body.encode()
        return b"" if body is None else msgspec.json.encode(body)

    @property
    def moment(self) -> float:
        """The `now` its response is read at: fixed, so that hints become the same moments."""
        return 1_760_000_000.0

    @property
    def answers(self) -> bool:
        """Whether the response is to be read by the decoder of the dialect."""
        return self.expect["type"] in {"success", "error_in_200"}


@cache
def cases() -> tuple[Case, ...]:
    """Every exchange, in a fixed order."""
    decode = msgspec.json.Decoder(Case).decode
    return tuple(
        decode(line)
        for path in sorted(FOLDER.glob("*.jsonl"))
        for line in path.read_bytes().splitlines()
        if line.strip()
    )


def select(wanted) -> list[Any]:
    """The cases for which `wanted` is true, as parameters of a test."""
    import pytest

    return [pytest.param(case, id=case.name) for case in cases() if wanted(case)]


def cut(data: bytes, lengths: list[int]) -> list[bytes]:
    """`data` in pieces of these lengths; what is left over is the last piece."""
    pieces, start = [], 0
    for length in lengths:
        pieces.append(data[start : start + length])
        start += length
    return [*pieces, data[start:]] if start < len(data) else pieces


def random_cuts(data: bytes, seed: str) -> list[list[bytes]]:
    """Two ways to cut `data` at random: into a few pieces, and into crumbs."""
    rng = random.Random(seed)  # noqa: S311  # repeatable, not secret
    crumbs = 3 if len(data) < 20_000 else max(3, len(data) // 4000)
    ways = []
    for mean in (max(1, len(data) // 4), crumbs):
        lengths, total = [], 0
        while total < len(data):
            lengths.append(rng.randint(1, 2 * mean))
            total += lengths[-1]
        ways.append(cut(data, lengths))
    return ways


def reader(dialect: str) -> Any:
    """The module of `readers/` that reads this dialect's requests.

    It has `read_request(url, body) -> (Request, model, stream)`; `provider(case) -> Provider`, for
    which `build` must make the URL that was recorded; and `MAY_ADD`, the body's top-level fields
    that `build` may send although the recorded request lacks them.
    It raises `Unreadable` for a request that `Request` has no words for.
    """
    return import_module(f"readers.{dialect.replace('-', '_')}")


class Unreadable(Exception):
    """This recorded request is not one of those a `Request` can express; says why."""
