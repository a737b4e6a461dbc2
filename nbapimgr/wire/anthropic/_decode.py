"""Bytes of a Messages answer -> deltas and one `Decoded`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbapimgr.wire._decoding import BodyDecoder
from nbapimgr.wire._json import as_dict
from nbapimgr.wire.anthropic._assembly import NAME, Assembly
from nbapimgr.wire.failures import from_event

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbapimgr.wire._dialect import Decoded

__all__ = ["MessageDecoder", "decoder"]


def decoder(
    headers: Mapping[str, str],
    *,
    stream: bool,  # noqa: ARG001  # told from the bytes
    now: float,
) -> MessageDecoder:
    """A decoder for one 2xx response."""
    return MessageDecoder(headers, now=now)


class MessageDecoder(BodyDecoder):
    """Reads one message, whole or as server-sent events."""

    def __init__(self, headers: Mapping[str, str], *, now: float) -> None:
        super().__init__(headers, now=now)
        self._assembly = Assembly()

    def _event(self, name: str, data: bytes) -> None:  # noqa: ARG002  # the data says it too
        if data == b"[DONE]":  # OpenAI's mark, which gateways send here too
            return
        try:
            delta = self._assembly.take(data)
        except ValueError:
            if self.settled:  # the answer is whole: only its end mark can be broken
                return
            raise
        if delta is not None:
            self._say(delta)
        else:
            self._observe()

    def _document(self, value: Any) -> None:
        message = as_dict(value)
        if "content" in message:
            self._assembly.whole(message)
        elif message.get("error"):
            self._assembly.error = message
        else:
            msg = "no message"
            raise ValueError(msg)
        self._observe()

    def _decoded(self) -> Decoded:
        return self._assembly.decoded(self.failure)

    def _observe(self) -> None:
        """Take over what the assembly has learned."""
        message = self._assembly
        if message.error is not None:
            self._fail(from_event(NAME, message.error, self.headers, now=self.now))
            return
        self.settled = message.settled
        if message.settled:
            self.said = message.answers
        if not message.stopped:
            return
        if self.said:
            self.finished = True
        else:
            self._fail_as("service.empty", "The answer is empty.", "no content")
