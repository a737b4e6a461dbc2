"""Records the answers of the notebooks anew, and their outputs.

    python -m tests.notebooks.record

Each notebook of notebooks/ is run live with the rehearsal and the small real model, its answers are
kept in llm-recordings/, and it is run once more in replay mode: those are the outputs it is stored
with. The notebook of failing cells needs no answers and is run once, live.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from nbapimgr.local import SMOLLM2, fetch
from nbapimgr.recordings import FOLDER
from nbapimgr.settings import places
from tests.notebooks.harness import FAILING, NOTEBOOKS, environment, run, write


def main() -> int:
    """Record all of them."""
    model = fetch(SMOLLM2, places().cache / "models")
    shutil.rmtree(NOTEBOOKS / FOLDER, ignore_errors=True)
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        for mode in ("record", "replay"):
            stored = _run(path, mode, model)
        write(stored, path)
    write(_run(FAILING, "live", None), FAILING)
    return 0


def _run(path, mode, model):
    sys.stdout.write(f"{path.name}: {mode}\n")
    with tempfile.TemporaryDirectory() as folder:
        return run(path, environment(Path(folder), mode, model=model, stream=False))


if __name__ == "__main__":
    sys.exit(main())
