"""Pictures of the notebook as bytes: PIL images, matplotlib figures, arrays of pixels."""

from __future__ import annotations

import io
import struct
import sys
import zlib
from typing import Any, Final

from nbapimgr.errors import OptionError
from nbapimgr.models import Image

__all__ = ["LARGEST", "media_type", "picture"]

LARGEST: Final = 20 * 1024 * 1024
"""Bytes of one attachment. Gemini takes 20 MB of inline data in a request, others less
(https://ai.google.dev/gemini-api/docs/image-understanding)."""

_MAGIC: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_SMALLEST_SIDE: Final = 8
"""Pixels; a smaller array of bytes is a matrix to be read, not a picture to be seen."""

_COLOUR_TYPE: Final = {1: 0, 3: 2, 4: 6}
"""Channels -> PNG's code for grey, RGB, RGBA."""


def media_type(data: bytes) -> str | None:
    """The media type of a picture every provider takes, by its first bytes; None for all else."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((name for magic, name in _MAGIC if data.startswith(magic)), None)


def picture(value: Any, *, explicit: bool = False) -> Image | None:
    """The picture that a Python value is, or None. Nothing is imported to find out.

    Args:
        value: Anything.
        explicit: The user asked for a picture, so that arrays of numbers from 0 to 1, of truth
            values and small ones are taken for one too.
    """
    if _is_a(value, "PIL.Image", "Image"):
        return _from_pil(value)
    if _is_a(value, "matplotlib.axes", "Axes"):
        value = value.figure
    if _is_a(value, "matplotlib.figure", "FigureBase"):
        return _from_figure(value)
    if _is_a(value, "numpy", "ndarray"):
        return _from_array(value, explicit=explicit)
    return None


def _is_a(value: Any, module: str, name: str) -> bool:
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(value, getattr(loaded, name))


def _from_pil(image: Any) -> Image:
    """A photo stays a JPEG, whose PNG would be ten times as large; all else is kept exactly."""
    data = io.BytesIO()
    if image.format == "JPEG":
        image.save(data, "JPEG", quality=90)
        return _checked(data.getvalue(), "image/jpeg")
    if image.mode not in {"1", "L", "LA", "P", "RGB", "RGBA", "I;16"}:
        image = image.convert("RGB")
    image.save(data, "PNG")
    return _checked(data.getvalue(), "image/png")


def _from_figure(figure: Any) -> Image:
    """As the notebook shows it, without the version of matplotlib in it: recordings go by bytes."""
    data = io.BytesIO()
    figure.savefig(data, format="png", bbox_inches="tight", metadata={"Software": None})
    return _checked(data.getvalue(), "image/png")


def _from_array(array: Any, *, explicit: bool) -> Image | None:
    flat = array[:, :, None] if array.ndim == 2 else array  # noqa: PLR2004  # rows and columns
    if flat.ndim != 3 or flat.shape[2] not in _COLOUR_TYPE or 0 in flat.shape:  # noqa: PLR2004  # and channels
        return None
    if array.dtype.kind != "u" or array.dtype.itemsize != 1:
        if (
            not explicit
            or array.dtype.kind not in "bf"
            or not (0 <= array.min() <= array.max() <= 1)
        ):
            return None
        flat = (flat * 255).round().astype("uint8")
    height, width, channels = flat.shape
    if not explicit and (min(height, width) < _SMALLEST_SIDE):
        return None
    rows = b"".join(b"\x00" + row.tobytes() for row in flat)
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOUR_TYPE[channels], 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")
    return _checked(_MAGIC[0][0] + b"".join(_chunk(*chunk) for chunk in chunks), "image/png")


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + checksum


def _checked(data: bytes, kind: str) -> Image:
    if len(data) > LARGEST:
        raise OptionError(
            f"the picture is {len(data) / 1e6:.0f} MB, and {LARGEST / 1e6:.0f} MB is the most",
            hint="make it smaller first",
        )
    return Image(data=data, media_type=kind)
