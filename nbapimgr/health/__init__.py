"""How well each candidate does: what its attempts showed, fading with their number and with time.

Pure: nothing is sent and nothing is read from disk here; clocks are handed in.
"""

from nbapimgr.health._checked import Checked, Verdict, verdict_on
from nbapimgr.health._history import History
from nbapimgr.health._sample import Sample, sample_of
from nbapimgr.health._schedule import Schedule
from nbapimgr.health._snapshot import STATES, Snapshot, State

__all__ = [
    "STATES",
    "Checked",
    "History",
    "Sample",
    "Schedule",
    "Snapshot",
    "State",
    "Verdict",
    "sample_of",
    "verdict_on",
]
