"""The short form of the campaign of kills, and that it finds what is broken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CAMPAIGN = Path(__file__).parents[1] / "chaos" / "usage_kill.py"

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")


def campaign(*options):
    """Its exit status and its verdict."""
    script = [sys.executable, str(CAMPAIGN), *options]
    done = subprocess.run(script, check=False, stdout=subprocess.PIPE, timeout=120)  # noqa: S603
    return done.returncode, json.loads(done.stdout)


def test_no_acknowledged_row_is_lost_or_doubled():
    status, found = campaign("--kills", "40", "--seconds", "10")
    assert status == 0, found
    assert found["kills"] > 5
    assert found["promised"] > 50
    assert found["rows"] >= found["promised"]


def test_a_store_that_promises_too_early_is_found_out():
    status, found = campaign("--kills", "20", "--seconds", "6", "--broken", "early")
    assert status == 1
    assert found["lost"] > 0
