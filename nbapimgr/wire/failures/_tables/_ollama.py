"""Ollama's errors: one sentence, and a status that says little. Its cloud has limits of its own.

Source: its server's source and documents, recorded exchanges. A bad picture and a model too large
for the machine are 500, and neither gets better by asking again.
"""

from __future__ import annotations

from typing import Final

from nbapimgr.wire.failures._rules import Rule, rule

__all__ = ["OLLAMA"]

OLLAMA: Final[tuple[Rule, ...]] = (
    rule(
        "ollama.model",
        "model.not_found",
        status=(400, 404),
        said=(
            r"^model \S{0,200} ?not found\b",
            r"\btry pulling it first\b",
            r"^pull model manifest\b",
        ),
        remedy="fetch it with `ollama pull NAME`, or pick one of `ollama list`",
    ),
    rule(
        "ollama.subscription",
        "model.not_found",
        status=(402, 403),
        said=r"\brequires a subscription\b",
        remedy="subscribe to Ollama's cloud, or use a local model",
    ),
    rule(
        "ollama.usage",
        "rate_limit.daily",
        status=(402, 403, 429),
        said=r"\breached your (?:session|hourly|daily) usage limit\b",
    ),
    rule(
        "ollama.usage_long",
        "quota.exhausted",
        status=(402, 403, 429),
        said=r"\breached your (?:weekly|monthly)? ?usage limit\b",
    ),
    rule(
        "ollama.memory",
        "service.error",
        status=(500, 503),
        said=r"\brequires more system memory\b|\bout of memory\b|\binsufficient memory\b",
        scope="model",
        retryable=False,
        remedy="use a smaller model or quantisation, or close other programs",
    ),
    rule(
        "ollama.load",
        "model.not_found",
        status=(400, 412, 500),
        said=r"\bunable to load model\b|\brequires a newer version of ollama\b",
        remedy="update Ollama, or fetch the model again",
    ),
    rule(
        "ollama.input",
        "request.bad",
        status=(400, 500),
        said=(
            r"\bfailed to process inputs\b",
            r"\bunknown format\b",
            r"\binvalid image\b",
            r"\billegal base64\b",
        ),
        remedy="check the picture: the model cannot read it",
    ),
    rule(
        "ollama.incapable",
        "request.bad",
        status=(400, 500),
        said=r"\bdoes not support (?:tools|thinking|chat|generate|embeddings|vision|insert)\b",
        scope="model",
        remedy="use a model that can do it: `ollama show NAME` lists its abilities",
    ),
)
