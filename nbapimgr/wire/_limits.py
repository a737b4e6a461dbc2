"""How much a response may hold before it is cut off as malformed. Sizes in bytes."""

from __future__ import annotations

from typing import Final

__all__ = ["MAX_BODY", "MAX_DEPTH", "MAX_ERROR_BODY", "MAX_LINE"]

MAX_LINE: Final = 16 * 2**20
"""One line or event of a stream. Pictures in answers come as one base64 line of some megabytes."""
MAX_BODY: Final = 32 * 2**20
"""One response that is not streamed, and the text of one that is."""
MAX_ERROR_BODY: Final = 2**20
"""The body of an error; what is beyond is not read."""
MAX_DEPTH: Final = 200
"""Nesting of JSON. Deeper is refused before it is parsed into objects."""
