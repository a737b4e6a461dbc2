"""The short forms of the vault's campaigns, and that each finds what is broken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")


def campaign(name, *options):
    """Its exit status and its verdict."""
    done = subprocess.run(  # noqa: S603  # our own words
        [sys.executable, str(ROOT / "tests" / "chaos" / f"vault_{name}.py"), *options],
        check=False,
        stdout=subprocess.PIPE,
        timeout=280,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    return done.returncode, json.loads(done.stdout)


def test_no_acknowledged_key_is_lost_by_kills():
    status, found = campaign("kill", "--kills", "40")
    assert status == 0, found
    assert found["kills"] == 40


@pytest.mark.parametrize(("broken", "shows"), [("early", "lost"), ("alone", "unreadable")])
def test_a_vault_that_is_broken_is_found_out(broken, shows):
    status, found = campaign("kill", "--kills", "60", "--broken", broken)
    assert status == 1
    assert found[shows] > 0


def test_every_broken_system_call_leaves_the_old_or_the_new():
    status, found = campaign("faults", "--short", "add", "first run")
    assert status == 0, found
    assert found["points"] > 60


def test_no_acknowledged_key_is_lost_by_a_power_cut():
    status, found = campaign("power", "--times", "1")
    assert status == 0, found
    assert found["acknowledged"] > 100


@pytest.mark.parametrize("without", ["file sync", "folder sync"])
def test_a_vault_that_does_not_sync_is_found_out(without):
    status, found = campaign("power", "--times", "0", "--without", without)
    assert status == 1
    assert found["bad"] > 0


def test_a_crowd_loses_nothing():
    status, found = campaign("crowd", "--processes", "4", "--changes", "15")
    assert status == 0, found
    assert found["finished"] == 4


def test_every_changed_byte_is_seen_in_a_real_file():
    status, found = campaign("bytes", "--values", "3", "--tampered", "1")
    assert status == 0, found
    assert found["changed"] == 3 * found["bytes"]
