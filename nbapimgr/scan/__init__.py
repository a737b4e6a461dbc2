"""Looks for keys where none should be: notebooks, histories, tracked `.env`. Sends nothing."""

from nbapimgr.scan._places import Place, places
from nbapimgr.scan._scan import Leak, Report, scan

__all__ = ["Leak", "Place", "Report", "places", "scan"]
