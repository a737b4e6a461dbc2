"""Runs a campaign as its command does."""

from __future__ import annotations

import subprocess
import sys

from tests.bench.harness import ROOT


def campaign(name, *options):
    """Its exit status and what it said."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.chaos.{name}", *options],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=200,
    )
    return done.returncode, done.stdout + done.stderr
