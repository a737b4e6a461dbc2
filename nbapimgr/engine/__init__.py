"""Plan, attempt, classify, next: one loop that gives events, for cells and for code that awaits."""

from nbapimgr.engine._engine import Engine
from nbapimgr.engine._limits import Limits
from nbapimgr.engine._needs import Needs
from nbapimgr.engine._plan import make_plan

__all__ = ["Engine", "Limits", "Needs", "make_plan"]
