"""What a call would take, before it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbapimgr.models import Usage
from nbapimgr.usage import cost, estimate_tokens

if TYPE_CHECKING:
    from pathlib import Path

    from nbapimgr.models import Candidate, Cost, Request

__all__ = ["input_tokens", "price"]


def input_tokens(request: Request) -> int:
    """About how many input tokens a request has; pictures are not counted."""
    texts = [request.system or "", *(message.text for message in request.messages)]
    return sum(estimate_tokens(text) for text in texts if text)


def price(
    candidate: Candidate, input_: int, output: int, *, at: float, overrides: Path | None = None
) -> Cost:
    """What so many tokens cost at a candidate; `amount` is None where the price is unknown.

    Args:
        candidate: Who would be asked.
        input_: Tokens of the prompt.
        output: Tokens of the answer.
        at: When, in seconds since the epoch: prices change.
        overrides: The user's own price list, where there is one.
    """
    usage = Usage(input_tokens=input_, output_tokens=output, source="estimated")
    return cost(candidate.provider, candidate.model, usage, at, overrides=overrides)
