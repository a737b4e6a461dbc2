"""The guided tour: rehearsed providers that break on demand, and a real model behind them."""

from nbapimgr.demo._home import local_model
from nbapimgr.demo._lab import open_lab
from nbapimgr.demo._notebook import rehearse
from nbapimgr.demo._rehearsal import Rehearsal
from nbapimgr.demo._tour import tour

__all__ = ["Rehearsal", "local_model", "open_lab", "rehearse", "tour"]
