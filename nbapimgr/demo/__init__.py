"""The guided tour: rehearsed providers that break on demand, and a real model behind them."""

from nbapimgr.demo._lab import open_lab
from nbapimgr.demo._notebook import rehearse
from nbapimgr.demo._rehearsal import Rehearsal
from nbapimgr.demo._tour import tour

__all__ = ["Rehearsal", "open_lab", "rehearse", "tour"]
