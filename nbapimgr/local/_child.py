"""The child process: loads one GGUF file, serves it on loopback, ends when its parent does.

Run as `python -m nbapimgr.local._child FILE ALIAS CONTEXT THREADS`. Prints its address as the one
line on standard output and stops when standard input closes, which the system does for a parent
that dies in whatever way. A native crash in llama.cpp takes this process along and not the kernel.
"""

from __future__ import annotations

import os
import sys
from typing import Final

_BATCH: Final = 128
"""Tokens of a prompt that are read in one go. llama.cpp notices only in between that who asked has
left: at its own 2,048 the rest of a long prompt is read for nobody while the next call waits.
SmolLM2 reads 932 tokens in 7 s of processor time at either."""


def main(gguf: str, alias: str, context: str, threads: str) -> None:
    """Serve until standard input closes."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = gguf
    params.model_alias = {alias}
    params.n_ctx = int(context)
    params.n_batch = _BATCH
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.cpuparams.n_threads = int(threads)
    server = xllamacpp.Server(params)
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.buffer.read()
    os._exit(0)  # an orderly end would wait for running generations, which nobody reads any more


if __name__ == "__main__":
    main(*sys.argv[1:])
