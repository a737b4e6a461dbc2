"""What the kernels of a host know together for a while: disposable, and never in a call's way."""

from nbapimgr.state._memory import MemoryStore
from nbapimgr.state._place import state_folder
from nbapimgr.state._sqlite import SqliteStore
from nbapimgr.state._store import StateStore

__all__ = ["MemoryStore", "SqliteStore", "StateStore", "state_folder"]
