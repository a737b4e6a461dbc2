"""`-a X`: a path, a URL or a variable becomes part of the question."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from nbapimgr.errors import OptionError, nearest
from nbapimgr.magics._pictures import LARGEST, media_type, picture
from nbapimgr.models import Image, Reply, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbapimgr.models import Content

__all__ = ["attach"]

_LONGEST: Final = 1_000_000
"""Characters of text in one attachment: what fills a context window of 250,000 tokens."""

_FOREIGN: Final = (
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive or an Office file"),
    (b"BM", "a BMP picture"),
    (b"II*\x00", "a TIFF picture"),
    (b"MM\x00*", "a TIFF picture"),
)


def attach(spec: str, namespace: Mapping[str, Any]) -> Content:
    """What `-a spec` adds to the question: a picture, or text with its name above it.

    Args:
        spec: The name of a variable (PIL image, matplotlib figure, array of pixels, DataFrame,
            bytes, text, path), the path of a file, or the URL of a picture.
        namespace: The variables of the notebook.

    Raises:
        OptionError: There is no such thing, it is too large, or no model takes it.
    """
    if spec.isidentifier() and spec in namespace:
        return _value(spec, namespace[spec])
    if spec.startswith(("https://", "http://")):
        return Image(url=spec)
    if "://" in spec:
        raise OptionError(f"cannot attach {spec!r}", hint="a path, an https:// URL or a variable")
    return _file(Path(spec).expanduser(), spec, namespace)


def _value(name: str, value: Any) -> Content:
    if found := picture(value, explicit=True):
        return found
    if isinstance(value, bytes | bytearray | memoryview):
        return _data(name, bytes(value))
    if isinstance(value, Path):
        return _file(value, str(value), {})
    if isinstance(value, str) and value.startswith(("https://", "http://")) and " " not in value:
        return Image(url=value)
    if isinstance(value, str | Reply):
        return _text(name, str(value))
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(value, pandas.DataFrame | pandas.Series):
        keep_index = not isinstance(value.index, pandas.RangeIndex)
        return _text(f"{name}.csv", value.to_csv(index=keep_index))
    raise OptionError(
        f"cannot attach {name!r}: it is a {type(value).__name__}",
        hint=f"write it into the prompt instead: {{{{ {name} }}}}",
    )


def _file(path: Path, spec: str, namespace: Mapping[str, Any]) -> Content:
    try:
        if not path.is_file():
            raise _nothing_there(path, spec, namespace)
        size = path.stat().st_size
        if size > LARGEST:
            raise OptionError(
                f"{spec} is {size / 1e6:.0f} MB, and {LARGEST / 1e6:.0f} MB is the most"
            )
        data = path.read_bytes()
    except OSError as e:
        problem = e.strerror or str(e)
    else:
        return _data(path.name, data)
    raise OptionError(f"cannot attach {spec!r}: {problem}")


def _nothing_there(path: Path, spec: str, namespace: Mapping[str, Any]) -> OptionError:
    if path.exists():
        return OptionError(f"cannot attach {spec!r}: it is no file")
    close = nearest(spec, (name for name in namespace if not name.startswith("_")))
    hint = f"did you mean {close[0]}?" if close else ""
    return OptionError(f"cannot attach {spec!r}: no such variable and no such file", hint=hint)


def _data(name: str, data: bytes) -> Content:
    kind = media_type(data)
    if kind and len(data) <= LARGEST:
        return Image(data=data, media_type=kind)
    if kind:
        raise OptionError(
            f"{name} is {len(data) / 1e6:.0f} MB, and {LARGEST / 1e6:.0f} MB is the most"
        )
    what = next((what for magic, what in _FOREIGN if data.startswith(magic)), "")
    try:
        if not what and b"\x00" not in data:
            return _text(name, data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        pass
    raise OptionError(
        f"cannot attach {name!r}: it is {what or 'neither a picture nor text'}",
        hint="PNG, JPEG, GIF, WebP and text in UTF-8 can be attached",
    )


def _text(name: str, text: str) -> Text:
    if len(text) > _LONGEST:
        raise OptionError(
            f"{name} has {len(text):,} characters, and {_LONGEST:,} is the most",
            hint="attach a part of it",
        )
    return Text(text=f"[{name}]\n{text.rstrip()}\n[end of {name}]\n\n")
