"""What the kernels of a host know together for a while: disposable, and never in a call's way."""

from nbapimgr.state._memory import MemoryStore
from nbapimgr.state._store import StateStore

__all__ = ["MemoryStore", "StateStore"]
