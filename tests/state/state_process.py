"""A kernel in a process of its own, for tests of what is shared: reads commands, writes answers."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from nbapimgr.models import Breaker
from nbapimgr.state import SqliteStore


def breaker(key="k", **fields):
    now = time.time()
    return Breaker(
        **{
            "scope": "provider",
            "key": key,
            "label": key,
            "provider": key,
            "category": "service.error",
            "since": now,
            "opened": now,
            "until": now + 60,
            "strikes": 2,
            **fields,
        }
    )


def main(folder: str) -> None:
    store = SqliteStore(Path(folder))
    commands = {
        "put": lambda key: (store.put(breaker(key)), store.flush()),
        "drop": lambda key: (store.drop(breaker(key)), store.flush()),
        "keys": lambda: sorted(one.key for one in store.breakers()),
        "lease": lambda key, now: store.lease(breaker(key), now, 30),
        "many": lambda key, count: [
            (store.put(breaker(f"{key}{number}")), store.flush()) for number in range(count)
        ],
        "trouble": lambda: store.trouble,
    }
    for line in sys.stdin:
        name, *given = json.loads(line)
        sys.stdout.write(json.dumps(commands[name](*given), default=str) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
