"""llama.cpp in a child process: any GGUF file as a provider that answers offline."""

from nbapimgr.local._model import SMOLLM2, Weights, fetch
from nbapimgr.local._server import start, stop_all

__all__ = ["SMOLLM2", "Weights", "fetch", "start", "stop_all"]
