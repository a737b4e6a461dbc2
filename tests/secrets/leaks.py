"""Looks for a planted key: as it is, in other spellings, in pieces, and in every place of a home.

    assert leaks({"the log": caplog.text, **contents(home)}) == []

A leak of twelve characters counts: it is enough to search a leaked database with.
"""

from __future__ import annotations

import base64
import copy
import json
import pickle
import sqlite3
import traceback
from pathlib import Path
from urllib.parse import quote

PIECE = 12
KEY = "sk-Planted/7Qz+Wv9Lr2Xt=Kc5Hd8Nf3Bg6Jm1Ys4Ap"
"""Has what URLs, JSON and base64 spell in another way."""


def spellings(key=KEY):
    """Name -> a text that gives the key away."""
    raw = key.encode()
    return {
        "raw": key,
        "upper": key.upper(),
        "lower": key.lower(),
        "url": quote(key, safe=""),
        "json": json.dumps(key)[1:-1].replace("/", "\\/"),
        "hex": raw.hex(),
        "HEX": raw.hex().upper(),
        "utf-16": raw.decode().encode("utf-16-le").decode("latin-1"),
        "reversed": key[::-1],
        **{f"base64, {n} before": _base64(b"." * n + raw, n) for n in range(3)},
        **{f"base64url, {n} before": _base64(b"." * n + raw, n, b"-_") for n in range(3)},
    }


def _base64(data, before, altchars=None):
    """Without the characters that depend on what stands before and behind."""
    text = base64.b64encode(data, altchars).decode()
    return text[-(-before * 8 // 6) + (1 if before else 0) : len(data) * 8 // 6]


def leaks(places, key=KEY):
    """One line for each place, and spelling, in which a piece of the key is found."""
    pieces = {
        name: {text[i : i + PIECE] for i in range(len(text) - PIECE + 1)}
        for name, text in spellings(key).items()
    }
    lines = []
    for place, content in places.items():
        text = content.decode("latin-1") if isinstance(content, bytes) else content
        for name, wanted in pieces.items():
            if hit := next((piece for piece in wanted if piece in text), None):
                at = text.index(hit)
                lines.append(f"{place}: {name}: …{text[max(0, at - 60) : at + PIECE + 10]!r}…")
    return lines


def contents(*folders):
    """File -> what it says, for every file below; databases and tables unpacked too."""
    found = {}
    for folder in folders:
        for path in sorted(Path(folder).rglob("*")):
            if not path.is_file():
                continue
            found[str(path)] = path.read_bytes() + str(path).encode()
            if path.suffix == ".parquet":
                import pandas as pd

                found[f"{path}, its rows"] = repr(pd.read_parquet(path).to_dict())
            if path.suffix == ".sqlite":
                with sqlite3.connect(path) as database:
                    found[f"{path}, its rows"] = "\n".join(database.iterdump())
                database.close()
    return found


def shown(name, thing):
    """Ways to look at a thing -> what is seen."""
    seen = {
        f"repr({name})": repr(thing),
        f"str({name})": str(thing),
        f"format({name})": f"{thing}",
        f"vars({name})": repr(getattr(thing, "__dict__", "")),
    }
    for way, call in {
        "pickle": lambda: pickle.dumps(thing),
        "copy": lambda: repr(vars(copy.copy(thing))),
        "deepcopy": lambda: repr(vars(copy.deepcopy(thing))),
    }.items():
        try:
            seen[f"{way}({name})"] = call()
        except Exception as error:  # noqa: BLE001  # it cannot be copied: what does it say?
            seen[f"{way}({name})"] = f"{error!r}"
    return seen


def told(error):
    """All that an exception tells: words, attributes, what led to it, variables of our frames."""
    seen, todo, text = set(), [error], []
    while todo:
        one = todo.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        todo += [one.__cause__, one.__context__]
        text += [str(one), repr(one), repr(one.args), repr(vars(one))]
        if hasattr(one, "_render_traceback_"):
            text += one._render_traceback_()
        frames = traceback.StackSummary.extract(
            (pair for pair in traceback.walk_tb(one.__traceback__) if _ours(pair[0])),
            capture_locals=True,
        )
        text += [f"{frame.name}: {frame.locals}" for frame in frames]
    return "\n".join(text)


def _ours(frame):
    """Whether a frame is not the test's, which knows the key."""
    return "/tests/" not in Path(frame.f_code.co_filename).as_posix()
