"""The composition root: one manager a kernel."""

from nbapimgr.manager._answers import Mode, Source, mode_named
from nbapimgr.manager._connect import connect, disconnect
from nbapimgr.manager._manager import Manager

__all__ = ["Manager", "Mode", "Source", "connect", "disconnect", "mode_named"]
